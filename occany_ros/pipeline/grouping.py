"""Sets of images that belong together, out of the messages of any number of cameras."""

from bisect import insort
from collections import Counter
from operator import attrgetter
from typing import Generic

from occany_ros.pipeline.arrivals import (
    Arrival,
    CameraStatistics,
    Closing,
    Event,
    Group,
    Grouped,
    GroupingConfig,
    PayloadT,
)
from occany_ros.pipeline.camera_track import CameraTrack
from occany_ros.pipeline.clock_guard import ClockGuard, Verdict
from occany_ros.pipeline.set_choice import (
    best_with_oldest,
    is_lost_by_others,
    newest_complete,
    Waiting,
)

_STAMP = attrgetter('stamp_ns')


class FrameGrouper(Generic[PayloadT]):
    """
    Synchroniser of any number of cameras.

    It hands out the newest set whose stamps lie within the slop, as soon as every living camera
    is in; a smaller set as soon as the cameras that are missing are known to have lost their
    message; and otherwise what there is once ``max_wait`` is over. Sets never go backwards. At
    most ``depth`` messages of a camera are kept, payloads are never looked into, and a message
    costs time in proportion to the number of cameras.

    Two clocks are arguments: the stamps' (``received_ns`` of an arrival; it only stands in for
    zero stamps and gives the age) and a steady one (``now_ns``; all waiting is measured with it).

    :param config: see `GroupingConfig`.
    """

    def __init__(self, config: GroupingConfig) -> None:
        self._config = config
        self._index = {name: index for index, name in enumerate(config.cameras)}
        self._tracks = tuple(CameraTrack(name) for name in config.cameras)
        self._guard = ClockGuard(config)
        self._pool: list[Waiting[PayloadT]] = []
        self._started_ns: int | None = None
        self._waiting_since_ns = 0
        self._last_set_ns: int | None = None
        self._closings: Counter[Closing] = Counter()

    @property
    def config(self) -> GroupingConfig:
        """Return the configuration in force."""
        return self._config

    @property
    def next_deadline_ns(self) -> int | None:
        """Steady time at which `poll` hands out what waits now; None if nothing does."""
        if not self._pool:
            return None
        return self._deadline_ns()

    def push(self, arrival: Arrival[PayloadT], now_ns: int) -> Grouped[PayloadT]:
        """
        Take one message in.

        :param now_ns: steady clock, nanoseconds.
        :raises LookupError: the camera is not one of the configured ones.
        """
        if arrival.camera not in self._index:
            raise LookupError('camera', self._config.cameras, arrival.camera)
        index = self._index[arrival.camera]
        track = self._tracks[index]
        self._start(now_ns)
        stamp_ns = arrival.stamp_ns
        if stamp_ns <= 0:
            stamp_ns = arrival.received_ns
            track.events[Event.ZERO_STAMP] += 1
        track.hear(stamp_ns, arrival.received_ns, now_ns)
        verdict, flush = self._guard.judge(stamp_ns, track, now_ns)
        if verdict is Verdict.FLUSH:
            self.reset(now_ns)
        if verdict is not Verdict.DROP:
            self._admit(index, stamp_ns, arrival, now_ns)
        return Grouped(flush, self._collect(now_ns))

    def poll(self, now_ns: int) -> Grouped[PayloadT]:
        """
        Hand out what has waited long enough, or waits only for cameras that have died since.

        :param now_ns: steady clock, nanoseconds.
        """
        self._start(now_ns)
        return Grouped(None, self._collect(now_ns))

    def drain(self, now_ns: int) -> Grouped[PayloadT]:
        """Hand out everything that may become a set: the input has ended."""
        self._start(now_ns)
        return Grouped(None, self._collect(now_ns, is_over=True))

    def reset(self, now_ns: int) -> None:
        """
        Drop what waits and forget where the stamps were; counters stay.

        :param now_ns: steady clock, nanoseconds.
        """
        for waiting in self._pool:
            self._tracks[waiting.camera].events[Event.FLUSHED] += 1
        self._pool.clear()
        self._last_set_ns = None
        self._guard.flush(now_ns)
        for track in self._tracks:
            track.flush()

    def closings(self) -> dict[Closing, int]:
        """Count the sets handed out, by reason."""
        return dict(self._closings)

    def statistics(self, now_ns: int) -> tuple[CameraStatistics, ...]:
        """Figures of every camera, in the configured order."""
        living = self._living(now_ns)
        return tuple(
            track.statistics(now_ns, alive=index in living)
            for index, track in enumerate(self._tracks)
        )

    def _start(self, now_ns: int) -> None:
        if self._started_ns is None:
            self._started_ns = now_ns

    def _living(self, now_ns: int) -> frozenset[int]:
        """Cameras worth waiting for; those never heard get ``stale_after_ns`` to begin."""
        oldest_ns = now_ns - self._config.stale_after_ns
        begun_ns = now_ns if self._started_ns is None else self._started_ns
        return frozenset(
            index
            for index, track in enumerate(self._tracks)
            if (begun_ns if track.heard_ns is None else track.heard_ns) >= oldest_ns
        )

    def _admit(self, index: int, stamp_ns: int, arrival: Arrival[PayloadT], now_ns: int) -> None:
        track = self._tracks[index]
        if stamp_ns == track.newest_ns:
            track.events[Event.DUPLICATE] += 1
            return
        after_loss = track.accept(stamp_ns)
        self._guard.accept(stamp_ns, now_ns)
        if self._last_set_ns is not None and stamp_ns <= self._last_set_ns:
            track.events[Event.LATE] += 1
            return
        if not self._pool:
            self._waiting_since_ns = now_ns
        half_ns = track.period_ns // 2
        waiting = Waiting(index, stamp_ns, now_ns, after_loss, half_ns, arrival)
        insort(self._pool, waiting, key=_STAMP)
        mine = [position for position, held in enumerate(self._pool) if held.camera == index]
        if len(mine) > self._config.depth:
            del self._pool[mine[0]]
            track.events[Event.OVERFLOW] += 1

    def _collect(self, now_ns: int, *, is_over: bool = False) -> tuple[Group[PayloadT], ...]:
        groups: list[Group[PayloadT]] = []
        living = self._living(now_ns)
        while self._pool:
            members = self._closed(living)
            closing = Closing.COMPLETE
            if not members and (is_over or now_ns >= self._deadline_ns()):
                members, closing = (
                    best_with_oldest(self._pool, self._config.slop_ns),
                    Closing.WAITED,
                )
            if not members:
                break
            if not self._is_enough(members):
                self._give_up_oldest()
            else:
                groups.append(self._emit(members, living, closing))
        return tuple(groups)

    def _closed(self, living: frozenset[int]) -> tuple[Waiting[PayloadT], ...]:
        """
        Find the next set that nothing can be gained for by waiting; empty if there is none.

        A complete set lets an older incomplete one go first if its missing members are lost.
        """
        complete = newest_complete(self._pool, living, self._config.slop_ns)
        older = self._pool
        if complete:
            oldest_ns = min(member.stamp_ns for member in complete)
            older = [waiting for waiting in self._pool if waiting.stamp_ns < oldest_ns]
        partial = best_with_oldest(older, self._config.slop_ns)
        if self._is_enough(partial) and is_lost_by_others(partial, self._pool, living):
            return partial
        return complete if self._is_enough(complete) else ()

    def _is_enough(self, members: tuple[Waiting[PayloadT], ...]) -> bool:
        return len(members) >= self._config.min_cameras

    def _give_up_oldest(self) -> None:
        oldest = self._pool.pop(0)
        self._tracks[oldest.camera].events[Event.TOO_FEW] += 1
        self._restart_wait()

    def _emit(
        self, members: tuple[Waiting[PayloadT], ...], living: frozenset[int], closing: Closing
    ) -> Group[PayloadT]:
        newest_ns = max(member.stamp_ns for member in members)
        inside = {member.camera for member in members}
        for waiting in self._pool:
            if waiting.stamp_ns <= newest_ns and waiting not in members:
                self._tracks[waiting.camera].events[Event.SUPERSEDED] += 1
        self._pool = [waiting for waiting in self._pool if waiting.stamp_ns > newest_ns]
        self._restart_wait()
        self._last_set_ns = newest_ns
        for member in members:
            self._tracks[member.camera].sets += 1
            self._tracks[member.camera].skew_ns = member.stamp_ns - newest_ns
        missing = sorted(living - inside)
        for index in missing:
            self._tracks[index].missed += 1
        if missing and closing is Closing.COMPLETE:
            closing = Closing.LOST
        self._closings[closing] += 1
        return Group(
            arrivals=tuple(member.arrival for member in members),
            stamps_ns=tuple(member.stamp_ns for member in members),
            missing=tuple(self._config.cameras[index] for index in missing),
            closing=closing,
        )

    def _deadline_ns(self) -> int:
        return self._waiting_since_ns + self._config.max_wait_ns

    def _restart_wait(self) -> None:
        if self._pool:
            self._waiting_since_ns = min(waiting.since_ns for waiting in self._pool)
