"""Which rule makes sets, and the user's message_filters where it is installed."""

from itertools import pairwise
import os
import sys

from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    Closing,
    Event,
    Flush,
    GroupingConfig,
)
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
from occany_ros.ros.cameras.filter_sets import queue_depth
from occany_ros.ros.cameras.sync_policy import synchroniser
from occany_ros.ros.health.doctor import examine
import pytest
from std_srvs.srv import Trigger

MS = 1_000_000
EPOCH = 1_700_000_000_000 * MS
CONFIG = GroupingConfig(('a', 'b', 'c'))
POLICIES = ['exact_time', 'approximate_time']


class Play:
    """Puts messages into a synchroniser and keeps what comes out."""

    def __init__(self, policy, config=CONFIG):
        if policy != 'deadline':
            pytest.importorskip(
                'message_filters', reason='needs ros-<distro>-message-filters on PYTHONPATH'
            )
        self.sets = synchroniser(policy, config)
        self.sent = 0
        self.groups = []
        self.flushes = []

    def message(self, camera, ms, now_ms=None):
        now_ns = EPOCH + (ms if now_ms is None else now_ms) * MS
        arrival = Arrival(camera, EPOCH + ms * MS, now_ns, (camera, ms))
        grouped = self.sets.push(arrival, now_ns)
        self.sent += 1
        self.groups += grouped.groups
        self.flushes += [grouped.flush] if grouped.flush else []
        return grouped

    def events(self, event):
        return sum(camera.events.get(event, 0) for camera in self.sets.statistics(EPOCH))

    def is_complete_account(self):
        """Every message is in a set, waits, or was counted."""
        in_sets = sum(len(group.arrivals) for group in self.groups)
        kept = {Event.ZERO_STAMP, Event.OUT_OF_ORDER}
        dropped = sum(self.events(event) for event in Event if event not in kept)
        return in_sets + dropped + self.sets.waiting == self.sent


def test_our_own_rule_needs_nothing():
    assert isinstance(synchroniser('deadline', CONFIG), FrameGrouper)


@pytest.mark.parametrize('policy', POLICIES)
def test_without_message_filters_the_error_names_the_remedies(policy, monkeypatch):
    monkeypatch.setitem(sys.modules, 'message_filters', None)
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    with pytest.raises(ValueError, match='ros-jazzy-message-filters') as raised:
        synchroniser(policy, CONFIG)
    assert f'sync.policy: {policy}' in str(raised.value)
    assert 'deadline' in str(raised.value)


def test_the_doctor_finds_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'message_filters', None)
    found = examine({'sync.policy': 'exact_time'}, seconds=0, node='/occany')
    finding = next(item for item in found if item.subject == 'sync')
    assert finding.level == 'fault'
    assert 'message-filters' in finding.text


def test_queues_are_short_enough_for_every_number_of_cameras():
    assert [queue_depth(cameras) for cameras in (1, 2, 4, 6, 8)] == [10, 10, 10, 5, 3]
    assert all(queue_depth(cameras) ** (cameras - 1) <= 4000 for cameras in range(1, 9))
    assert queue_depth(64) == 2


@pytest.mark.parametrize('policy', POLICIES)
def test_equal_stamps_make_sets_in_the_configured_order(policy):
    play = Play(policy)
    for beat in range(5):
        for camera in 'cab':
            play.message(camera, 100 * beat)
    assert [group.stamp_ns for group in play.groups] == [
        EPOCH + 100 * beat * MS for beat in range(5)
    ]
    assert all([a.camera for a in group.arrivals] == ['a', 'b', 'c'] for group in play.groups)
    assert play.groups[2].arrivals[1].payload == ('b', 200)
    assert play.sets.closings() == {Closing.COMPLETE: 5}
    assert play.sets.next_deadline_ns is None
    assert play.is_complete_account()


def test_close_stamps_make_a_set_only_where_they_may_differ():
    exact, close = Play('exact_time'), Play('approximate_time')
    for play in (exact, close):
        for beat in range(5):
            for late, camera in enumerate('abc'):
                play.message(camera, 100 * beat + 7 * late)
    assert exact.groups == []
    assert exact.sets.waiting == 15
    assert len(close.groups) == 5
    assert close.groups[0].stamps_ns == (EPOCH, EPOCH + 7 * MS, EPOCH + 14 * MS)


@pytest.mark.parametrize('policy', POLICIES)
def test_a_camera_that_falls_silent_ends_the_sets_and_shows(policy):
    play = Play(policy)
    for beat in range(40):
        for camera in 'abc' if beat < 5 else 'ab':
            play.message(camera, 100 * beat)
    assert len(play.groups) == 5
    assert [camera.alive for camera in play.sets.statistics(EPOCH + 3900 * MS)] == [1, 1, 0]
    assert play.events(Event.OVERFLOW) == 2 * (35 - 10)
    assert play.is_complete_account()


@pytest.mark.parametrize('policy', POLICIES)
def test_jumps_zero_stamps_and_duplicates_are_treated_as_by_our_own_rule(policy):
    play = Play(policy)
    for beat in range(10):
        for camera in 'abc':
            play.message(camera, 100 * beat)
    play.message('a', 1000)
    play.message('a', 1000)
    for beat in range(10):
        for camera in 'abc':
            play.message(camera, 100 * beat - 9000, now_ms=1100 + 100 * beat)
    assert play.flushes == [Flush.BACKWARD]
    assert play.events(Event.FLUSHED) == 1
    assert play.events(Event.DUPLICATE) == 1
    after = [group.stamp_ns for group in play.groups[10:]]
    assert len(after) >= 9
    assert all(earlier < later for earlier, later in pairwise(after))
    assert play.is_complete_account()
    blank = Play(policy, GroupingConfig(('a',)))
    blank.sets.push(Arrival('a', 0, EPOCH, None), EPOCH)
    assert sum(blank.sets.closings().values()) == 1


@pytest.mark.parametrize('policy', POLICIES)
def test_a_stamp_out_of_order_never_makes_a_set_go_backwards(policy):
    play = Play(policy)
    for camera, ms in [('a', 100), ('b', 100), ('a', 200), ('b', 200), ('c', 200), ('c', 100)]:
        play.message(camera, ms)
    assert [group.stamp_ns for group in play.groups] == [EPOCH + 200 * MS]
    assert play.is_complete_account()


def test_a_reset_and_other_limits_begin_anew():
    play = Play('approximate_time')
    play.message('a', 0)
    play.sets.adopt(GroupingConfig(CONFIG.cameras, slop_ns=5 * MS))
    assert play.sets.waiting == 0
    for late, camera in enumerate('abc'):
        play.message(camera, 100 + 4 * late)
    assert play.groups == []
    play.sets.reset(EPOCH)
    for late, camera in enumerate('abc'):
        play.message(camera, 200 + late)
    assert len(play.groups) == 1
    assert play.is_complete_account()
    assert play.sets.poll(EPOCH).groups == play.sets.drain(EPOCH).groups == ()


def test_what_waits_stays_short_where_no_combination_fits():
    cameras = tuple('abcdef')
    play = Play('approximate_time', GroupingConfig(cameras, slop_ns=200 * MS))
    for beat in range(60):
        for late, camera in enumerate(cameras):
            # The last camera is a little further away than the slop: all else is tried.
            play.message(camera, 33 * beat + late + 250 * (late == 5))
            assert play.sets.waiting <= queue_depth(6) * 6
    assert play.is_complete_account()


def test_the_node_says_what_is_missing(graph, tmp_path):
    (tmp_path / 'message_filters.py').write_text("raise ImportError('taken away')")
    paths = graph.environment['PYTHONPATH']
    graph.environment['PYTHONPATH'] = f'{tmp_path}{os.pathsep}{paths}'
    graph.occany(sync__policy='exact_time')
    graph.wait(lambda: graph.text('inference')[0] == 2, 'the error')
    assert 'message-filters' in graph.text('inference')[1]
    assert 'set sync.policy to deadline' in graph.text('output')[1]
    assert graph.call(Trigger, '/occany/status').message


def test_the_node_with_message_filters(graph):
    pytest.importorskip(
        'message_filters', reason='needs ros-<distro>-message-filters on PYTHONPATH'
    )
    names = ['front', 'left', 'right']
    graph.cameras(names=names, dead={'left': 80})
    graph.occany(cameras=names, sync__policy='approximate_time', watchdog__first_output_s=1.0)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 3 and graph.figure('sync', 'sets') >= 3, 'grids')
    values = {item.key: item.value for item in graph.status['sync'].values}
    assert (values['policy'], values['partial_sets']) == ('approximate_time', '0')
    graph.wait(lambda: 'no sets without it' in graph.text('camera left')[1], 'the warning')
    graph.wait(lambda: 'makes no set without left' in graph.text('output')[1], 'the explanation')
    assert graph.text('output')[0] == 2
