"""Sets made by the user's ``message_filters``; everything around its rule is ours."""

from dataclasses import dataclass
from typing import Any, Final, Generic

from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    Closing,
    Event,
    Group,
    GroupingConfig,
    PayloadT,
)
from occany_ros.pipeline.synchronisation.reception import Received
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser
from occany_ros.ros.messages.convert import time_message
from std_msgs.msg import Header

_LONGEST_QUEUE: Final = 10
_SHORTEST_QUEUE: Final = 2
_MOST_COMBINATIONS: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Envelope(Generic[PayloadT]):
    """
    What message_filters sees of a message.

    :param header: with a stamp that was checked; nothing else in it is filled.
    :param stamp_ns: the same stamp.
    :param arrival: the message.
    """

    header: Header
    stamp_ns: int
    arrival: Arrival[PayloadT]


class FilterSets(Synchroniser[PayloadT]):
    """
    Synchroniser with the rule of message_filters.

    Sets come with messages only, so nothing is ever handed out at a time, or at the end.

    The callback of message_filters runs under its lock, so all it does here is to leave a set on
    a list; the set is looked at when message_filters has returned. It never gets a stamp it could
    stumble over: an error inside it would leave that lock held for ever.

    :param config: see `GroupingConfig`; only ``slop_ns`` and the clock limits matter.
    :param filters: the module ``message_filters``.
    :param is_exact: equal stamps instead of close ones.
    """

    def __init__(self, config: GroupingConfig, filters: Any, *, is_exact: bool) -> None:
        super().__init__(config)
        self._filters = filters
        self._is_exact = is_exact
        self._depth = _LONGEST_QUEUE if is_exact else queue_depth(len(config.cameras))
        self._found: list[tuple[Envelope[PayloadT], ...]] = []
        self._begin()

    @property
    def needs_all(self) -> bool:
        """Return True: message_filters makes whole sets only."""
        return True

    @property
    def waiting(self) -> int:
        """Count the messages that wait for their set."""
        return sum(map(len, self._queued))

    @property
    def next_deadline_ns(self) -> int | None:
        """Return None: message_filters knows no deadline."""
        return None

    def adopt(self, config: GroupingConfig) -> None:
        """
        Go on with other limits; what was counted stays, what waits is dropped and counted.

        :raises ValueError: the cameras are others.
        """
        if config == self.config:
            return
        super().adopt(config)
        self._drop_all()

    def _admit(
        self,
        received: Received,
        stamp_ns: int,
        arrival: Arrival[PayloadT],
        now_ns: int,  # noqa: ARG002 - no message waits for a time
    ) -> None:
        index = received.camera
        if stamp_ns in self._queued[index]:
            self._count(index, Event.DUPLICATE)
            return
        self._note(index, stamp_ns)
        header = Header(stamp=time_message(stamp_ns))
        self._inputs[index].signalMessage(Envelope(header, stamp_ns, arrival))

    def _begin(self) -> None:
        """Make message_filters' synchroniser, which keeps its messages for ever otherwise."""
        inputs = [self._filters.SimpleFilter() for _ in self.config.cameras]
        if self._is_exact:
            rule = self._filters.TimeSynchronizer(inputs, self._depth)
        else:
            rule = self._filters.ApproximateTimeSynchronizer(
                inputs, self._depth, self.config.slop_ns / 1e9
            )
        rule.registerCallback(self._find)
        self._inputs, self._rule = inputs, rule
        self._queued: tuple[set[int], ...] = tuple(set() for _ in inputs)

    def _find(self, *envelopes: Envelope[PayloadT]) -> None:
        self._found.append(envelopes)

    def _collect(
        self,
        now_ns: int,
        *,
        is_over: bool = False,  # noqa: ARG002 - what is not whole will never be a set
    ) -> tuple[Group[PayloadT], ...]:
        """Make sets of what was found; message_filters lets them go backwards, we do not."""
        groups = []
        for envelopes in self._found:
            for index, envelope in enumerate(envelopes):
                self._queued[index].discard(envelope.stamp_ns)
            if not self._reception.is_newer(max(envelope.stamp_ns for envelope in envelopes)):
                for index in range(len(envelopes)):
                    self._count(index, Event.LATE)
                continue
            members = [
                (index, envelope.stamp_ns, envelope.arrival)
                for index, envelope in enumerate(envelopes)
            ]
            living = self._reception.living(now_ns)
            groups.append(self._reception.group(members, living, Closing.COMPLETE))
        self._found.clear()
        return tuple(groups)

    def _note(self, index: int, stamp_ns: int) -> None:
        """Follow the queue of message_filters, which drops the oldest without a word."""
        queued = self._queued[index]
        queued.add(stamp_ns)
        if len(queued) > self._depth:
            queued.remove(min(queued))
            self._count(index, Event.OVERFLOW)

    def _drop_all(self) -> None:
        for index, queued in enumerate(self._queued):
            self._reception.tracks[index].events[Event.FLUSHED] += len(queued)
        self._begin()

    def _count(self, index: int, event: Event) -> None:
        self._reception.tracks[index].events[event] += 1


def queue_depth(cameras: int) -> int:
    """
    Choose the messages message_filters keeps of each camera.

    It tries combinations, (queue length) ^ (cameras - 1) at worst: more than some thousand would
    hold up the node, at about 10 microseconds each.
    """
    depth = _LONGEST_QUEUE
    while depth > _SHORTEST_QUEUE and depth ** (cameras - 1) > _MOST_COMBINATIONS:
        depth -= 1
    return depth
