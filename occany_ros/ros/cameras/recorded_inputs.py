"""The cameras and transforms of a recording, as the node's own parts ask for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.cameras import CameraTopics, IMAGE_TYPES, info_beside
from occany_ros.bags.messages import NANOSECONDS, stamp_ns_of
from occany_ros.bags.reader import decoded
from occany_ros.bags.recording import RawMessage, Recording
from occany_ros.pipeline.synchronisation.arrivals import Arrival
from occany_ros.ros.messages.convert import matrix_from_transform
from occany_ros.ros.settings.parameter_inputs import CameraParameters, full_topic
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.tf.transform_buffer import TransformBuffer

FOR_EVER_NS: Final = 1 << 62
DYNAMIC, STATIC = '/tf', '/tf_static'

CameraSources = tuple[tuple[CameraParameters, CameraTopics], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """
    One recorded image with the calibration that was in force.

    :param message: the image.
    :param info: newest CameraInfo before it, None where there was none.
    """

    message: Any
    info: Any


@dataclass(slots=True, eq=False)
class RecordedState:
    """
    What is known about one camera's messages.

    :param choice: its topics.
    :param info: newest CameraInfo.
    """

    choice: 'RecordedTopic'
    info: Any = None


@dataclass(frozen=True, slots=True)
class RecordedTopic:
    """The topic of a camera's images."""

    topic: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordedInput:
    """One camera of a recording."""

    state: RecordedState


class RecordedTransforms(TransformBuffer):
    """All transforms of a recording at once, so that nothing is waited for."""

    def __init__(self) -> None:
        super().__init__(keep_ns=FOR_EVER_NS, most=sys.maxsize)
        self.name = 'the recording'

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> NDArray[np.float64]:
        """Find target_from_source at a time, (4, 4); LookupError where there is none."""
        del timeout_s
        return super().lookup(target, source, stamp_ns)

    def clear_times(self) -> None:
        """Keep everything: what is to come is known already."""

    def close(self) -> None:
        """Leave nothing open."""


def recorded_cameras(bag: Recording, parameters: Parameters, node: str) -> CameraSources:
    """
    Find the topics of the configured cameras in a bag.

    :param node: full name of the node, in whose namespace topics without a slash lie.
    :raises LookupError: a camera has none; the message says what the bag has.
    """
    images = {name: t for name, t in bag.topics.items() if t.type_name in IMAGE_TYPES}
    found = []
    for settings in parameters.camera:
        names = tuple(full_topic(topic, node) for topic in settings.image_topics)
        wanted = names + tuple(f'{name}/compressed' for name in names)
        topic = next((images[name] for name in wanted if name in images), None)
        if topic is None:
            raise LookupError(
                f'camera {settings.name}: expected one of {", ".join(wanted)}, got a recording '
                f'with the images {", ".join(images) or "of no camera"}; set '
                f'{settings.name}.image_topic to one of them'
            )
        info = full_topic(settings.info_topic or info_beside(topic.name), node)
        known = info if info in bag.topics else ''
        found.append((settings, CameraTopics(settings.name, topic.name, topic.type_name, known)))
    return tuple(found)


def recorded_inputs(cameras: CameraSources) -> dict[str, RecordedInput]:
    """Make the inputs of the cameras, whose calibration is yet to come."""
    return {
        settings.name: RecordedInput(RecordedState(RecordedTopic(topics.image)))
        for settings, topics in cameras
    }


def recorded_transforms(bag: Recording, note: Callable[[str, str], None]) -> RecordedTransforms:
    """
    Read all transforms of a bag.

    :param note: is told the kind of failure and the reason where a message is unreadable.
    """
    buffer = RecordedTransforms()
    for raw in bag.messages({DYNAMIC, STATIC}):
        problem = _put(buffer, raw)
        if problem:
            note('unreadable transform', problem)
    return buffer


def _put(buffer: TransformBuffer, raw: RawMessage) -> str:
    """Take in a message; gives what is wrong with it, or nothing."""
    try:
        for transform in decoded(raw).transforms:
            stamp = transform.header.stamp
            buffer.put(
                (transform.header.frame_id, transform.child_frame_id),
                int(stamp.sec) * NANOSECONDS + int(stamp.nanosec),
                matrix_from_transform(transform.transform),
                is_static=raw.topic == STATIC,
            )
    except ValueError as error:
        return str(error)
    return ''


def recorded_arrivals(
    bag: Recording, cameras: CameraSources, note: Callable[[str, str], None]
) -> Iterator[Arrival[Shot]]:
    """
    Read the images in the order in which they were recorded.

    :param note: is told the kind of failure and the reason where a message is unreadable.
    """
    names = {topics.image: settings.name for settings, topics in cameras}
    infos = {topics.info: topics.image for _, topics in cameras if topics.info}
    newest: dict[str, Any] = {}
    for raw in bag.messages({*names, *infos}):
        try:
            message = decoded(raw)
        except ValueError as error:
            note('unreadable message', str(error))
            continue
        if raw.topic in infos:
            newest[infos[raw.topic]] = message
            continue
        shot = Shot(message, newest.get(raw.topic))
        yield Arrival(names[raw.topic], stamp_ns_of(message), raw.stamp_ns, shot)


def adopt_calibrations(inputs: Mapping[str, RecordedInput], infos: Mapping[str, Any]) -> None:
    """Give each camera the calibration that was in force when its image was taken."""
    for name, info in infos.items():
        inputs[name].state.info = info
