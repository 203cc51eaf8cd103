"""Tells a clock that jumped from a message that is merely wrong."""

from enum import auto, Enum

from occany_ros.pipeline.synchronisation.arrivals import Event, Flush, GroupingConfig
from occany_ros.pipeline.synchronisation.camera_track import CameraTrack


class Verdict(Enum):
    """What to do with a message."""

    USE = auto()
    DROP = auto()
    FLUSH = auto()


class ClockGuard:
    """
    Watches the stamps of all cameras for jumps.

    One odd stamp is only dropped. A jump is believed when a second message agrees with the first
    odd one, or when the receiver saw the same pause as the stamps. After a jump the remaining
    messages of the old time are recognised, so that a looped recording flushes once, not once a
    camera.

    :param config: limits; may be exchanged at any time.
    """

    def __init__(self, config: GroupingConfig) -> None:
        self.config = config
        self._newest_ns: int | None = None
        self._newest_at_ns = 0
        self._flushed_at_ns: int | None = None
        self._odd: tuple[str, int] | None = None

    def judge(
        self, stamp_ns: int, track: CameraTrack, now_ns: int
    ) -> tuple[Verdict, Flush | None]:
        """
        Decide about one message.

        :param stamp_ns: its stamp, with a zero stamp replaced.
        :param track: its camera.
        :param now_ns: on the clock of deadlines.
        :returns: the verdict, and the reason where it is ``FLUSH``.
        """
        if self._is_straggler(stamp_ns, track, now_ns):
            track.events[Event.STRAGGLER] += 1
            return Verdict.DROP, None
        jump = self._jump(stamp_ns, track)
        if jump is None:
            if self._odd is not None and self._odd[0] == track.name:
                self._odd = None
            return Verdict.USE, None
        if self._is_real(stamp_ns, track, jump, now_ns):
            return Verdict.FLUSH, jump
        self._odd = (track.name, stamp_ns)
        track.events[Event.BACKWARD if jump is Flush.BACKWARD else Event.FORWARD] += 1
        return Verdict.DROP, None

    def accept(self, stamp_ns: int, now_ns: int) -> None:
        """Note the stamp of a message that is used."""
        if self._newest_ns is None or stamp_ns > self._newest_ns:
            self._newest_ns = stamp_ns
            self._newest_at_ns = now_ns

    def flush(self, now_ns: int) -> None:
        """Forget the old time, but not for a while that it was there."""
        self._newest_ns = None
        self._odd = None
        self._flushed_at_ns = now_ns

    def _is_straggler(self, stamp_ns: int, track: CameraTrack, now_ns: int) -> bool:
        if self._flushed_at_ns is None or track.before_flush_ns is None:
            return False
        if now_ns - self._flushed_at_ns > self.config.stale_after_ns:
            return False
        if self._newest_ns is None or abs(stamp_ns - self._newest_ns) <= self.config.backward_ns:
            return False
        return abs(stamp_ns - track.before_flush_ns) <= self.config.max_gap_ns

    def _jump(self, stamp_ns: int, track: CameraTrack) -> Flush | None:
        own_ns, newest_ns = track.newest_ns, self._newest_ns
        if own_ns is not None and stamp_ns < own_ns - self.config.backward_ns:
            return Flush.BACKWARD
        if newest_ns is not None and stamp_ns > newest_ns + self.config.max_gap_ns:
            return Flush.GAP
        return None

    def _is_real(self, stamp_ns: int, track: CameraTrack, jump: Flush, now_ns: int) -> bool:
        if jump is Flush.GAP and self._newest_ns is not None:
            paused_ns = now_ns - self._newest_at_ns
            if 2 * paused_ns >= stamp_ns - self._newest_ns:
                return True
        if self._odd is None:
            return False
        odd_camera, odd_ns = self._odd
        if odd_camera == track.name and stamp_ns <= odd_ns:
            return False
        return abs(stamp_ns - odd_ns) <= self.config.max_gap_ns
