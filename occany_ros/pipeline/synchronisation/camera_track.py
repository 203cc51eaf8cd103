"""What the synchroniser remembers about one camera."""

from collections import Counter, deque
from typing import Final

from occany_ros.pipeline.synchronisation.arrivals import CameraStatistics, Event

GAPS_KEPT = 8
LOSS_FACTOR = 1.5
_LEAST_GAPS: Final = 4


class CameraTrack:
    """
    Stamps, usual period and counters of one camera; cost of every call is constant.

    :param name: the camera.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: Counter[Event] = Counter()
        self.received = 0
        self.sets = 0
        self.missed = 0
        self.skew_ns = 0
        self.heard_ns: int | None = None
        self.newest_ns: int | None = None
        self.before_flush_ns: int | None = None
        self._age_ns = 0
        self._newest_at_ns = 0
        self._gaps_ns: deque[int] = deque(maxlen=GAPS_KEPT)
        self._slownesses: deque[float] = deque(maxlen=GAPS_KEPT)

    @property
    def period_ns(self) -> int:
        """
        Usual time between two messages by their stamps; zero while unknown.

        The median, because it keeps still while up to a third of the messages are lost.
        """
        if not self._gaps_ns:
            return 0
        return sorted(self._gaps_ns)[(len(self._gaps_ns) - 1) // 2]

    @property
    def slowness(self) -> float | None:
        """
        Usual time between two receipts over the time between their stamps; None while unknown.

        1 for a camera, 2 for a recording played at rate 0.5. The median again: messages that
        come in bursts, and a recording that was paused once, leave it alone.
        """
        if len(self._slownesses) < _LEAST_GAPS:
            return None
        return sorted(self._slownesses)[(len(self._slownesses) - 1) // 2]

    def hear(self, stamp_ns: int, received_ns: int, now_ns: int) -> None:
        """Note that the camera spoke, whatever becomes of the message."""
        self.received += 1
        self.heard_ns = now_ns
        self._age_ns = received_ns - stamp_ns

    def accept(self, stamp_ns: int, now_ns: int) -> bool:
        """
        Note the stamp of a message that is going to be used.

        :param now_ns: steady clock, nanoseconds.
        :returns: whether the camera lost at least one message just before this one.
        """
        self.before_flush_ns = None
        if self.newest_ns is None:
            self.newest_ns, self._newest_at_ns = stamp_ns, now_ns
            return False
        gap_ns = stamp_ns - self.newest_ns
        if gap_ns <= 0:
            self.events[Event.OUT_OF_ORDER] += 1
            return False
        after_loss = 0 < LOSS_FACTOR * self.period_ns <= gap_ns
        self._gaps_ns.append(gap_ns)
        self._slownesses.append((now_ns - self._newest_at_ns) / gap_ns)
        self.newest_ns, self._newest_at_ns = stamp_ns, now_ns
        return after_loss

    def flush(self) -> None:
        """Forget the stamps, but remember where they were to recognise stragglers."""
        if self.newest_ns is not None:
            self.before_flush_ns = self.newest_ns
        self.newest_ns = None

    def statistics(self, now_ns: int, *, alive: bool) -> CameraStatistics:
        """Figures for the diagnostics."""
        return CameraStatistics(
            name=self.name,
            alive=alive,
            received=self.received,
            sets=self.sets,
            missed=self.missed,
            rate_hz=1e9 / self.period_ns if self.period_ns else 0.0,
            age_ns=self._age_ns,
            silence_ns=None if self.heard_ns is None else now_ns - self.heard_ns,
            skew_ns=self.skew_ns,
            events=dict(self.events),
        )
