"""Bad input: each fault is counted or explained, and the node lives."""

from nav_msgs.msg import Odometry
from node_harness import PATIENCE_S, WEAK
from occany_ros.ros.messages import convert
import pytest
from safetensors.torch import load_file, save_file
from sensor_msgs.msg import Image, PointCloud2
from std_srvs.srv import Trigger
import torch

ERROR = 2


def is_alive(graph):
    """Tell whether the node still answers."""
    return bool(graph.call(Trigger, '/occany/status').message)


def test_broken_images_are_counted_and_the_rest_is_used(graph):
    graph.cameras(faults=['encoding', 'short', 'absurd', 'size', 'backward'])
    graph.occany()
    errors = set()

    def collected():
        for item in graph.status['camera front'].values if 'camera front' in graph.status else ():
            if item.key == 'last_error':
                errors.add(item.value.split(':')[0])
        return {'encoding', 'data', 'size'} <= errors

    graph.wait(collected, 'every decoding error')
    graph.wait(lambda: graph.figure('memory', 'restarts: resolution') > 0, 'a new resolution')
    jumped = 'stamp jumped back once, dropped'
    graph.wait(lambda: graph.figure('camera front', jumped) > 0, 'a backward stamp')
    graph.wait_for_outputs(3)
    assert graph.figure('memory', 'restarts: backward') == 0
    graph.wait(lambda: 'banana' in graph.processes[1].text, 'the encoding in the log')
    assert is_alive(graph)


def test_truncated_jpegs_are_counted(graph):
    graph.cameras(compressed=True, faults=['jpeg'])
    graph.occany()
    graph.wait(lambda: graph.figure('camera front', 'undecodable') > 1, 'broken images')
    graph.wait_for_outputs(3)
    graph.wait(lambda: 'truncated' in graph.processes[1].text, 'the word for it in the log')


def test_zero_stamps_without_transforms_and_calibration(graph):
    graph.cameras(stamp='zero', tf=False)
    node = graph.occany(sync__stale_after=60.0)  # a camera that falls silent is another warning
    odometry = graph.subscribe(Odometry, '/occany/odom')
    graph.wait(lambda: odometry, 'output')
    now_ns = graph.node.get_clock().now().nanoseconds
    assert abs(now_ns - convert.stamp_ns_of(odometry[-1].header.stamp)) < 60e9
    replaced = 'zero stamp replaced by the time of receipt'
    graph.wait(lambda: graph.figure('camera front', replaced) > 0, 'the counter')
    graph.wait(lambda: 'without a stamp' in graph.text('camera front')[1], 'the warning')
    graph.wait(lambda: 'axis swap' in graph.text('tf')[1], 'the fallback')
    graph.wait_for_outputs(5)
    assert node.text.count('images without a stamp') == 1
    assert graph.text('tf')[0] == 1


def test_numbers_that_are_none_are_dropped(graph, weights, tmp_path):
    state = load_file(weights)
    for value in state.values():
        value.fill_(torch.nan)
    graph.weights = tmp_path / 'nan.safetensors'
    save_file(state, graph.weights)
    graph.cameras()
    graph.occany()
    graph.wait(lambda: graph.figure('inference', 'failed: NonFiniteOutput') > 2, 'failures')
    assert graph.figure('output', 'outputs') == 0
    assert graph.text('inference')[0] == 1
    assert 'finite' in graph.text('inference')[1]
    assert is_alive(graph)


@pytest.mark.parametrize('fault', ['missing', 'wrong keys', 'garbage'])
def test_checkpoints_that_cannot_be_used_are_explained(graph, weights, tmp_path, fault):
    graph.weights = tmp_path / 'weights.safetensors'
    if fault == 'wrong keys':
        state = load_file(weights)
        first = next(iter(state))
        save_file({f'not_{first}': state.pop(first), **state}, graph.weights)
    elif fault == 'garbage':
        graph.weights.write_bytes(b'this is no weight file')
    graph.occany()
    graph.wait(lambda: graph.text('inference')[0] == 2, 'the error')
    message = graph.text('inference')[1]
    assert 'weights.safetensors' in message
    if fault == 'wrong keys':
        assert first in message
    assert graph.text('output')[1]
    assert is_alive(graph)


def test_weights_that_do_not_fit_into_memory_are_explained(graph):
    graph.break_node(starves=True)
    graph.occany()
    graph.wait(lambda: graph.text('inference')[0] == ERROR, 'the error')
    for part in ('out of memory before the first set', 'model.variant', '2.00 GiB'):
        assert part in graph.text('output')[1]
    assert is_alive(graph)


def test_an_unknown_parameter_is_refused_with_the_nearest_name(graph):
    node = graph.occany(sync__slp=0.1)
    assert node.child.wait(PATIENCE_S) == 2
    assert "sync.slp: there is no such parameter; did you mean 'sync.slop'?" in node.text


def explained(graph, *parts):
    """Wait until silence is explained with these words."""

    def is_said():
        level, message = graph.text('output')
        return level == ERROR and all(part in message for part in parts)

    graph.wait(is_said, f'{parts}')
    graph.wait(lambda: parts[0] in graph.processes[-1].text, 'the explanation in the log')


def test_a_topic_nobody_publishes_is_named_with_a_near_one(graph):
    graph.cameras()
    graph.occany(front__image_topic='/camera/frnt/image_raw', watchdog__first_output_s=1.0)
    explained(graph, 'nobody publishes /camera/frnt/image_raw', '/camera/front/image_raw')


def test_a_topic_of_another_type_is_named(graph):
    graph.node.create_publisher(PointCloud2, '/cloud', 1)
    graph.occany(front__image_topic='/cloud', watchdog__first_output_s=1.0)
    explained(graph, 'PointCloud2', 'front.image_topic')


def test_incompatible_quality_of_service_is_named(graph):
    graph.node.create_publisher(Image, '/camera/front/image_raw', WEAK)
    graph.occany(qos__image_reliability='reliable', watchdog__first_output_s=1.0)
    explained(graph, 'qos.image_reliability', 'best_effort')


def test_a_clock_that_stands_and_images_without_stamps_are_named(graph):
    """The one would stand in for the other: one set comes out, then no more."""
    graph.cameras(stamp='zero')
    graph.occany(use_sim_time=True, watchdog__first_output_s=1.0)
    explained(graph, '/clock', '--clock', 'have no stamp', 'header.stamp')


def test_stamps_that_never_match_are_named(graph):
    # Ten images a second: stamps of the two are 50 ms apart or more, however late they come.
    graph.cameras(names=['a', 'b'], apart_s=1.55)
    given = {'sync__min_cameras': 2, 'sync__slop': 0.02, 'watchdog__first_output_s': 1.5}
    graph.occany(cameras=['a', 'b'], **given)
    explained(graph, 'sync.slop', 'clocks')
