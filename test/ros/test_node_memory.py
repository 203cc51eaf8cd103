"""Memory that runs out costs a mode, never the node."""

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger


def put(graph, name, value):
    """Set one parameter; gives whether it was taken."""
    request = [Parameter(name, value=value).to_parameter_msg()]
    (result,) = graph.call(SetParameters, '/occany/set_parameters', parameters=request).results
    return result.successful


def told(graph, key, status='inference'):
    """Read what the newest diagnostics say."""
    entry = graph.status.get(status)
    return {item.key: item.value for item in entry.values}.get(key) if entry else None


def quality(graph, **parameters):
    return graph.occany(mode='quality', render__views_per_frame=3, memory__frames=1, **parameters)


def test_the_next_lower_mode_until_somebody_sets_it_again(graph):
    graph.break_node(room=2, heals_at=8)
    graph.cameras()
    node = quality(graph)
    graph.wait(lambda: told(graph, 'mode') == 'balanced', 'the next lower mode')
    assert told(graph, 'mode_asked') == 'quality'
    assert told(graph, 'oom_count') == '1'
    assert graph.text('inference')[0] == 1
    assert 'out of memory in mode quality' in graph.text('inference')[1]
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


def test_at_the_bottom_sets_are_dropped_and_counted_and_the_node_lives(graph):
    graph.break_node(dies_at=3, heals_at=9)
    graph.cameras()
    quality(graph)
    graph.wait(lambda: graph.figure('inference', 'failed: OutOfMemory') >= 1, 'a dropped set')
    graph.wait(lambda: told(graph, 'mode') == 'fast', 'the lowest mode')
    before = graph.figure('output', 'outputs')
    graph.wait(lambda: graph.figure('output', 'outputs') > before + 1, 'output again')
    assert graph.figure('inference', 'oom_count') >= 3
    assert told(graph, 'mode') == 'fast'
    assert graph.call(Trigger, '/occany/status').success


def test_a_limit_of_the_gpu_is_no_limit_of_a_processor(graph):
    graph.cameras()
    node = graph.occany(model__device='cpu', gpu__max_memory_gb=2.0)
    graph.wait_for_outputs(1)
    assert 'gpu.max_memory_gb = 2 has no effect: the network runs on cpu' in node.text
