"""Recording topics into a bag: the bytes of the graph are written as they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
import struct
from time import monotonic, time_ns
from typing import Any, Final

from occany_ros.bags.writer import BagWriter
from occany_ros.ros.messages.graph_types import listener_qos, message_class, topic_types
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy

LOOK_S: Final = 0.2
SPIN_S: Final = 0.05
NANOSECONDS: Final = 1_000_000_000
REPORTS: Final = frozenset({'diagnostic_msgs/msg/DiagnosticArray'})
LIST_OF_STAMPED: Final = frozenset({'tf2_msgs/msg/TFMessage'})


@dataclass(slots=True, eq=False)
class RecordReport:
    """
    What has been recorded so far.

    :param received: messages of each topic.
    :param skipped: topics that cannot be recorded, and why.
    """

    received: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Recorder:
    """
    Writes every message of the wanted topics; somebody else spins the node.

    Messages are filed under the stamp in their header, where they have one, as that is the time
    by which viewers line up images, grids and transforms; the others under the newest such stamp,
    and those that come before any under the first.

    :param node: that subscribes.
    :param bag: entered already.
    :param wanted: tells by its name whether a topic is recorded.
    :param on_message: called with topic, type and bytes of every message.
    """

    def __init__(
        self,
        node: Node,
        bag: BagWriter,
        wanted: Callable[[str], bool],
        on_message: Callable[[str, str, bytes], None] | None = None,
    ) -> None:
        self.report = RecordReport()
        self._node = node
        self._bag = bag
        self._wanted = wanted
        self._on_message = on_message
        self._subscriptions: dict[str, Any] = {}
        self._newest_ns = 0
        self._early: list[tuple[str, str, bytes]] = []

    def look(self) -> None:
        """Subscribe to wanted topics that have appeared since the last look."""
        for topic, type_name in topic_types(self._node).items():
            known = topic in self._subscriptions or topic in self.report.skipped
            if known or not self._wanted(topic):
                continue
            if self._node.count_publishers(topic) == 0:
                continue
            try:
                self._subscribe(topic, type_name)
            except (LookupError, ValueError) as error:
                self.report.skipped[topic] = str(error)

    def close(self) -> None:
        """Write what came before any stamp, if none ever came: under the present time."""
        self._write_early(time_ns())

    def _write_early(self, stamp_ns: int) -> None:
        for topic, type_name, data in self._early:
            self._bag.write_raw(topic, type_name, data, stamp_ns)
        self._early.clear()

    def _subscribe(self, topic: str, type_name: str) -> None:
        qos = listener_qos(self._node, topic)
        latched = qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
        self._bag.add_topic(topic, type_name, latched=latched)
        self.report.received[topic] = 0
        has_header = is_stamped(type_name)

        def take(data: bytes) -> None:
            self._take(topic, type_name, data, has_header=has_header)

        kind = message_class(type_name)
        self._subscriptions[topic] = self._node.create_subscription(
            kind, topic, take, qos, raw=True
        )

    def _take(self, topic: str, type_name: str, data: bytes, *, has_header: bool) -> None:
        stamp_ns = stamp_ns_of_bytes(type_name, data) if has_header else 0
        self._newest_ns = max(self._newest_ns, stamp_ns)
        if self._newest_ns == 0:
            self._early.append((topic, type_name, data))
        else:
            self._write_early(self._newest_ns)
            self._bag.write_raw(topic, type_name, data, stamp_ns or self._newest_ns)
        self.report.received[topic] += 1
        if self._on_message is not None:
            self._on_message(topic, type_name, data)


def is_stamped(type_name: str) -> bool:
    """Whether a type's messages tell when something was measured, not when it was reported."""
    return type_name not in REPORTS and starts_with_header(type_name)


def starts_with_header(type_name: str) -> bool:
    """Whether the first thing in a message's bytes is a stamp."""
    if type_name in LIST_OF_STAMPED:
        return True
    fields = message_class(type_name).get_fields_and_field_types()
    return next(iter(fields.values()), '') == 'std_msgs/Header'


def stamp_ns_of_bytes(type_name: str, data: bytes) -> int:
    """
    Read the header's stamp from CDR bytes without unpacking them; 0 for an empty list.

    :param data: of a type for which `starts_with_header` holds.
    """
    order = '<' if data[1] else '>'
    place = 4  # behind the encapsulation header
    if type_name in LIST_OF_STAMPED:
        (count,) = struct.unpack_from(f'{order}I', data, place)
        if count == 0:
            return 0
        place += 4
    seconds, rest = struct.unpack_from(f'{order}iI', data, place)
    return int(seconds) * NANOSECONDS + int(rest)


def record(
    bag: BagWriter,
    wanted: Callable[[str], bool],
    go_on: Callable[[RecordReport], bool],
    on_message: Callable[[str, str, bytes], None] | None = None,
) -> RecordReport:
    """
    Record with a node of its own until told to stop, or the process is interrupted.

    :param bag: entered already.
    :param wanted: tells by its name whether a topic is recorded.
    :param go_on: asked some twenty times a second.
    :param on_message: called with topic, type and bytes of every message.
    """
    rclpy.init()
    node = rclpy.create_node('occany_recorder')
    recorder = Recorder(node, bag, wanted, on_message)
    try:
        looked_s = 0.0
        while rclpy.ok() and go_on(recorder.report):
            if monotonic() - looked_s > LOOK_S:
                recorder.look()
                looked_s = monotonic()
            rclpy.spin_once(node, timeout_sec=SPIN_S)
    except ExternalShutdownException:
        pass
    finally:
        recorder.close()
        node.destroy_node()
        rclpy.try_shutdown()
    return recorder.report
