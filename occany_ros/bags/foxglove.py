"""
MCAP files with Foxglove's messages as recordings of ROS messages.

Such files, e.g. those of nuscenes2mcap, cannot be played by ROS: their messages are Protobuf or
JSON. Images stay the JPEG bytes they are. Only what a mapper or a viewer of its result needs is
converted: images, calibrations, transforms and poses; the other topics are named in `damage`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.dataset import BASE_FRAME, DYNAMIC, MAP_FRAME, ODOM_FRAME, STATIC
from occany_ros.bags.foxglove_messages import CONVERSIONS, transforms_of
from occany_ros.bags.foxglove_values import FOREIGN_ENCODINGS, ValueReader
from occany_ros.bags.messages import packed, transforms_message
from occany_ros.bags.recording import RawMessage, Recording, Topic
from occany_ros.bags.salvage import DamageError, stored_messages, StoredMessage

TRANSFORM_TYPES: Final = ('foxglove.FrameTransform', 'foxglove.FrameTransforms')
MISFITS: Final = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, struct.error)
"""What a message raises that is not of its type, or has numbers its type does not have."""
HORIZON_NS: Final = 1_000_000_000
"""Writers of such files file messages out of order by less than this."""

Edge = tuple[str, str]


def is_foxglove(path: Path) -> bool:
    """Whether a file is an MCAP whose messages are not ROS's."""
    if not (path.is_file() and path.suffix == '.mcap'):
        return False
    try:
        first = next(iter(stored_messages(path)), None)
    except (DamageError, OSError):
        return False
    return first is not None and first.encoding in FOREIGN_ENCODINGS


@dataclass(slots=True, eq=False)
class FoxgloveRecording(Recording):
    """
    One such file; entering it reads it once, for topics and transforms.

    Transforms that never change are latched on ``/tf_static``. Where the file puts the robot
    straight into ``map``, ``odom`` is put between, at the place where the drive began, so that
    the tree is that of REP-105.

    :param path: the file.
    """

    path: Path
    topics: dict[str, Topic] = field(init=False, default_factory=dict)
    start_ns: int = field(init=False, default=0)
    end_ns: int = field(init=False, default=0)
    damage: str = field(init=False, default='')
    statement: str = field(init=False, default='')
    _static: dict[Edge, NDArray[np.float64]] = field(init=False, default_factory=dict)
    _map_from_odom: NDArray[np.float64] | None = field(init=False, default=None)
    _values: ValueReader = field(init=False, default_factory=ValueReader)

    def __enter__(self) -> 'FoxgloveRecording':
        """
        Read through the file.

        :raises ValueError: it has no message that can be converted.
        """
        counts: dict[tuple[str, str], int] = {}
        left_out: set[str] = set()
        stamps: list[int] = []
        edges: dict[Edge, list[NDArray[np.float64]]] = {}
        numbers: Counter[Edge] = Counter()
        for stored in self._stored():
            if stored.type_name in TRANSFORM_TYPES:
                for edge, _, matrix in self._transforms(stored):
                    numbers[edge] += 1
                    seen = edges.setdefault(edge, [])
                    if len(seen) < 2 and not any(np.array_equal(matrix, one) for one in seen):
                        seen.append(matrix)
            elif stored.type_name in CONVERSIONS:
                key = stored.topic, CONVERSIONS[stored.type_name].type_name
                counts[key] = counts.get(key, 0) + 1
            else:
                left_out.add(stored.topic)
                continue
            stamps.append(stored.stamp_ns)
        if not stamps:
            raise ValueError(
                f'{self.path}: expected messages such as foxglove.CompressedImage, got '
                f'{", ".join(sorted(left_out)) or "none"}; it cannot be played'
            )
        self.start_ns, self.end_ns = min(stamps), max(stamps)
        self._sort_transforms(edges)
        moving = sum(count for edge, count in numbers.items() if edge not in self._static)
        self._list_topics(counts, moving)
        self._explain(left_out)
        return self

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RawMessage]:
        """
        Convert messages in the order of time.

        :param topics: only these; None means all.
        """
        wanted = set(self.topics) if topics is None else set(topics)
        if STATIC in wanted and self._static:
            tree = transforms_message(self._static, self.start_ns)
            kind = self.topics[STATIC].type_name
            yield RawMessage(STATIC, kind, self.start_ns, packed(tree))
        waiting: list[tuple[int, int, StoredMessage]] = []
        order = count()
        for stored in self._stored():
            if self._topic_of(stored) in wanted:
                heappush(waiting, (stored.stamp_ns, next(order), stored))
            while waiting and waiting[0][0] <= stored.stamp_ns - HORIZON_NS:
                yield from self._converted(heappop(waiting)[2])
        while waiting:
            yield from self._converted(heappop(waiting)[2])

    def _topic_of(self, stored: StoredMessage) -> str:
        return DYNAMIC if stored.type_name in TRANSFORM_TYPES else stored.topic

    def _stored(self) -> Iterator[StoredMessage]:
        """Messages of the file up to its damage, which is noted once."""
        try:
            yield from stored_messages(self.path)
        except DamageError as error:
            self._note(f'{self.path}: {error}; what came before was kept')

    def _converted(self, stored: StoredMessage) -> Iterator[RawMessage]:
        """Turn a message into a ROS message; none for what is latched already."""
        if stored.type_name in TRANSFORM_TYPES:
            for edge, stamp_ns, matrix in self._transforms(stored):
                if edge in self._static:
                    continue
                tree = transforms_message(dict([self._moved(edge, matrix)]), stamp_ns)
                kind = self.topics[DYNAMIC].type_name
                yield RawMessage(DYNAMIC, kind, stored.stamp_ns, packed(tree))
            return
        conversion = CONVERSIONS.get(stored.type_name)
        if conversion is None:
            return
        try:
            data = packed(conversion.convert(self._values.value_of(stored)))
        except MISFITS as error:
            self._note(f'{stored.topic}: {error}; such messages are left out')
            return
        yield RawMessage(stored.topic, conversion.type_name, stored.stamp_ns, data)

    def _transforms(self, stored: StoredMessage) -> list[tuple[Edge, int, NDArray[np.float64]]]:
        """Read the transforms in a message, none where it cannot be read."""
        try:
            value = self._values.value_of(stored)
            return list(transforms_of(stored.type_name, value))
        except MISFITS as error:
            self._note(f'{stored.topic}: {error}; such messages are left out')
            return []

    def _note(self, text: str) -> None:
        """Tell what is damaged, once."""
        if text not in self.damage:
            self.damage = '; '.join(filter(None, (self.damage, text)))

    def _moved(self, edge: Edge, matrix: NDArray[np.float64]) -> tuple[Edge, NDArray[np.float64]]:
        """Hang the robot on ``odom`` instead of ``map``."""
        if self._map_from_odom is None or edge != (MAP_FRAME, BASE_FRAME):
            return edge, matrix
        return (ODOM_FRAME, BASE_FRAME), np.linalg.inv(self._map_from_odom) @ matrix

    def _sort_transforms(self, edges: Mapping[Edge, list[NDArray[np.float64]]]) -> None:
        """Tell what never changes from what moves."""
        robot = MAP_FRAME, BASE_FRAME
        self._static = {
            edge: seen[0] for edge, seen in edges.items() if len(seen) == 1 and edge != robot
        }
        if robot in edges and not any(ODOM_FRAME in edge for edge in edges):
            self._map_from_odom = edges[robot][0]
            self._static[MAP_FRAME, ODOM_FRAME] = edges[robot][0]

    def _list_topics(self, counts: Mapping[tuple[str, str], int], moving: int) -> None:
        transforms = 'tf2_msgs/msg/TFMessage'
        if self._static:
            self.topics[STATIC] = Topic(STATIC, transforms, 1, latched=True)
        if moving:
            self.topics[DYNAMIC] = Topic(DYNAMIC, transforms, moving, latched=False)
        for (name, type_name), number in counts.items():
            self.topics[name] = Topic(name, type_name, number, latched=False)

    def _explain(self, left_out: Collection[str]) -> None:
        images = [t for t in self.topics.values() if 'Image' in t.type_name]
        number = sum(topic.count for topic in images)
        self.statement = f"Foxglove's messages: {number} images of {len(images)} cameras"
        if left_out:
            self.statement += f'; left out {", ".join(sorted(left_out))}'
