"""How much is imagined can be told the running node, and it tells what it did."""

from pathlib import Path

from occany_ros.models.tiny import load_tiny
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from released_files import all_shapes, drawn_sections, save_released, SMALL_CALLS, SMALL_RENDERING
from safetensors.torch import save_file

CONFIG = Path(__file__).parents[2] / 'config'


@pytest.fixture(scope='module')
def complete(tmp_path_factory):
    """Write a small file with a rendering stage, as the released one."""
    path = tmp_path_factory.mktemp('released') / 'occany.pth'
    sections = drawn_sections(all_shapes(SMALL_RENDERING), scale=0.12)
    return save_released(path, sections, **SMALL_CALLS)


def put(graph, name, value):
    """Set one parameter; gives whether it was taken, and why not."""
    kinds = {
        str: (ParameterType.PARAMETER_STRING, 'string_value'),
        int: (ParameterType.PARAMETER_INTEGER, 'integer_value'),
    }
    number, field = kinds[type(value)]
    parameter = Parameter(name=name, value=ParameterValue(type=number, **{field: value}))
    (result,) = graph.call(SetParameters, '/occany/set_parameters', parameters=[parameter]).results
    return result.successful, result.reason


def told(graph, key):
    """Read what the newest diagnostics say about the network."""
    entry = graph.status.get('inference')
    return {item.key: item.value for item in entry.values}.get(key) if entry else None


def test_mode_is_followed_at_run_time(graph, complete):
    graph.weights = complete
    graph.cameras()
    graph.occany(model__variant='occany', mode='balanced', memory__frames=1)
    graph.wait(lambda: told(graph, 'novel_views') == '3', 'the first step and its neighbours')
    assert told(graph, 'stage') == 'rendering'
    assert told(graph, 'novel_plan') == '1 x 3 m ahead; 2 m beside, turned 60 deg to both sides'
    assert put(graph, 'mode', 'quality') == (True, '')
    graph.wait(lambda: told(graph, 'novel_views') == '6', 'the whole plan')
    assert told(graph, 'mode') == 'quality'
    assert graph.figure('inference', 'novel_ms_p50') > 0
    assert put(graph, 'render.views_per_frame', 3) == (True, '')
    graph.wait(lambda: told(graph, 'novel_views') == '9', 'a longer plan')
    done, reason = put(graph, 'mode', 'fastt')
    assert not done
    assert "did you mean 'fast'?" in reason
    assert put(graph, 'mode', 'fast') == (True, '')
    graph.wait(lambda: told(graph, 'mode') == 'fast', 'no novel views')
    assert told(graph, 'novel_views') == '0'
    graph.wait_for_outputs(2)
    assert graph.figure('inference', 'failures') == 0


def test_without_rendering_stage_the_node_goes_on_and_says_so_once(graph, tmp_path):
    graph.weights = tmp_path / 'seeing.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, graph.weights)
    graph.cameras()
    node = graph.occany(mode='balanced', confidence__recon=1.0)
    graph.wait(lambda: 'no rendering stage' in graph.text('inference')[1], 'the warning')
    assert graph.text('inference')[0] == 1
    assert (told(graph, 'mode'), told(graph, 'novel_views')) == ('fast', '0')
    graph.wait_for_outputs(3)
    assert node.text.count('no rendering stage') == 1
    assert put(graph, 'mode', 'fast') == (True, '')
    graph.wait(lambda: 'no rendering stage' not in graph.text('inference')[1], 'no more warning')


GEOMETRY = sorted(
    path.stem
    for path in CONFIG.glob('paper_*.yaml')
    if not path.stem.endswith(('_semantic', '_pretrained')) and '_plus_' not in path.stem
)


@pytest.mark.parametrize('preset', GEOMETRY)
def test_presets_of_the_paper_load(graph, complete, preset):
    graph.weights = complete
    graph.occany('--params-file', str(CONFIG / f'{preset}.yaml'))
    graph.wait(lambda: told(graph, 'variant') == 'occany', 'the network')
    names = ['mode', 'grid.pooling', 'model.image_size']
    values = graph.call(GetParameters, '/occany/get_parameters', names=names).values
    assert values[0].string_value == 'quality'
    assert values[1].string_value in {'geometry', 'classes'}
    assert values[2].integer_value == 512
    assert graph.text('inference')[0] == 0


def test_a_preset_with_classes_loads_and_says_that_nobody_reads_them(graph, complete):
    graph.weights = complete
    graph.occany('--params-file', str(CONFIG / 'paper_kitti_semantic.yaml'))
    graph.wait(lambda: told(graph, 'variant') == 'occany', 'the network')
    graph.wait(lambda: 'labels: none' in graph.text('inference')[1], 'the warning')
    assert graph.text('inference')[0] == 1
    assert 'semantics.mode' in graph.text('inference')[1]


def test_a_preset_that_needs_another_network_is_refused_before_anything_is_loaded(graph):
    node = graph.occany('--params-file', str(CONFIG / 'paper_kitti_pretrained.yaml'))
    graph.wait(lambda: 'semantics.weights: expected' in graph.text('inference')[1], 'the error')
    assert graph.text('inference')[0] == 2
    assert 'sam2.1-hiera-large' in node.text
