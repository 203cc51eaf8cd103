"""What can be played and mapped: messages by time, whatever they are kept in."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """
    One topic of a recording.

    :param name: its full name.
    :param type_name: e.g. ``sensor_msgs/msg/Image``.
    :param count: number of messages.
    :param latched: it was published TRANSIENT_LOCAL.
    """

    name: str
    type_name: str
    count: int
    latched: bool


@dataclass(frozen=True, slots=True, eq=False)
class RawMessage:
    """
    One message, still CDR.

    :param topic: name of its topic.
    :param type_name: e.g. ``sensor_msgs/msg/Image``.
    :param stamp_ns: time of arrival, nanoseconds.
    :param data: CDR.
    """

    topic: str
    type_name: str
    stamp_ns: int
    data: bytes


class Recording(Protocol):
    """
    Context manager over one recording: a bag, a data set's folder, a folder of images.

    :ivar topics: topic name -> topic.
    :ivar start_ns: time of the first message, nanoseconds; 0 in an empty one.
    :ivar end_ns: time of the last message, nanoseconds; 0 in an empty one.
    :ivar damage: what could not be read and why; empty while all is well.
    :ivar statement: how it was understood, in words for the user; empty for a bag.
    """

    topics: dict[str, Topic]
    start_ns: int
    end_ns: int
    damage: str
    statement: str

    def __enter__(self) -> 'Recording':
        """Open what has to be opened."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what was opened; here nothing."""
        del kind, error, trace

    @property
    def message_count(self) -> int:
        """Return the number of readable messages."""
        return sum(topic.count for topic in self.topics.values())

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RawMessage]:
        """
        Messages in the order of their arrival; ends at damage, which is then in ``damage``.

        :param topics: only these; None means all.
        """
        ...
