"""Faults of others: drivers that die or come back different, clocks that jump, deaf readers."""

from itertools import pairwise
import os
import signal
import sys

from nav_msgs.msg import Odometry
from node_harness import HERE
from occany_ros.ros.messages.convert import stamp_ns_of
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger

ERROR = 2
THREE = ['front', 'front_left', 'front_right']


def explained(graph, *parts):
    """Wait until silence is explained with these words."""

    def is_said():
        level, message = graph.text('output')
        return level == ERROR and all(part in message for part in parts)

    graph.wait(is_said, f'{parts}')


def is_going(graph):
    """Wait until images come again and give output, and nothing is left to explain."""
    graph.wait_for_outputs(2)
    graph.wait(lambda: graph.text('output')[0] == 0, 'the end of the explanation')


def test_a_killed_player_is_explained_and_another_one_with_other_qos_goes_on(graph):
    player = graph.cameras(stamp='now', tf=False)
    node = graph.occany(watchdog__first_output_s=1.0)
    is_going(graph)
    player.stop(signal.SIGKILL)
    explained(graph, 'camera front: silent for', 'play the bag again')
    assert graph.call(Trigger, '/occany/status').success
    graph.cameras(stamp='now', tf=False, reliable=True)
    is_going(graph)
    graph.wait(lambda: graph.text('camera front')[0] == 0, 'a camera that is well')
    assert 'silent for' in node.text
    graph.wait(lambda: 'output: well again' in node.text, 'the end of the warning')


def test_a_driver_that_comes_back_with_weaker_qos_than_asked_for_is_explained(graph):
    driver = graph.cameras(stamp='now', tf=False, reliable=True)
    graph.occany(watchdog__first_output_s=1.0, qos__image_reliability='reliable')
    is_going(graph)
    driver.stop(signal.SIGKILL)
    weak = graph.cameras(stamp='now', tf=False, reliable=False)
    explained(graph, 'camera front', 'qos.image_reliability', 'best_effort')
    graph.wait(lambda: graph.figure('camera front', 'qos_mismatch') >= 1, 'the counter')
    weak.stop(signal.SIGKILL)
    graph.cameras(stamp='now', tf=False, reliable=True)
    is_going(graph)


def test_a_clock_that_jumps_both_ways_restarts_once_each(graph):
    # Two seconds from jump to jump: no set may take so long, or one restart would stand for both.
    graph.cameras(names=THREE, hz=5.0, clock=True, jumps={'10': -8, '20': 16}, steps=30)
    graph.occany(cameras=THREE, use_sim_time=True, memory__max_gap=5.0)
    odometry = graph.subscribe(Odometry, '/occany/odom')
    graph.wait(lambda: graph.processes[0].child.poll() is not None, 'the end of the images')

    def after_jumps():
        return [
            later
            for earlier, later in pairwise(odometry)
            if not 0 < stamp_ns_of(later.header.stamp) - stamp_ns_of(earlier.header.stamp) < 5e9
        ]

    def restarts():
        kinds = ('backward', 'gap')
        return [int(graph.figure('memory', f'restarts: {kind}')) for kind in kinds]

    graph.wait(lambda: all(restarts()) and len(after_jumps()) >= 2, 'both restarts')
    graph.steady(lambda: graph.figure('inference', 'outputs'), 'the end of the sets')
    assert restarts() == [1, 1]
    assert graph.figure('inference', 'failures') == 0
    assert len(after_jumps()) == 2
    assert all(map(is_start, after_jumps()))
    assert graph.figure('memory', 'frames') <= 2


def is_start(message):
    """Tell whether odometry has just begun: the robot is exactly where it started."""
    place, turn = message.pose.pose.position, message.pose.pose.orientation
    return (place.x, place.y, place.z, turn.x, turn.y, turn.z) == (0, 0, 0, 0, 0, 0)


def test_subscribers_that_never_read_hold_up_nothing(graph):
    graph.cameras(stamp='now', tf=False, hz=30.0)
    graph.occany()
    deaf = [graph.start([sys.executable, str(HERE / 'idle_subscriber.py')]) for _ in range(2)]
    graph.wait(lambda: all('subscribed' in one.text for one in deaf), 'the subscribers')
    graph.wait(lambda: graph.figure('output', 'subscribers ~/points') >= 2, 'their discovery')
    frozen = deaf[0].child.pid
    os.kill(frozen, signal.SIGSTOP)  # not even its middleware answers any more
    try:
        clouds = graph.subscribe(PointCloud2, '/occany/points')
        graph.wait(lambda: len(clouds) > 5, 'clouds for those that do read')
        graph.wait_for_outputs(20)
        resident = graph.figure('memory', 'rss_mb')
        received = len(clouds)
        graph.wait_for_outputs(40)
        graph.wait(lambda: len(clouds) >= received + 30, 'clouds all the while')
        assert graph.figure('memory', 'rss_mb') < resident + 32
        assert graph.figure('inference', 'publish_ms_p95') < 1000
    finally:
        for one in deaf:
            one.stop(signal.SIGKILL)


def test_a_change_of_parameters_is_taken_whole_or_not_at_all(graph):
    graph.cameras()
    graph.occany()
    is_going(graph)

    def put(**values):
        given = [
            Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
            for name, value in values.items()
        ]
        kind, service = SetParametersAtomically, '/occany/set_parameters_atomically'
        return graph.call(kind, service, parameters=given).result

    def slop():
        names = ['sync.slop']
        return graph.call(GetParameters, '/occany/get_parameters', names=names).values[0]

    for values, name in [
        ({'sync__slop': 0.2, 'costmap__z_min': 9.0}, 'costmap.z_min'),
        ({'sync__slop': 0.2, 'confidence__recon': 0.5}, 'confidence.recon'),
        ({'sync__slop': 0.2, 'sync__min_cameras': 2}, 'sync.min_cameras'),
        ({'sync__slop': 0.2, 'model__variant': 'occany'}, 'model.variant'),
    ]:
        result = put(**values)
        assert not result.successful
        assert name in result.reason, result.reason
        assert slop().double_value == 0.05
    assert put(sync__slop=0.2, costmap__z_min=0.1).successful
    assert slop().double_value == 0.2
    is_going(graph)
    assert graph.figure('sync', 'sets') > 2, 'counters stay through a change'


def test_sets_used_further_apart_than_memory_lasts_are_explained(graph):
    graph.cameras(stamp='now', tf=False)
    graph.occany(memory__max_gap=0.3, max_rate_hz=1.0)

    def is_explained():
        level, text = graph.text('memory')
        return level == 1 and 'raise memory.max_gap' in text

    graph.wait(lambda: graph.figure('memory', 'restarts: gap') >= 1, 'a restart')
    graph.wait(is_explained, 'the warning')
