from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    Closing,
    Event,
    Flush,
    GroupingConfig,
)
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
import pytest

MS = 1_000_000
EPOCH = 1_700_000_000_000 * MS


def names(count):
    return tuple(f'camera_{index}' for index in range(count))


def config(count, **changes):
    return GroupingConfig(names(count), **changes)


class Play:
    """Plays messages into a grouper, polling every five milliseconds, and keeps what comes out."""

    def __init__(self, grouping):
        self.grouper = FrameGrouper(grouping)
        self.now_ns = None
        self.groups = []
        self.waits_ns = []
        self.flushes = []

    def keep(self, grouped):
        if grouped.flush is not None:
            self.flushes.append(grouped.flush)
            self.groups.append(grouped.flush)
        self.groups.extend(grouped.groups)
        self.waits_ns.extend(self.now_ns - group.stamp_ns for group in grouped.groups)

    def until(self, now_ns):
        if self.now_ns is None:
            self.now_ns = now_ns
        while self.now_ns + 5 * MS < now_ns:
            self.now_ns += 5 * MS
            self.keep(self.grouper.poll(self.now_ns))
        self.now_ns = now_ns

    def message(self, camera, stamp_ns, now_ns=None):
        self.until(stamp_ns if now_ns is None else now_ns)
        arrival = Arrival(camera, stamp_ns, self.now_ns, (camera, stamp_ns))
        self.keep(self.grouper.push(arrival, self.now_ns))

    def run(self, messages):
        for now_ns, stamp_ns, camera in sorted(messages):
            self.message(camera, stamp_ns, now_ns)
        return self

    def events(self, event):
        statistics = self.grouper.statistics(self.now_ns)
        return sum(camera.events.get(event, 0) for camera in statistics)


def stream(camera, *, hz, count, phase_ns=0, loss=0.0, jitter_ms=0.0, latency_ms=2.0, seed=0):
    """Messages of one camera as (receipt, stamp, name)."""
    draw = np.random.default_rng([seed, *camera.encode()])
    messages = []
    for beat in range(count):
        stamp_ns = EPOCH + round(beat * 1e9 / hz) + phase_ns
        stamp_ns += round(draw.uniform(-jitter_ms, jitter_ms) * MS)
        receipt_ns = stamp_ns + round(draw.uniform(0.5, 1.0) * latency_ms * MS)
        if draw.random() >= loss:
            messages.append((receipt_ns, stamp_ns, camera))
    return messages


def rig(cameras, **options):
    return [message for camera in names(cameras) for message in stream(camera, **options)]


@pytest.mark.parametrize('count', [1, 2, 3, 6, 8])
def test_every_beat_gives_one_complete_set(count):
    play = Play(config(count)).run(rig(count, hz=10, count=50, jitter_ms=4, latency_ms=20))
    assert len(play.groups) == 50
    assert all(group.closing is Closing.COMPLETE for group in play.groups)
    order = tuple(arrival.camera for arrival in play.groups[0].arrivals)
    assert order == names(count)
    assert max(play.waits_ns) <= 30 * MS  # nothing waits for anything but the last camera


@pytest.mark.parametrize('hz', [10, 15, 20, 30])
@pytest.mark.parametrize(('jitter_ms', 'latency_ms'), [(0, 2), (3, 20), (3, 60)])
def test_ten_percent_loss_on_six_cameras_costs_few_sets(hz, jitter_ms, latency_ms):
    messages = rig(6, hz=hz, count=300, loss=0.1, jitter_ms=jitter_ms, latency_ms=latency_ms)
    play = Play(config(6)).run(messages)
    play.keep(play.grouper.drain(play.now_ns))
    periods = {round((group.stamp_ns - EPOCH) * hz / 1e9) for group in play.groups}
    assert len(periods) >= 0.95 * 300
    assert len(play.groups) <= 300
    full = sum(len(group.arrivals) >= 4 for group in play.groups)
    assert full >= 0.9 * 300
    assert max(play.waits_ns) <= (100 + 5 + latency_ms + jitter_ms) * MS


def test_killed_camera_is_waited_for_only_until_it_is_stale():
    messages = rig(3, hz=10, count=40)
    died_ns = EPOCH + 1500 * MS
    messages = [m for m in messages if m[2] != 'camera_1' or m[1] < died_ns]
    play = Play(config(3)).run(messages)
    late = [group for group in play.groups if group.stamp_ns > died_ns + 1200 * MS]
    assert len(play.groups) >= 39
    assert all(group.closing is Closing.COMPLETE for group in late)
    assert all(len(group.arrivals) == 2 and not group.missing for group in late)
    early = [group for group in play.groups if 0 <= group.stamp_ns - died_ns < 800 * MS]
    assert all(group.missing == ('camera_1',) for group in early)
    dead = play.grouper.statistics(play.now_ns)[1]
    assert not dead.alive
    assert dead.missed == sum(group.missing == ('camera_1',) for group in play.groups)


def test_camera_that_never_speaks_delays_only_the_beginning():
    play = Play(config(2)).run(stream('camera_0', hz=10, count=30))
    assert play.waits_ns[0] >= 95 * MS
    assert max(play.waits_ns[15:]) <= 5 * MS


def test_min_cameras_is_never_undercut():
    messages = rig(3, hz=10, count=60, loss=0.4)
    play = Play(config(3, min_cameras=3)).run(messages)
    assert play.groups
    assert all(len(group.arrivals) == 3 for group in play.groups)
    assert play.events(Event.TOO_FEW) > 0


def test_staggered_cameras_need_a_slop_of_their_spread_but_always_give_sets():
    messages = [
        message
        for index, camera in enumerate(names(6))
        for message in stream(camera, hz=10, count=50, phase_ns=index * 16 * MS)
    ]
    wide = Play(config(6, slop_ns=85 * MS)).run(messages)
    assert len(wide.groups) == 50
    assert all(len(group.arrivals) == 6 for group in wide.groups)
    narrow = Play(config(6, slop_ns=50 * MS)).run(messages)
    assert len(narrow.groups) >= 50
    assert min(len(group.arrivals) for group in narrow.groups[:-2]) >= 3


def test_slow_cameras_in_antiphase_do_not_stop_the_fast_one():
    messages = stream('camera_0', hz=30, count=150)
    messages += stream('camera_1', hz=3, count=15)
    messages += stream('camera_2', hz=3, count=15, phase_ns=166 * MS)
    play = Play(config(3)).run(messages)
    gaps_ns = [b.stamp_ns - a.stamp_ns for a, b in pairwise(play.groups)]
    assert max(gaps_ns) <= 170 * MS
    used = [arrival.camera for group in play.groups for arrival in group.arrivals]
    assert used.count('camera_1') >= 13
    assert used.count('camera_2') >= 13


def test_faster_camera_does_not_split_the_sets_of_a_slower_one():
    messages = stream('camera_0', hz=30, count=90) + stream('camera_1', hz=10, count=30)
    play = Play(config(2)).run(messages)
    complete = sum(len(group.arrivals) == 2 for group in play.groups)
    assert complete >= 29
    assert len(play.groups) <= 32


def test_camera_with_high_latency_still_joins_within_max_wait():
    messages = stream('camera_0', hz=10, count=30)
    messages += stream('camera_1', hz=10, count=30, latency_ms=80)
    play = Play(config(2)).run(messages)
    assert sum(group.closing is Closing.COMPLETE for group in play.groups) >= 29


def test_zero_stamps_are_replaced_by_the_receipt_and_counted():
    play = Play(config(2))
    for beat in range(5):
        now_ns = EPOCH + beat * 100 * MS
        play.message('camera_0', 0, now_ns)
        play.message('camera_1', 0, now_ns + 3 * MS)
    assert len(play.groups) == 5
    assert play.groups[0].stamps_ns == (EPOCH, EPOCH + 3 * MS)
    assert play.events(Event.ZERO_STAMP) == 10


def test_duplicate_and_late_messages_are_dropped_and_counted():
    play = Play(config(2))
    play.message('camera_0', EPOCH)
    play.message('camera_0', EPOCH, EPOCH + MS)
    assert play.events(Event.DUPLICATE) == 1
    play.until(EPOCH + 150 * MS)
    play.message('camera_1', EPOCH, EPOCH + 151 * MS)
    assert len(play.groups) == 1
    assert play.events(Event.LATE) == 1


def test_looped_recording_flushes_once_even_with_stragglers():
    play = Play(config(3))
    play.run(rig(3, hz=10, count=50))
    first_end_ns = play.now_ns
    shift_ns = first_end_ns + 100 * MS - EPOCH
    second = [(now + shift_ns, stamp, camera) for now, stamp, camera in rig(3, hz=10, count=50)]
    last_stamp_ns = EPOCH + 5000 * MS
    second += [(shift_ns + EPOCH + 15 * MS, last_stamp_ns, 'camera_2')]
    second += [(shift_ns + EPOCH + 16 * MS, last_stamp_ns, 'camera_1')]
    play.run(second)
    assert play.flushes == [Flush.BACKWARD]
    assert sum(group is not Flush.BACKWARD for group in play.groups) >= 99


def test_one_backward_stamp_is_a_counted_drop():
    play = Play(config(2)).run(rig(2, hz=10, count=20))
    play.message('camera_0', EPOCH + 10 * MS, play.now_ns + 10 * MS)
    assert play.events(Event.BACKWARD) == 1
    later = [(n, s, c) for n, s, c in rig(2, hz=10, count=40) if s > EPOCH + 1950 * MS]
    play.run(later)
    assert play.flushes == []
    assert len(play.groups) == 40


def test_one_stamp_far_ahead_is_a_counted_drop():
    play = Play(config(2)).run(rig(2, hz=10, count=20))
    play.message('camera_0', EPOCH + 3600_000 * MS, play.now_ns + 10 * MS)
    assert play.events(Event.FORWARD) == 1
    play.run([(n, s, c) for n, s, c in rig(2, hz=10, count=40) if s > EPOCH + 1950 * MS])
    assert play.flushes == []
    assert len(play.groups) == 40


def test_pause_longer_than_the_gap_flushes_once():
    messages = [m for m in rig(2, hz=10, count=90) if not 2000 < (m[1] - EPOCH) / MS < 5000]
    play = Play(config(2)).run(messages)
    assert play.flushes == [Flush.GAP]
    assert len(play.groups) == 1 + len({stamp for _, stamp, _ in messages})


def test_camera_on_another_clock_does_not_flush():
    messages = stream('camera_0', hz=10, count=50)
    strange = [(n, s - EPOCH + 77_000 * MS, c) for n, s, c in stream('camera_1', hz=10, count=50)]
    play = Play(config(2)).run(messages + strange)
    assert len(play.flushes) <= 1
    tail = [g for g in play.groups if g not in list(Flush)][-30:]
    assert all(group.arrivals[0].camera == 'camera_0' for group in tail)
    assert play.events(Event.LATE) > 30


def test_reset_forgets_what_waits():
    play = Play(config(2))
    play.message('camera_0', EPOCH)
    play.grouper.reset(play.now_ns)
    assert play.grouper.next_deadline_ns is None
    play.until(EPOCH + 300 * MS)
    assert play.groups == []
    assert play.events(Event.FLUSHED) == 1


def test_next_deadline_is_when_poll_acts():
    play = Play(config(2))
    play.message('camera_0', EPOCH)
    deadline_ns = play.grouper.next_deadline_ns
    assert not play.grouper.poll(deadline_ns - 1).groups
    (group,) = play.grouper.poll(deadline_ns).groups
    assert group.closing is Closing.WAITED


def test_statistics_give_rate_age_skew_and_silence():
    messages = stream('camera_0', hz=10, count=20, latency_ms=0)
    messages += stream('camera_1', hz=10, count=20, latency_ms=0, phase_ns=-20 * MS)
    play = Play(config(2)).run(messages)
    first, second = play.grouper.statistics(play.now_ns + 500 * MS)
    assert first.rate_hz == pytest.approx(10)
    assert (first.skew_ns, second.skew_ns) == (0, -20 * MS)
    assert (first.age_ns, first.sets, first.received) == (0, 20, 20)
    assert first.silence_ns == 500 * MS
    assert first.alive


def test_unknown_camera_is_refused_by_name():
    with pytest.raises(LookupError, match='rear'):
        FrameGrouper(config(1)).push(Arrival('rear', 1, 1, None), 1)


@pytest.mark.parametrize(
    'change', [{'min_cameras': 3}, {'slop_ns': -1}, {'depth': 0}, {'cameras': ('a', 'a')}]
)
def test_bad_configuration_is_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        GroupingConfig(**({'cameras': ('a', 'b')} | change))


streams = st.lists(
    st.fixed_dictionaries(
        {
            'hz': st.sampled_from([1, 3, 7, 10, 30]),
            'loss': st.sampled_from([0.0, 0.1, 0.5]),
            'jitter_ms': st.sampled_from([0.0, 5.0, 40.0]),
            'latency_ms': st.sampled_from([1.0, 30.0, 200.0]),
            'phase_ns': st.integers(0, 100 * MS),
            'seed': st.integers(0, 9),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(streams, st.integers(1, 5), st.integers(0, 80), st.integers(1, 4))
def test_whatever_comes_sets_are_tight_monotonic_and_nothing_is_lost_or_doubled(
    options, min_cameras, slop_ms, depth
):
    cameras = names(len(options))
    grouping = GroupingConfig(
        cameras,
        slop_ns=slop_ms * MS,
        min_cameras=min(min_cameras, len(cameras)),
        depth=depth,
    )
    messages = [
        message
        for camera, option in zip(cameras, options, strict=True)
        for message in stream(camera, count=option['hz'] * 3, **option)
    ]
    play = Play(grouping)
    for now_ns, stamp_ns, camera in sorted(messages):
        play.message(camera, stamp_ns, now_ns)
        assert len(play.grouper._pool) <= depth * len(cameras)
    if messages:
        play.keep(play.grouper.drain(play.now_ns))
    groups = [group for group in play.groups if group not in list(Flush)]
    for group in groups:
        assert max(group.stamps_ns) - min(group.stamps_ns) <= slop_ms * MS
        assert len(group.arrivals) >= grouping.min_cameras
        order = [cameras.index(arrival.camera) for arrival in group.arrivals]
        assert order == sorted(set(order))
    if not play.flushes:
        assert all(a.stamp_ns < b.stamp_ns for a, b in pairwise(groups))
    payloads = [arrival.payload for group in groups for arrival in group.arrivals]
    assert len(payloads) == len(set(payloads))
    kept = {Event.ZERO_STAMP, Event.OUT_OF_ORDER}
    dropped = sum(play.events(event) for event in Event if event not in kept)
    assert len(payloads) + dropped == len(messages)
