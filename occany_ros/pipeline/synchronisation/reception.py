"""What every way of making sets has in common: jumps, who is alive, all that is counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    CameraStatistics,
    Closing,
    Event,
    Flush,
    Group,
    GroupingConfig,
    PayloadT,
)
from occany_ros.pipeline.synchronisation.camera_track import CameraTrack
from occany_ros.pipeline.synchronisation.clock_guard import ClockGuard, Verdict
from occany_ros.pipeline.synchronisation.liveness import Liveness

_NOTICEABLE: Final = 1.25
_SLOWEST: Final = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """
    What is to be done with a message.

    :param camera: index of its camera.
    :param stamp_ns: its stamp, with a zero stamp replaced; None: it is dropped and counted.
    :param after_loss: its camera lost at least one message just before it.
    :param flush: not None: first forget every older message.
    """

    camera: int
    stamp_ns: int | None
    after_loss: bool = False
    flush: Flush | None = None


class Reception:
    """
    Receives the messages of some cameras.

    :param config: may be exchanged at any time for one with the same cameras; the counters stay.
    """

    def __init__(self, config: GroupingConfig) -> None:
        self.config = config
        self.tracks = tuple(CameraTrack(name) for name in config.cameras)
        self._index = {name: index for index, name in enumerate(config.cameras)}
        self._guard = ClockGuard(config)
        self._liveness = Liveness(len(config.cameras))
        self._last_set_ns: int | None = None
        self._closings: Counter[Closing] = Counter()

    def adopt(self, config: GroupingConfig) -> None:
        """
        Go on with other limits.

        :raises ValueError: the cameras are others.
        """
        if config.cameras != self.config.cameras:
            raise ValueError(f'cameras: expected {self.config.cameras}, got {config.cameras}')
        self.config = config
        self._guard.config = config

    @property
    def slowness(self) -> float:
        """
        How much slower than its stamps a recording is played; 1 for cameras and faster ones.

        It stretches waits on the steady clock: between two cameras of a recording lies the time
        that lay between them when it was made, over the rate at which it is played.
        """
        known = [track.slowness for track in self.tracks]
        least = min((value for value in known if value is not None), default=1.0)
        return min(least, _SLOWEST) if least > _NOTICEABLE else 1.0

    @property
    def max_wait_ns(self) -> int:
        """Return ``max_wait`` on the steady clock."""
        return round(self.config.max_wait_ns * self.slowness)

    def take(self, arrival: Arrival[Any], now_ns: int) -> Received:
        """
        Judge one message.

        :param now_ns: steady clock, nanoseconds.
        :raises LookupError: the camera is not one of the configured ones.
        """
        if arrival.camera not in self._index:
            raise LookupError('camera', self.config.cameras, arrival.camera)
        index = self._index[arrival.camera]
        track = self.tracks[index]
        stamp_ns = arrival.stamp_ns
        if stamp_ns <= 0:
            stamp_ns = arrival.received_ns
            track.events[Event.ZERO_STAMP] += 1
        track.hear(stamp_ns, arrival.received_ns, now_ns)
        self._liveness.hear(index)
        verdict, flush = self._guard.judge(stamp_ns, track, now_ns)
        if verdict is Verdict.DROP:
            return Received(index, None)
        if flush is not None:
            self.flush(now_ns)
        if stamp_ns == track.newest_ns:
            track.events[Event.DUPLICATE] += 1
            return Received(index, None, flush=flush)
        after_loss = track.accept(stamp_ns, now_ns)
        self._guard.accept(stamp_ns, now_ns)
        self._liveness.move(index, stamp_ns, now_ns, self.config.stale_after_ns)
        if self._last_set_ns is not None and stamp_ns <= self._last_set_ns:
            track.events[Event.LATE] += 1
            return Received(index, None, flush=flush)
        return Received(index, stamp_ns, after_loss, flush)

    def flush(self, now_ns: int) -> None:
        """
        Forget where the stamps were; counters stay.

        :param now_ns: steady clock, nanoseconds.
        """
        self._liveness.flush(now_ns, self.config.stale_after_ns, self._grace_ns)
        self._last_set_ns = None
        self._guard.flush(now_ns)
        for track in self.tracks:
            track.flush()

    def living(self, now_ns: int) -> frozenset[int]:
        """
        Give the cameras worth waiting for, see `Liveness`.

        :param now_ns: steady clock, nanoseconds.
        """
        return self._liveness.living(now_ns, self.config.stale_after_ns, self._grace_ns)

    def is_newer(self, stamp_ns: int) -> bool:
        """Tell whether a set of this stamp would be newer than the last one."""
        return self._last_set_ns is None or stamp_ns > self._last_set_ns

    def group(
        self,
        members: Sequence[tuple[int, int, Arrival[PayloadT]]],
        living: frozenset[int],
        closing: Closing,
    ) -> Group[PayloadT]:
        """
        Make a set and count it.

        :param members: camera, stamp and message of each, in the configured order.
        :param living: the cameras that ought to be in.
        """
        newest_ns = max(stamp_ns for _, stamp_ns, _ in members)
        self._last_set_ns = newest_ns
        for index, stamp_ns, _ in members:
            self.tracks[index].sets += 1
            self.tracks[index].skew_ns = stamp_ns - newest_ns
        missing = sorted(living - {index for index, _, _ in members})
        for index in missing:
            self.tracks[index].missed += 1
        if missing and closing is Closing.COMPLETE:
            closing = Closing.LOST
        self._closings[closing] += 1
        return Group(
            arrivals=tuple(arrival for _, _, arrival in members),
            stamps_ns=tuple(stamp_ns for _, stamp_ns, _ in members),
            missing=tuple(self.config.cameras[index] for index in missing),
            closing=closing,
        )

    def closings(self) -> dict[Closing, int]:
        """Count the sets handed out, by reason."""
        return dict(self._closings)

    def statistics(self, now_ns: int) -> tuple[CameraStatistics, ...]:
        """
        Figures of every camera, in the configured order.

        For a person a camera is also silent when all of them are: that is told by the steady
        clock, in the time of the recording where a slow one is played.
        """
        living = self.living(now_ns)
        oldest_ns = now_ns - round(self.config.stale_after_ns * self.slowness)
        return tuple(
            track.statistics(
                now_ns,
                alive=index in living and (track.heard_ns is None or track.heard_ns >= oldest_ns),
            )
            for index, track in enumerate(self.tracks)
        )

    @property
    def _grace_ns(self) -> int:
        return min(self.max_wait_ns, self.config.stale_after_ns)
