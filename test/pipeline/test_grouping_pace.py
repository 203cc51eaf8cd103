"""Who is alive, and how long a set waits, at any speed of recording and machine."""

from occany_ros.pipeline.synchronisation.arrivals import Arrival, Closing, GroupingConfig
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
import pytest
from test_grouping import config, EPOCH, MS, Play, rig, stream

RATES = [0.05, 0.1, 0.5, 1.0, 10.0]
WARM_UP = 8


def played(messages, rate):
    """Messages of a recording, received when a player at this rate sends them."""
    return [(EPOCH + round((now - EPOCH) / rate), stamp, name) for now, stamp, name in messages]


def without(camera, messages, from_ms):
    return [m for m in messages if m[2] != camera or m[1] < EPOCH + from_ms * MS]


@pytest.mark.parametrize('rate', RATES)
def test_sets_are_whole_at_any_rate(rate):
    recorded = rig(3, hz=10, count=40, jitter_ms=4, latency_ms=60)
    play = Play(config(3)).run(played(recorded, rate))
    late = [group for group in play.groups if group.stamp_ns > EPOCH + WARM_UP * 100 * MS]
    assert len(late) >= 40 - WARM_UP - 1
    assert all(group.closing is Closing.COMPLETE for group in late)
    assert all(len(group.arrivals) == 3 for group in late)


@pytest.mark.parametrize('rate', RATES)
def test_a_camera_dies_after_the_same_stretch_of_any_recording(rate):
    recorded = without('camera_1', rig(3, hz=10, count=60), from_ms=2000)
    play = Play(config(3)).run(played(recorded, rate))
    patience_ms = max(1100, 600 + 100 * rate)  # the grace is on the steady clock
    silent_ms = [(group.stamp_ns - EPOCH) / MS - 1900 for group in play.groups]
    missed = [ms for ms, group in zip(silent_ms, play.groups, strict=True) if group.missing]
    gone = [g for ms, g in zip(silent_ms, play.groups, strict=True) if ms > patience_ms]
    assert all(0 < ms <= patience_ms for ms in missed)
    assert len(gone) >= 20
    assert all(len(group.arrivals) == 2 for group in gone)
    assert not play.grouper.statistics(play.now_ns)[1].alive


def test_cameras_of_a_slow_recording_do_not_look_dead_between_two_images():
    play = Play(config(2)).run(played(rig(2, hz=10, count=20), 0.05))
    between_ns = play.now_ns + 1500 * MS
    assert all(camera.alive for camera in play.grouper.statistics(between_ns))
    long_after_ns = play.now_ns + 60_000 * MS
    assert not any(camera.alive for camera in play.grouper.statistics(long_after_ns))


@pytest.mark.parametrize('stall_ms', [300, 1100, 1900])
def test_a_stall_of_this_process_splits_no_set(stall_ms):
    """What the middleware kept meanwhile, two images a camera, comes camera after camera."""
    play = Play(config(3)).run(rig(3, hz=10, count=20))
    before = len(play.groups)
    play.now_ns += stall_ms * MS
    play.keep(play.grouper.poll(play.now_ns))
    newest = EPOCH + (1900 + stall_ms // 100 * 100) * MS
    for camera in ('camera_0', 'camera_1', 'camera_2'):
        for stamp_ns in (newest - 100 * MS, newest):
            play.now_ns += MS
            arrival = Arrival(camera, stamp_ns, play.now_ns, (camera, stamp_ns))
            play.keep(play.grouper.push(arrival, play.now_ns))
    rest = [(n, s, c) for n, s, c in rig(3, hz=10, count=60) if s > newest]
    play.run(rest)
    after = play.groups[before:]
    assert play.flushes == []
    assert all(len(group.arrivals) == 3 for group in after)
    assert len(after) == 2 + len(rest) // 3


def test_a_paused_recording_goes_on_whole():
    recorded = rig(3, hz=10, count=40, latency_ms=30)
    half_ns = EPOCH + 1950 * MS
    paused = [(now + 30_000 * MS * (stamp > half_ns), stamp, c) for now, stamp, c in recorded]
    play = Play(config(3)).run(paused)
    assert play.flushes == []
    assert len(play.groups) == 40
    assert all(group.closing is Closing.COMPLETE for group in play.groups)


def test_a_dead_camera_is_not_waited_for_again_when_the_recording_loops():
    recorded = without('camera_1', rig(2, hz=10, count=50), from_ms=1000)
    play = Play(config(2)).run(recorded)
    first_round = len(play.groups)
    again_ns = play.now_ns + 100 * MS - EPOCH
    play.run([(now + again_ns, stamp, 'camera_0') for now, stamp, _ in stream_of(50)])
    second_round = [group for group in play.groups[first_round:] if hasattr(group, 'closing')]
    assert len(play.flushes) == 1
    assert len(second_round) == 49
    assert all(group.closing is Closing.COMPLETE for group in second_round)


def stream_of(count):
    return stream('camera_0', hz=10, count=count)


def test_who_comes_back_is_waited_for_again():
    messages = rig(2, hz=10, count=60)
    messages = [m for m in messages if m[2] == 'camera_0' or not 1000 < (m[1] - EPOCH) / MS < 4000]
    play = Play(config(2)).run(messages)
    back = [group for group in play.groups if group.stamp_ns > EPOCH + 4050 * MS]
    assert len(back) == 19
    assert all(len(group.arrivals) == 2 for group in back)


def test_fast_recordings_and_cameras_wait_no_longer_than_max_wait():
    for rate in (1.0, 10.0):
        play = Play(config(2)).run(played(rig(2, hz=10, count=20), rate))
        play.message('camera_0', EPOCH + 5000 * MS, play.now_ns + 10 * MS)
        play.message('camera_0', EPOCH + 5001 * MS, play.now_ns + 11 * MS)
        deadline_ns = play.grouper.next_deadline_ns
        assert deadline_ns is None or deadline_ns <= play.now_ns + 100 * MS


def test_other_limits_are_followed_and_nothing_is_forgotten():
    play = Play(config(2)).run(rig(2, hz=10, count=20))
    play.message('camera_0', EPOCH + 2000 * MS, play.now_ns + 10 * MS)
    play.grouper.adopt(config(2, slop_ns=20 * MS, max_wait_ns=30 * MS, min_cameras=2))
    assert play.grouper.waiting == 1
    assert sum(play.grouper.closings().values()) == 20
    assert play.grouper.next_deadline_ns == play.now_ns + 30 * MS
    play.message('camera_1', EPOCH + 2025 * MS, play.now_ns + 5 * MS)
    assert len(play.groups) == 20
    with pytest.raises(ValueError, match='cameras'):
        play.grouper.adopt(GroupingConfig(('camera_0',)))


def test_a_poll_before_the_first_message_is_harmless():
    grouper = FrameGrouper(config(2))
    assert grouper.poll(EPOCH).groups == ()
    assert all(camera.alive for camera in grouper.statistics(EPOCH + 5000 * MS))
