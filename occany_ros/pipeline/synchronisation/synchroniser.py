"""What makes sets of messages: one reception for all, and a rule of its own for what waits."""

from abc import ABC, abstractmethod
from typing import Generic

from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    CameraStatistics,
    Closing,
    Group,
    Grouped,
    GroupingConfig,
    PayloadT,
)
from occany_ros.pipeline.synchronisation.reception import Received, Reception


class Synchroniser(ABC, Generic[PayloadT]):
    """
    Makes sets of messages.

    Two clocks are arguments: the stamps' (``received_ns`` of an arrival; it only stands in for
    zero stamps and gives the age) and a steady one (``now_ns``).

    :param config: see `GroupingConfig`.
    """

    def __init__(self, config: GroupingConfig) -> None:
        self._reception = Reception(config)

    @property
    def config(self) -> GroupingConfig:
        """Return the configuration in force."""
        return self._reception.config

    @property
    @abstractmethod
    def needs_all(self) -> bool:
        """Tell whether every set holds every camera, so that one that is silent ends them."""

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Count the messages that wait for their set."""

    @property
    @abstractmethod
    def next_deadline_ns(self) -> int | None:
        """Steady time at which `poll` hands out what waits now; None if it never will."""

    def adopt(self, config: GroupingConfig) -> None:
        """
        Go on with other limits; what was counted stays.

        :raises ValueError: the cameras are others.
        """
        self._reception.adopt(config)

    def push(self, arrival: Arrival[PayloadT], now_ns: int) -> Grouped[PayloadT]:
        """
        Take one message in.

        :param now_ns: steady clock, nanoseconds.
        :raises LookupError: the camera is not one of the configured ones.
        """
        received = self._reception.take(arrival, now_ns)
        if received.flush is not None:
            self._drop_all()
        if received.stamp_ns is not None:
            self._admit(received, received.stamp_ns, arrival, now_ns)
        return Grouped(received.flush, self._collect(now_ns))

    def poll(self, now_ns: int) -> Grouped[PayloadT]:
        """
        Hand out what has waited long enough, or waits only for cameras that have died since.

        :param now_ns: steady clock, nanoseconds.
        """
        return Grouped(None, self._collect(now_ns))

    def drain(self, now_ns: int) -> Grouped[PayloadT]:
        """Hand out everything that may become a set: the input has ended."""
        return Grouped(None, self._collect(now_ns, is_over=True))

    def reset(self, now_ns: int) -> None:
        """
        Drop what waits and forget where the stamps were; counters stay.

        :param now_ns: steady clock, nanoseconds.
        """
        self._drop_all()
        self._reception.flush(now_ns)

    def closings(self) -> dict[Closing, int]:
        """Count the sets handed out, by reason."""
        return self._reception.closings()

    def statistics(self, now_ns: int) -> tuple[CameraStatistics, ...]:
        """Figures of every camera, in the configured order."""
        return self._reception.statistics(now_ns)

    @abstractmethod
    def _admit(
        self, received: Received, stamp_ns: int, arrival: Arrival[PayloadT], now_ns: int
    ) -> None:
        """Let a message wait that was found good."""

    @abstractmethod
    def _collect(self, now_ns: int, *, is_over: bool = False) -> tuple[Group[PayloadT], ...]:
        """Take out the sets that are ready, oldest first; after the end, all there may be."""

    @abstractmethod
    def _drop_all(self) -> None:
        """Drop what waits, and count it."""
