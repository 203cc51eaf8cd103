"""Warnings that end: one bad image or set is not held against the node for ever."""

from occany_ros.pipeline.synchronisation.arrivals import CameraStatistics
from occany_ros.ros.cameras.inputs import CameraState
from occany_ros.ros.health.diagnostics import (
    camera_status,
    CameraReport,
    inference_status,
    memory_status,
    OK,
    WARN,
)
from occany_ros.ros.health.reports import SimulatedClock
from occany_ros.ros.progress import Progress, RECENT_S
import pytest
from rclpy.parameter import Parameter
from rclpy.time import Time


class Steady:
    """A clock that goes on when it is told to."""

    seconds = 100.0

    def __call__(self):
        return self.seconds


def told(status):
    return status.level, {item.key: item.value for item in status.values}


def test_sets_too_far_apart_are_warned_of_until_one_goes_on():
    progress = Progress(Steady())
    progress.starts_over = True
    entry = memory_status(progress, None)
    assert entry.level == WARN
    assert 'raise memory.max_gap' in entry.message
    progress.starts_over = False
    assert memory_status(progress, None).level == OK


def test_a_failed_set_is_warned_of_for_a_while_and_counted_for_ever():
    clock = Steady()
    progress = Progress(clock)
    assert told(inference_status(progress, {}, ''))[0] == OK
    for count in ('1', '2'):
        progress.failed('ValueError', 'no such thing')
        clock.seconds += 0.9 * RECENT_S
        level, values = told(inference_status(progress, {}, ''))
        assert (level, values['failures']) == (WARN, count)
        clock.seconds += 0.2 * RECENT_S
        level, values = told(inference_status(progress, {}, ''))
        assert (level, values['failures'], values['last_failure']) == (OK, count, 'no such thing')


def test_a_bad_image_is_warned_of_for_a_while_and_counted_for_ever():
    clock = Steady()
    progress = Progress(clock)
    progress.undecoded('front', 'encoding: banana')

    def front():
        report = CameraReport(
            statistics=CameraStatistics('front', True, 1, 1, 0, 10.0, 0, 0, 0, {}),
            state=CameraState(),
            size=(64, 128),
            undecodable=progress.undecodable['front'],
            decode_error=progress.decode_errors['front'],
            note='',
            calibrated=True,
            mounted=True,
            has_just_dropped=progress.has_just_dropped('front'),
        )
        return told(camera_status(report))

    assert not progress.has_just_dropped('left')
    assert front()[0] == WARN
    clock.seconds += 1.1 * RECENT_S
    level, values = front()
    assert (level, values['undecodable'], values['last_error']) == (OK, '1', 'encoding: banana')


@pytest.fixture
def simulated(graph):
    """Make a node whose clock is set by hand."""
    graph.node.set_parameters([Parameter('use_sim_time', value=True)])
    return graph.node


def test_a_clock_that_ticks_slowly_does_not_stand(simulated):
    steady = Steady()
    watch = SimulatedClock(simulated, steady)
    assert watch.stands()
    found = []
    for quarter in range(1, 60):
        steady.seconds += 0.25
        if quarter % 10 == 0:  # every 2.5 s
            simulated.get_clock().set_ros_time_override(Time(seconds=quarter))
        found.append(watch.stands())
    assert not any(found[30:])  # it has beaten twice
    steady.seconds += 8.0
    assert watch.stands()


def test_a_clock_that_ticks_fast_stands_at_once_even_after_a_pause(simulated):
    steady = Steady()
    watch = SimulatedClock(simulated, steady)
    for tick in range(1, 100):
        steady.seconds += 60.0 if tick == 50 else 0.1
        simulated.get_clock().set_ros_time_override(Time(seconds=tick))
        assert not watch.stands()
    steady.seconds += 0.9
    assert not watch.stands()
    steady.seconds += 0.2
    assert watch.stands()
