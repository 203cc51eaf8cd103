"""A recording through the node's own code, without a node: nothing is dropped, nothing is late."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.cameras import CameraTopics, IMAGE_TYPES, info_beside
from occany_ros.bags.message_classes import message_bytes, type_name_of
from occany_ros.bags.messages import NANOSECONDS, stamp_ns_of
from occany_ros.bags.reader import decoded
from occany_ros.bags.recording import RawMessage, Recording
from occany_ros.bags.writer import BagWriter
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.pipeline.arrivals import Arrival, Group
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.replay import group_recording, map_recording
from occany_ros.ros.calibration import (
    delivered_from_turned,
    intrinsics_from_message,
    turned_intrinsics,
)
from occany_ros.ros.convert import matrix_from_transform
from occany_ros.ros.decode import turn
from occany_ros.ros.engine import Engine, grouping_config
from occany_ros.ros.grids import grid_spec
from occany_ros.ros.image_messages import decode_message
from occany_ros.ros.mask_files import load_masks, mask_for
from occany_ros.ros.mounting import mounting_from_text
from occany_ros.ros.outputs import (
    grid_info,
    grid_info_text,
    LATCHED,
    odometry_frame,
    pose,
    SCENE_OUTPUTS,
    traversable,
)
from occany_ros.ros.parameter_inputs import CameraParameters
from occany_ros.ros.parameters import Parameters
from occany_ros.ros.scene import Scene
from occany_ros.ros.sync_policy import synchroniser
from occany_ros.ros.transform_buffer import TransformBuffer
from std_msgs.msg import String

NAMESPACE: Final = '/occany'
FOR_EVER_NS: Final = 1 << 62
DYNAMIC, STATIC = '/tf', '/tf_static'


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """
    One recorded image with the calibration that was in force.

    :param raw: its message, still CDR.
    :param message: the same, unpacked.
    :param info: newest CameraInfo before it, None where there was none.
    """

    raw: RawMessage
    message: Any
    info: Any


class Offline:
    """
    What is needed to map one recording.

    :ivar failures: kind of failure -> sets or images that were lost to it.
    :ivar reasons: kind of failure -> what the last one said.
    """

    def __init__(self, bag: Recording, parameters: Parameters, engine: Engine) -> None:
        """
        Read the transforms of the whole bag.

        :param bag: entered already.
        :raises LookupError: a camera has no topic in the bag.
        :raises ValueError: a mask file is wrong.
        """
        self.failures: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self._bag = bag
        self._parameters = parameters
        self._engine = engine
        self._cameras = recorded_cameras(bag, parameters)
        self._transforms = recorded_transforms(bag)
        self._frame_ids: dict[str, str] = {}
        self._masks = load_masks(parameters.camera)
        self._grid_from_base: NDArray[np.float64] | None = None
        self.grid_frame = grid_frame(self._transforms, parameters)
        self._path: deque[Any] = deque(maxlen=parameters.path.max_size)

    @property
    def sets(self) -> int:
        """Return the number of images of the busiest camera: about the number of sets."""
        return max(self._bag.topics[topics.image].count for _, topics in self._cameras)

    def scenes(self) -> Iterator[Scene]:
        """Map set after set; what fails is counted and left out."""
        mapper = self._engine.mapper(self._parameters)
        for mapped in map_recording(mapper, self._frame_sets()):
            if mapped.occupancy is None:
                self._failed('non-finite output', str(mapped.failure))
                continue
            if mapped.occupancy.imagined.missing:
                self.reasons['mode'] = mapped.occupancy.imagined.missing
            yield self._scene(mapped.occupancy)

    def _frame_sets(self) -> Iterator[FrameSet]:
        least = self._parameters.sync.min_cameras
        config, policy = grouping_config(self._parameters), self._parameters.sync.policy
        for group in group_recording(self._arrivals(), synchroniser(policy, config)):
            frames = self._frames(group)
            if len(frames) >= least:
                yield self._frame_set(frames)

    def _frame_set(self, frames: tuple[Frame, ...]) -> FrameSet:
        """Look up what else is known of the robot at the time of a set."""
        parameters, stamp_ns = self._parameters, FrameSet(frames).stamp_ns
        base, external = parameters.base_frame, None
        if parameters.scale.source == 'odom':
            external = self._lookup(parameters.odom_frame, base, stamp_ns)
        if self.grid_frame != base:
            hung = self._lookup(self.grid_frame, base, stamp_ns)
            self._grid_from_base = self._grid_from_base if hung is None else hung
        return FrameSet(frames, external, self._grid_from_base)

    def _arrivals(self) -> Iterator[Arrival[Shot]]:
        """Images in the order in which they were recorded."""
        names = {topics.image: settings.name for settings, topics in self._cameras}
        infos = {topics.info: topics.image for _, topics in self._cameras if topics.info}
        newest: dict[str, Any] = {}
        for raw in self._bag.messages({*names, *infos}):
            try:
                message = decoded(raw)
            except ValueError as error:
                self._failed('unreadable message', str(error))
                continue
            if raw.topic in infos:
                newest[infos[raw.topic]] = message
                continue
            shot = Shot(raw, message, newest.get(raw.topic))
            yield Arrival(names[raw.topic], stamp_ns_of(message), raw.stamp_ns, shot)

    def _frames(self, group: Group[Shot]) -> tuple[Frame, ...]:
        settings = {camera.name: camera for camera in self._parameters.camera}
        frames = (
            self._tried(arrival.payload, settings[arrival.camera], stamp_ns)
            for arrival, stamp_ns in zip(group.arrivals, group.stamps_ns, strict=True)
        )
        return tuple(frame for frame in frames if frame is not None)

    def _tried(self, shot: Shot, settings: CameraParameters, stamp_ns: int) -> Frame | None:
        try:
            return self._frame(shot, settings, stamp_ns)
        except ValueError as error:
            self._failed('undecodable image', f'{settings.name}: {error}')
            return None

    def _frame(self, shot: Shot, settings: CameraParameters, stamp_ns: int) -> Frame:
        """
        Decode an image and look up its camera.

        :raises ValueError: it cannot be decoded.
        """
        image = decode_message(shot.message, shot.raw.type_name)
        size = (image.shape[0], image.shape[1])
        frame_id = settings.frame_id or shot.message.header.frame_id
        self._frame_ids[settings.name] = frame_id
        intrinsics = self._intrinsics(shot, size)
        if intrinsics is not None:
            intrinsics = turned_intrinsics(intrinsics, size, settings.rotate)
        mask = mask_for(self._masks, settings, size)
        if settings.mounting:
            mounting = mounting_from_text(settings.mounting, f'{settings.name}.mounting')
        else:
            mounting = self._lookup(self._parameters.base_frame, frame_id, stamp_ns)
        if mounting is not None:
            mounting = mounting @ delivered_from_turned(settings.rotate)
        camera = Camera(settings.name, intrinsics, mounting)
        return Frame(camera, stamp_ns, turn(image, settings.rotate), mask)

    def _intrinsics(self, shot: Shot, size: tuple[int, int]) -> NDArray[np.float64] | None:
        if shot.info is None:
            return None
        try:
            is_rectified = 'rect' in shot.raw.topic
            return intrinsics_from_message(shot.info, size=size, rectified=is_rectified)
        except ValueError as error:
            self.reasons['calibration'] = str(error)
            return None

    def _lookup(self, target: str, source: str, stamp_ns: int) -> NDArray[np.float64] | None:
        try:
            return self._transforms.lookup(target, source, stamp_ns)
        except LookupError as error:
            self.reasons.setdefault(f'transform {target} from {source}', str(error))
            return None

    def _scene(self, occupancy: Occupancy) -> Scene:
        parameters, classes = self._parameters, self._engine.classes
        base, odom = parameters.base_frame, parameters.odom_frame
        if occupancy.restart not in (None, 'start', 'resolution'):
            self._path.clear()
        scene = Scene(
            occupancy=occupancy,
            classes=classes,
            traversable=traversable(classes, parameters.semantics.traversable),
            parameters=parameters,
            odom_frame=odometry_frame(parameters),
            external=self._lookup(odom, base, occupancy.stamp_ns),
            frame_ids=self._frame_ids,
            path=(),
            grid_frame=base if occupancy.grid_from_base is None else self.grid_frame,
        )
        self._path.append(pose(scene))
        return replace(scene, path=tuple(self._path))

    def _failed(self, kind: str, reason: str) -> None:
        self.failures[kind] += 1
        self.reasons[kind] = reason


def write_scene(writer: BagWriter, scene: Scene) -> None:
    """Write every output of one set, as the node would have published it."""
    stamp_ns = scene.occupancy.stamp_ns
    for name, (_, make) in SCENE_OUTPUTS.items():
        message = make(scene)
        topic, kind = f'{NAMESPACE}/{name}', type_name_of(message)
        writer.add_topic(topic, kind, latched=name in LATCHED)
        writer.write_raw(topic, kind, message_bytes(message, kind), stamp_ns)


def write_info(
    writer: BagWriter, parameters: Parameters, engine: Engine, frame: str, stamp_ns: int
) -> None:
    """
    Write the description of the grid.

    :param frame: it hangs on.
    """
    about = grid_info(grid_spec(parameters), engine.classes, frame, engine.about())
    topic, kind = f'{NAMESPACE}/grid_info', 'std_msgs/msg/String'
    writer.add_topic(topic, kind, latched=True)
    data = message_bytes(String(data=grid_info_text(about)), kind)
    writer.write_raw(topic, kind, data, stamp_ns)


def recorded_cameras(
    bag: Recording, parameters: Parameters
) -> tuple[tuple[CameraParameters, CameraTopics], ...]:
    """
    Find the topics of the configured cameras in a bag.

    :raises LookupError: a camera has none; the message says what the bag has.
    """
    images = {name: t for name, t in bag.topics.items() if t.type_name in IMAGE_TYPES}
    found = []
    for settings in parameters.camera:
        wanted = settings.image_topics + tuple(f'{t}/compressed' for t in settings.image_topics)
        topic = next((images[name] for name in wanted if name in images), None)
        if topic is None:
            raise LookupError(
                f'camera {settings.name}: expected one of {", ".join(wanted)}, the bag has the '
                f'images {", ".join(images) or "of no camera"}'
            )
        info = settings.info_topic or info_beside(topic.name)
        known = info if info in bag.topics else ''
        found.append((settings, CameraTopics(settings.name, topic.name, topic.type_name, known)))
    return tuple(found)


def grid_frame(transforms: TransformBuffer, parameters: Parameters) -> str:
    """Name the frame the grid hangs on: the one wanted, if the bag joins it to the base frame."""
    wanted, base = parameters.grid.frame or parameters.base_frame, parameters.base_frame
    return wanted if wanted == base or transforms.are_joined(wanted, base) else base


def recorded_transforms(bag: Recording) -> TransformBuffer:
    """Read all transforms of a bag, so that lookups never wait."""
    buffer = TransformBuffer(keep_ns=FOR_EVER_NS)
    for raw in bag.messages({DYNAMIC, STATIC}):
        for transform in decoded(raw).transforms:
            stamp = transform.header.stamp
            buffer.put(
                (transform.header.frame_id, transform.child_frame_id),
                int(stamp.sec) * NANOSECONDS + int(stamp.nanosec),
                matrix_from_transform(transform.transform),
                is_static=raw.topic == STATIC,
            )
    return buffer
