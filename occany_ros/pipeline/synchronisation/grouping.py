"""Sets of images that belong together, out of the messages of any number of cameras."""

from bisect import insort
from operator import attrgetter

from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    Closing,
    Event,
    Group,
    GroupingConfig,
    PayloadT,
)
from occany_ros.pipeline.synchronisation.reception import Received
from occany_ros.pipeline.synchronisation.set_choice import (
    best_with_oldest,
    is_lost_by_others,
    newest_complete,
    Waiting,
)
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser

_STAMP = attrgetter('stamp_ns')


class FrameGrouper(Synchroniser[PayloadT]):
    """
    Synchroniser of any number of cameras.

    It hands out the newest set whose stamps lie within the slop, as soon as every living camera
    is in; a smaller set as soon as the cameras that are missing are known to have lost their
    message; and otherwise what there is once ``max_wait`` is over. Sets never go backwards. At
    most ``depth`` messages of a camera are kept, payloads are never looked into, and a message
    costs time in proportion to the number of cameras.

    A set waits on the steady clock, for longer where a recording is played slower than it was
    made (see `occany_ros.pipeline.synchronisation.reception.Reception.slowness`); whether a
    camera is alive is told by the stamps (see
    `occany_ros.pipeline.synchronisation.liveness.Liveness`).

    :param config: see `GroupingConfig`.
    """

    def __init__(self, config: GroupingConfig) -> None:
        super().__init__(config)
        self._pool: list[Waiting[PayloadT]] = []
        self._waiting_since_ns = 0

    @property
    def needs_all(self) -> bool:
        """Tell whether every set holds every camera, so that one that is silent ends them."""
        return self.config.min_cameras == len(self.config.cameras)

    @property
    def waiting(self) -> int:
        """Count the messages that wait for their set."""
        return len(self._pool)

    @property
    def next_deadline_ns(self) -> int | None:
        """Steady time at which `poll` hands out what waits now; None if nothing does."""
        if not self._pool:
            return None
        return self._deadline_ns()

    def _drop_all(self) -> None:
        for waiting in self._pool:
            self._count(waiting, Event.FLUSHED)
        self._pool.clear()

    def _admit(
        self, received: Received, stamp_ns: int, arrival: Arrival[PayloadT], now_ns: int
    ) -> None:
        if not self._pool:
            self._waiting_since_ns = now_ns
        index = received.camera
        half_ns = self._reception.tracks[index].period_ns // 2
        waiting = Waiting(index, stamp_ns, now_ns, received.after_loss, half_ns, arrival)
        insort(self._pool, waiting, key=_STAMP)
        mine = [position for position, held in enumerate(self._pool) if held.camera == index]
        if len(mine) > self.config.depth:
            self._count(self._pool.pop(mine[0]), Event.OVERFLOW)

    def _collect(self, now_ns: int, *, is_over: bool = False) -> tuple[Group[PayloadT], ...]:
        groups: list[Group[PayloadT]] = []
        living = self._reception.living(now_ns)
        while self._pool:
            members = self._closed(living)
            closing = Closing.COMPLETE
            if not members and (is_over or now_ns >= self._deadline_ns()):
                members, closing = (
                    best_with_oldest(self._pool, self.config.slop_ns),
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
        complete = newest_complete(self._pool, living, self.config.slop_ns)
        older = self._pool
        if complete:
            oldest_ns = min(member.stamp_ns for member in complete)
            older = [waiting for waiting in self._pool if waiting.stamp_ns < oldest_ns]
        partial = best_with_oldest(older, self.config.slop_ns)
        if self._is_enough(partial) and is_lost_by_others(partial, self._pool, living):
            return partial
        return complete if self._is_enough(complete) else ()

    def _is_enough(self, members: tuple[Waiting[PayloadT], ...]) -> bool:
        return len(members) >= self.config.min_cameras

    def _give_up_oldest(self) -> None:
        self._count(self._pool.pop(0), Event.TOO_FEW)
        self._restart_wait()

    def _emit(
        self, members: tuple[Waiting[PayloadT], ...], living: frozenset[int], closing: Closing
    ) -> Group[PayloadT]:
        newest_ns = max(member.stamp_ns for member in members)
        for waiting in self._pool:
            if waiting.stamp_ns <= newest_ns and waiting not in members:
                self._count(waiting, Event.SUPERSEDED)
        self._pool = [waiting for waiting in self._pool if waiting.stamp_ns > newest_ns]
        self._restart_wait()
        entries = [(member.camera, member.stamp_ns, member.arrival) for member in members]
        return self._reception.group(entries, living, closing)

    def _count(self, waiting: Waiting[PayloadT], event: Event) -> None:
        self._reception.tracks[waiting.camera].events[event] += 1

    def _deadline_ns(self) -> int:
        return self._waiting_since_ns + self._reception.max_wait_ns

    def _restart_wait(self) -> None:
        if self._pool:
            self._waiting_since_ns = min(waiting.since_ns for waiting in self._pool)
