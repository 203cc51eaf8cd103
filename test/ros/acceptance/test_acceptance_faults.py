"""Acceptance 2, 6, 11, 18 and 19: what goes wrong costs what it must, and is explained."""

from itertools import pairwise
from pathlib import Path
import signal
from statistics import median
import time

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from node_harness import segments
from occany_ros.ros.messages.convert import stamp_ns_of
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

# Images of a second in which a camera might come back, and of the time it takes to see that.
STALE_IMAGES = 15
CLOCK_EXPLAINED_S, REPORT_S = 10.0, 0.2
# On a machine where a program of rclpy that does next to nothing ends in so long.
ENDS_IN_S, PLAIN_END_S = 2.0, 0.25
TRIES = 3
THREE = ['front', 'front_left', 'front_right']


def told(graph, key, status='inference'):
    """Read what the newest diagnostics say."""
    entry = graph.status.get(status)
    return {item.key: item.value for item in entry.values}.get(key) if entry else None


def put(graph, name, value):
    """Set one parameter; gives whether it was taken."""
    request = [Parameter(name, value=value).to_parameter_msg()]
    (result,) = graph.call(SetParameters, '/occany/set_parameters', parameters=request).results
    return result.successful


def unused(graph, name):
    """Count the images of a camera that came and were in no set."""
    return graph.figure(f'camera {name}', 'received') - graph.figure(f'camera {name}', 'sets')


def test_acceptance_02_one_camera_killed_and_back(graph):
    """
    Sets go on without it, at the latest when it counts as silent.

    Images are counted and not seconds, as a busy machine makes everything late.
    """
    graph.cameras(names=['front'], stamp='now', tf=False)
    left = graph.cameras(names=['left'], stamp='now', tf=False)
    node = graph.occany(cameras=['front', 'left'], sync__slop=0.12)
    odometry = graph.subscribe(Odometry, '/occany/odom')
    graph.wait(lambda: graph.figure('camera left', 'sets') > 3, 'whole sets')
    before = unused(graph, 'front')
    left.stop(signal.SIGKILL)
    graph.wait(lambda: 'silent' in graph.text('camera left')[1], 'the warning')
    assert graph.text('camera left')[0] == 1
    graph.wait(lambda: 'camera left: silent' in node.text, 'the warning in the log')
    goal = len(odometry) + 10
    graph.wait(lambda: len(odometry) >= goal, 'output of what is left')
    assert unused(graph, 'front') - before <= STALE_IMAGES
    stamps_ns = [stamp_ns_of(message.header.stamp) for message in odometry]
    assert stamps_ns == sorted(set(stamps_ns))
    graph.wait(lambda: graph.text('camera front')[0] == 0, 'no warning of what is left')
    graph.cameras(names=['left'], stamp='now', tf=False)
    sets = graph.figure('camera left', 'sets')
    graph.wait(lambda: graph.figure('camera left', 'sets') > sets + 3, 'whole sets again')
    graph.wait(lambda: graph.text('camera left')[0] == 0, 'the end of the warning')
    graph.wait(lambda: 'camera left: well again' in node.text, 'the good news in the log')


def test_acceptance_06_simulated_time_without_a_clock_is_explained(graph):
    """Images come and give output: even so the clock that stands is named."""
    graph.cameras()
    node = graph.occany(use_sim_time=True)
    graph.wait(lambda: told(graph, 'state', 'output') == 'active', 'an active node')
    reports = graph.subscribe(DiagnosticArray, '/diagnostics')
    graph.wait(lambda: '/clock does not tick' in graph.text('output')[1], 'the explanation')
    assert len(reports) * REPORT_S <= CLOCK_EXPLAINED_S
    assert '--clock' in graph.text('output')[1]
    graph.wait(lambda: '/clock does not tick' in node.text, 'the explanation in the log')

    def is_explained_while_output_comes():
        level, message = graph.text('output')
        has_output = graph.figure('output', 'outputs') > 0
        return has_output and level == 1 and '/clock does not tick' in message

    graph.wait(is_explained_while_output_comes, 'the explanation beside output')


def test_acceptance_11_a_slow_worker_gets_the_newest_and_nothing_piles_up(graph):
    graph.break_node(seconds=0.2)
    graph.cameras(names=THREE, hz=30.0, stamp='now', tf=False)
    graph.occany(cameras=THREE)
    ages_s, times_s = [], []

    def note(message):
        ages_s.append((time.time_ns() - stamp_ns_of(message.header.stamp)) / 1e9)
        times_s.append(time.monotonic())

    graph.node.create_subscription(Odometry, '/occany/odom', note, 10)
    graph.wait(lambda: len(ages_s) >= 4 and graph.figure('memory', 'rss_mb') > 0, 'output')
    resident, waiting = graph.figure('memory', 'rss_mb'), []

    def has_worked():
        waiting.append(graph.figure('sync', 'waiting'))
        return len(ages_s) >= 14

    graph.wait(has_worked, 'a dozen sets')
    # What waited in a queue would be older with every set; one stall of this machine is not that.
    period_s = median(later - earlier for earlier, later in pairwise(times_s))
    assert median(ages_s[4:]) <= 2 * period_s
    assert graph.figure('inference', 'latency_ms_p50') <= 2e3 * period_s
    assert graph.figure('sync', 'drop_busy') > graph.figure('output', 'outputs')
    done = graph.figure('output', 'outputs') + graph.figure('sync', 'drop_busy')
    assert graph.figure('sync', 'sets') - done <= 2, 'sets wait in more than one slot'
    assert max(waiting) <= 3 * len(THREE)
    assert graph.figure('memory', 'rss_mb') < resident + 32


def is_soon(seconds_to_end):
    """Measure until it is soon enough, a few times at most: others may share the processor."""
    return any(seconds_to_end() <= ENDS_IN_S for _ in range(TRIES))


@pytest.mark.parametrize(
    ('number', 'hangs'),
    [(signal.SIGINT, 0.0), (signal.SIGINT, 60.0), (signal.SIGTERM, 60.0)],
    ids=['interrupt', 'interrupt while inferring', 'terminate while inferring'],
)
def test_acceptance_18_a_signal_ends_the_node_well_and_soon(graph, number, hangs):
    graph.break_node(hangs=hangs)

    def seconds_to_end():
        graph.status.clear()
        ours = segments('self')
        cameras = graph.cameras()
        node = graph.occany()
        if hangs:
            graph.wait(lambda: graph.figure('inference', 'busy_s') > 0, 'a set at work')
        else:
            graph.wait_for_outputs(2)
        shared = segments(node.child.pid) - ours
        status, seconds = node.stop(number)
        assert status == 0, node.text
        assert 'Traceback' not in node.text
        _, plain_seconds = cameras.stop()
        assert not any(path.exists() for path in shared), 'shared memory is not given back'
        return seconds / max(plain_seconds / PLAIN_END_S, 1.0)

    assert is_soon(seconds_to_end)


def test_acceptance_18_a_signal_ends_a_node_that_still_starts(graph):
    def seconds_to_end():
        node = graph.occany()
        maps = Path(f'/proc/{node.child.pid}/maps')
        graph.wait(lambda: 'libtorch' in maps.read_text(), 'libraries being read')
        status, seconds = node.stop(signal.SIGINT)
        assert status == 0, node.text
        assert 'Traceback' not in node.text
        return seconds

    assert is_soon(seconds_to_end)


def test_acceptance_19_out_of_memory_costs_a_mode(graph):
    graph.break_node(room=2, heals_at=8)
    graph.cameras()
    node = graph.occany(mode='quality', render__views_per_frame=3, memory__frames=1)
    graph.wait(
        lambda: (
            told(graph, 'mode') == 'balanced'
            and 'out of memory in mode quality' in graph.text('inference')[1]
        ),
        'the next lower mode and why',
    )
    assert told(graph, 'mode_asked') == 'quality'
    assert told(graph, 'oom_count') == '1'
    assert graph.text('inference')[0] == 1
    graph.wait_for_outputs(12)
    assert told(graph, 'mode') == 'balanced', 'it climbed by itself'
    assert put(graph, 'sync.slop', 0.06)
    graph.wait_for_outputs(2)
    assert told(graph, 'mode') == 'balanced', 'another parameter brought it back'
    assert put(graph, 'mode', 'quality')
    graph.wait(lambda: told(graph, 'mode') == 'quality', 'the mode that was asked for')
    graph.wait(lambda: 'out of memory' not in graph.text('inference')[1], 'the end of the warning')
    assert told(graph, 'oom_count') == '1'
    assert told(graph, 'failures') == '0'
    assert 'model.image_size' in node.text


def test_acceptance_19_at_the_lowest_mode_sets_are_dropped_and_counted(graph):
    graph.break_node(dies_at=3, heals_at=9)
    graph.cameras()
    graph.occany(mode='quality', render__views_per_frame=3, memory__frames=1)
    graph.wait(lambda: graph.figure('inference', 'failed: OutOfMemory') >= 1, 'a dropped set')
    graph.wait(lambda: told(graph, 'mode') == 'fast', 'the lowest mode')
    before = graph.figure('output', 'outputs')
    graph.wait(lambda: graph.figure('output', 'outputs') > before + 1, 'output again')
    assert graph.figure('inference', 'oom_count') >= 3
    assert told(graph, 'mode') == 'fast'
    assert graph.call(Trigger, '/occany/status').success
