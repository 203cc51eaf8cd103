from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.pipeline.synchronisation.arrivals import Arrival
from occany_ros.pipeline.synchronisation.set_choice import (
    best_with_oldest,
    is_lost_by_others,
    newest_complete,
    Waiting,
)


def waiting(camera, stamp_ns, *, after_loss=False, half_period_ns=50):
    arrival = Arrival(str(camera), stamp_ns, stamp_ns, None)
    return Waiting(camera, stamp_ns, stamp_ns, after_loss, half_period_ns, arrival)


def stamps(members):
    return {member.camera: member.stamp_ns for member in members}


def literal_newest_complete(pool, wanted, slop_ns):
    """Try every combination of one message (or none, where allowed) from each camera."""
    cameras = sorted({entry.camera for entry in pool} | set(wanted))
    choices = [
        [entry for entry in pool if entry.camera == camera] + [None] * (camera not in wanted)
        for camera in cameras
    ]
    best, best_rank = {}, ()
    for combination in product(*choices):
        members = [entry for entry in combination if entry is not None]
        if not members:
            continue
        newest = max(entry.stamp_ns for entry in members)
        oldest = min(entry.stamp_ns for entry in members)
        if newest - oldest > slop_ns:
            continue
        own = tuple(-1 if entry is None else entry.stamp_ns for entry in combination)
        rank = (newest, *own)
        if rank > best_rank:
            best, best_rank = stamps(members), rank
    return best


pools = st.lists(
    st.builds(waiting, st.integers(0, 3), st.integers(0, 300)),
    max_size=10,
    unique_by=lambda entry: (entry.camera, entry.stamp_ns),
).map(lambda entries: sorted(entries, key=lambda entry: entry.stamp_ns))


@given(pools, st.sets(st.integers(0, 3), min_size=1), st.integers(0, 150))
def test_newest_complete_equals_trying_every_combination(pool, wanted, slop_ns):
    chosen = newest_complete(pool, wanted, slop_ns)
    assert stamps(chosen) == literal_newest_complete(pool, wanted, slop_ns)


@given(pools, st.integers(0, 150))
def test_best_with_oldest_holds_every_camera_of_the_first_window(pool, slop_ns):
    chosen = best_with_oldest(pool, slop_ns)
    reach = [entry for entry in pool if entry.stamp_ns - pool[0].stamp_ns <= slop_ns]
    assert {member.camera for member in chosen} == {entry.camera for entry in reach}
    if chosen:
        span = max(stamps(chosen).values()) - min(stamps(chosen).values())
        assert span <= slop_ns


def test_message_after_a_loss_does_not_complete_the_beat_its_camera_lost():
    pool = [waiting(0, 0), waiting(1, 1), waiting(2, 33, after_loss=True, half_period_ns=16)]
    assert newest_complete(pool, {0, 1, 2}, slop_ns=50) == ()
    assert stamps(best_with_oldest(pool, slop_ns=50)) == {0: 0, 1: 1}


def test_message_without_a_loss_completes_staggered_cameras():
    pool = [waiting(0, 0), waiting(1, 1), waiting(2, 33)]
    assert stamps(newest_complete(pool, {0, 1, 2}, slop_ns=50)) == {0: 0, 1: 1, 2: 33}


def test_beat_is_lost_once_every_missing_camera_spoke_after_a_loss():
    beat = [waiting(0, 0), waiting(1, 1)]
    later = waiting(2, 100, after_loss=True)
    assert is_lost_by_others(beat, [*beat, later], {0, 1, 2})
    assert not is_lost_by_others(beat, [*beat, later], {0, 1, 2, 3})
    assert not is_lost_by_others(beat, [*beat, waiting(2, 100)], {0, 1, 2})
