"""Image files with stamps, calibration and poses as a recording: nothing is copied before use."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.messages import (
    camera_info_message,
    compressed_message,
    Message,
    packed,
    transforms_message,
)
from occany_ros.bags.recording import RawMessage, Recording, Topic
from occany_ros.geometry.frame import Camera

BASE_FRAME: Final = 'base_link'
ODOM_FRAME: Final = 'odom'
MAP_FRAME: Final = 'map'
STATIC, DYNAMIC = '/tf_static', '/tf'
_IMAGE_NAME: Final = 'CompressedImage'
_POSE, _INFO, _IMAGE = range(3)
"""Of what carries the same stamp, poses come first and images last."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """
    One camera of a data set.

    :param camera: name, and calibration where it is known.
    :param image_topic: topic of its images, which are sent as the files they are.
    :param info_topic: topic of its calibration.
    :param frame_id: its optical frame.
    :param size: height and width, pixels.
    :param shots: stamp in nanoseconds and file of every image, oldest first.
    """

    camera: Camera
    image_topic: str
    info_topic: str
    frame_id: str
    size: tuple[int, int]
    shots: tuple[tuple[int, Path], ...]


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """
    What was found in a folder.

    :param streams: cameras; the first is the reference.
    :param statement: how the folder was understood, in words for the user.
    :param poses: stamp in nanoseconds and pose of the base in ``odom``, (4, 4), oldest first.
    :param map_from_odom: (4, 4), or None where there is no map.
    :param damage: what the folder should have and has not, or empty.
    """

    streams: tuple[Stream, ...]
    statement: str
    poses: tuple[tuple[int, NDArray[np.float64]], ...] = ()
    map_from_odom: NDArray[np.float64] | None = None
    damage: str = ''


@dataclass(slots=True, eq=False)
class DataSetRecording(Recording):
    """
    A data set as messages, made one by one as they are asked for.

    The tree of frames is that of REP-105: cameras hang on ``base_link`` (latched), ``base_link``
    on ``odom``, ``odom`` on ``map`` (latched).

    :param found: the data set.
    """

    found: DataSet
    topics: dict[str, Topic] = field(init=False, default_factory=dict)
    start_ns: int = field(init=False, default=0)
    end_ns: int = field(init=False, default=0)
    damage: str = field(init=False, default='')
    statement: str = field(init=False, default='')
    _static: Mapping[tuple[str, str], NDArray[np.float64]] = field(init=False)
    _entries: list[tuple[int, int, int, int]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """List what there is, in the order of time."""
        found = self.found
        self.statement, self.damage = found.statement, found.damage
        self._static = _static_transforms(found)
        entries = [(stamp_ns, _POSE, 0, row) for row, (stamp_ns, _) in enumerate(found.poses)]
        for number, stream in enumerate(found.streams):
            for row, (stamp_ns, _) in enumerate(stream.shots):
                entries.append((stamp_ns, _IMAGE, number, row))
                if stream.camera.intrinsics is not None:
                    entries.append((stamp_ns, _INFO, number, row))
        self._entries = sorted(entries)
        if entries:
            self.start_ns, self.end_ns = self._entries[0][0], self._entries[-1][0]
        self._list_topics()

    def __enter__(self) -> 'DataSetRecording':
        """Open nothing: files are read when they are asked for."""
        return self

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RawMessage]:
        """
        Messages in the order of time; a file that cannot be read is left out and told.

        :param topics: only these; None means all.
        """
        wanted = set(self.topics) if topics is None else set(topics) & set(self.topics)
        if STATIC in wanted:
            yield self._raw(STATIC, transforms_message(self._static, self.start_ns), self.start_ns)
        for stamp_ns, kind, number, row in self._entries:
            if self._topic_of(kind, number) in wanted:
                yield from self._made(stamp_ns, kind, number, row)

    def _made(self, stamp_ns: int, kind: int, number: int, row: int) -> Iterator[RawMessage]:
        """One message, or none where its file cannot be read."""
        topic = self._topic_of(kind, number)
        if kind == _POSE:
            pose = {(ODOM_FRAME, BASE_FRAME): self.found.poses[row][1]}
            yield self._raw(topic, transforms_message(pose, stamp_ns), stamp_ns)
            return
        stream = self.found.streams[number]
        frame_id = stream.frame_id
        if kind == _INFO:
            info = camera_info_message(stream.camera, stream.size, stamp_ns, frame_id)
            yield self._raw(topic, info, stamp_ns)
            return
        path = stream.shots[row][1]
        try:
            data = path.read_bytes()
        except OSError as error:
            note = f'{path}: left out, it cannot be read: {error.strerror}'
            if note not in self.damage:
                self.damage = '; '.join(filter(None, (self.damage, note)))
            return
        form = 'png' if path.suffix.lower() == '.png' else 'jpeg'
        image = compressed_message(data, form, stamp_ns, frame_id)
        yield self._raw(topic, image, stamp_ns)

    def _topic_of(self, kind: int, number: int) -> str:
        if kind == _POSE:
            return DYNAMIC
        stream = self.found.streams[number]
        return stream.info_topic if kind == _INFO else stream.image_topic

    def _list_topics(self) -> None:
        counts = {STATIC: 1} if self._static else {}
        for _, kind, number, _ in self._entries:
            name = self._topic_of(kind, number)
            counts[name] = counts.get(name, 0) + 1
        infos = {stream.info_topic for stream in self.found.streams}
        for name, count in counts.items():
            if name in (STATIC, DYNAMIC):
                type_name = 'tf2_msgs/msg/TFMessage'
            else:
                type_name = f'sensor_msgs/msg/{"CameraInfo" if name in infos else _IMAGE_NAME}'
            self.topics[name] = Topic(name, type_name, count, latched=name == STATIC)

    def _raw(self, topic: str, value: Message, stamp_ns: int) -> RawMessage:
        return RawMessage(topic, self.topics[topic].type_name, stamp_ns, packed(value))


def _static_transforms(found: DataSet) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Collect what never changes: mountings of cameras, and where the drive began."""
    fixed = {
        (BASE_FRAME, stream.frame_id): stream.camera.base_from_camera
        for stream in found.streams
        if stream.camera.base_from_camera is not None
    }
    if found.map_from_odom is not None:
        fixed[MAP_FRAME, ODOM_FRAME] = found.map_from_odom
    return fixed
