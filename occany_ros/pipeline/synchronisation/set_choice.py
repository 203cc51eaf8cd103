"""Which waiting messages form a set: pure functions over a list sorted by stamp."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic

from occany_ros.pipeline.synchronisation.arrivals import Arrival, PayloadT


@dataclass(frozen=True, slots=True, eq=False)
class Waiting(Generic[PayloadT]):
    """
    A message that is waiting for its set.

    :param camera: index of its camera.
    :param stamp_ns: its stamp, with a zero stamp replaced.
    :param since_ns: when it came, on the clock deadlines are measured with.
    :param after_loss: its camera lost at least one message just before it.
    :param half_period_ns: half the usual time between messages of its camera; zero if unknown.
    :param arrival: what is handed out.
    """

    camera: int
    stamp_ns: int
    since_ns: int
    after_loss: bool
    half_period_ns: int
    arrival: Arrival[PayloadT]


def newest_complete(
    pool: Sequence[Waiting[PayloadT]], wanted: Collection[int], slop_ns: int
) -> tuple[Waiting[PayloadT], ...]:
    """
    Newest set that holds every wanted camera.

    A set is the newest message of each camera within a window of stamps ``[t - slop, t]``; the
    largest ``t`` wins. The window slides once over the pool, so the cost is linear.

    :param pool: sorted by stamp.
    :param wanted: cameras that have to be in.
    :returns: members by camera; empty if there is no such set.
    """
    counts = dict.fromkeys(wanted, 0)
    absent = len(counts)
    first = len(pool)
    for last in range(len(pool) - 1, -1, -1):
        while first > 0 and pool[last].stamp_ns - pool[first - 1].stamp_ns <= slop_ns:
            first -= 1
            camera = pool[first].camera
            if camera in counts:
                absent -= counts[camera] == 0
                counts[camera] += 1
        if absent == 0:
            stop = last + 1
            members = _newest_of_each(pool[first:stop])
            if _same_beat(members):
                return members
        camera = pool[last].camera
        if camera in counts:
            counts[camera] -= 1
            absent += counts[camera] == 0
    return ()


def best_with_oldest(
    pool: Sequence[Waiting[PayloadT]], slop_ns: int
) -> tuple[Waiting[PayloadT], ...]:
    """
    Set of most cameras in the window that begins with the oldest message; ties go to the oldest.

    A message that follows a loss does not join messages more than half a period older: they
    belong to the beat its camera lost.

    :param pool: sorted by stamp.
    :returns: members by camera; empty if the pool is.
    """
    seen: set[int] = set()
    stop = 0
    for position, waiting in enumerate(pool):
        lag_ns = waiting.stamp_ns - pool[0].stamp_ns
        if lag_ns > slop_ns:
            break
        if waiting.after_loss and lag_ns > waiting.half_period_ns:
            break
        if waiting.camera not in seen:
            seen.add(waiting.camera)
            stop = position + 1
    return _newest_of_each(pool[:stop])


def is_lost_by_others(
    members: Sequence[Waiting[PayloadT]],
    pool: Sequence[Waiting[PayloadT]],
    wanted: Collection[int],
) -> bool:
    """
    Tell whether every missing camera has spoken since and is known to have lost this beat.

    :param members: a set out of ``pool``.
    :param pool: sorted by stamp.
    :param wanted: cameras that ought to be in.
    """
    newest_ns = max(member.stamp_ns for member in members)
    missing = set(wanted) - {member.camera for member in members}
    for waiting in pool:
        if waiting.camera in missing and waiting.stamp_ns > newest_ns:
            if not waiting.after_loss or waiting.stamp_ns - newest_ns <= waiting.half_period_ns:
                return False
            missing.remove(waiting.camera)
    return not missing


def _newest_of_each(window: Sequence[Waiting[PayloadT]]) -> tuple[Waiting[PayloadT], ...]:
    by_camera = {waiting.camera: waiting for waiting in window}
    return tuple(by_camera[camera] for camera in sorted(by_camera))


def _same_beat(members: Sequence[Waiting[PayloadT]]) -> bool:
    oldest_ns = min(member.stamp_ns for member in members)
    return not any(
        member.after_loss and member.stamp_ns - oldest_ns > member.half_period_ns
        for member in members
    )
