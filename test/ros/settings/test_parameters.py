"""Parameters are refused with the cause, or taken as they are."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.ros.settings.parameter_checks import (
    camera_settings,
    changed,
    node_settings,
    parameters_from,
)
from occany_ros.ros.settings.parameter_text import default_yaml, markdown_table
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import ParameterError
import pytest
import yaml

CONFIG = Path(__file__).parents[3] / 'config'


def flat(tree, prefix=''):
    """Flatten a YAML tree to dotted names."""
    result = {}
    for name, value in tree.items():
        deeper = isinstance(value, dict)
        result |= flat(value, f'{prefix}{name}.') if deeper else {prefix + name: value}
    return result


def test_nothing_set_gives_the_defaults():
    assert parameters_from({}) == Parameters()


def test_every_default_is_valid_and_described():
    for entry in (node_settings() | camera_settings('front')).values():
        assert entry.checked(entry.default) == entry.default
        assert entry.description
        assert not entry.description.endswith('.')


def test_cameras_bring_their_own_parameters():
    parameters = parameters_from(
        {'cameras': ['left', 'right'], 'right.image_topic': '/a | /b', 'left.transport': 'raw'}
    )
    left, right = parameters.camera
    assert (left.name, left.transport, left.image_topics) == (
        'left',
        'raw',
        ('/camera/left/image_raw',),
    )
    assert right.image_topics == ('/a', '/b')


@pytest.mark.parametrize(
    ('values', 'parts'),
    [
        ({'sync.slp': 0.1}, ('sync.slp', "'sync.slop'")),
        ({'fron.image_topic': '/x'}, ('fron.image_topic', "'front.image_topic'")),
        ({'sync.slop': -1.0}, ('sync.slop', '0 … 10 s', '-1')),
        ({'sync.slop': float('nan')}, ('sync.slop', 'nan')),
        ({'sync.slop': 'much'}, ('sync.slop', 'float', 'much')),
        ({'memory.frames': 2.5}, ('memory.frames', 'int')),
        ({'autostart': 1}, ('autostart', 'bool')),
        ({'semantics.mode': True}, ('semantics.mode', 'True', 'quotes')),
        ({'palette': False}, ('palette', 'False', 'quotes')),
        ({'autostart': 'off'}, ('autostart', 'bool')),
        ({'publish_tf': 'odom_to_bas'}, ('publish_tf', "'odom_to_base'")),
        ({'cameras': []}, ('cameras', 'at least one')),
        ({'cameras': ['']}, ('cameras', 'at least one')),
        ({'cameras': ['a', 'a']}, ('cameras', 'different')),
        ({'cameras': ['grid']}, ('cameras', 'grid')),
        ({'cameras': ['a/b']}, ('cameras', 'a/b')),
        ({'grid.size': [1, 2]}, ('grid.size', '3')),
        ({'costmap.z_min': 3.0}, ('costmap.z_min', 'costmap.z_max')),
        ({'grid.frame': 'map'}, ('grid.frame', 'base_footprint')),
        ({'semantics.traversable': ['terain']}, ('semantics.traversable', "'terrain'")),
        ({'sync.min_cameras': 2}, ('sync.min_cameras', '1')),
        ({'front.image_topic': '/cam//image'}, ('front.image_topic', '/cam//image', 'letters')),
        ({'front.image_topic': '/a | /b/0'}, ('front.image_topic', "'/b/0'")),
        ({'front.info_topic': 'camera-info'}, ('front.info_topic', 'camera-info')),
        ({'sync.slp': 1, 'memory.frames': 0}, ('sync.slp', 'memory.frames')),
    ],
)
def test_mistakes_are_refused_with_the_remedy(values, parts):
    with pytest.raises(ValueError, match=r'.') as caught:
        parameters_from(values)
    for part in parts:
        assert part in str(caught.value)


def test_off_needs_no_quotes_where_it_is_a_choice():
    settings = node_settings()
    names = [name for name, entry in settings.items() if 'off' in entry.choices]
    assert 'semantics.mode' in names
    values = yaml.safe_load('\n'.join(f'{name}: off' for name in names))
    assert set(values.values()) == {False}
    assert {settings[name].checked(value) for name, value in values.items()} == {'off'}
    assert parameters_from(values).semantics.mode == 'off'


@given(st.floats(0.0, 10.0))
def test_a_change_touches_only_its_parameter(slop):
    before = parameters_from({'memory.frames': 3})
    after = changed(before, {'sync.slop': slop})
    assert after.sync.slop == slop
    assert after.memory == before.memory
    assert before.sync.slop == Parameters().sync.slop


def test_every_mistake_is_told_once_and_whole():
    values = {'front.image_topic': '/a b', 'front.mounting': '1 2', 'cameras': ['front', 'x.y']}
    with pytest.raises(ParameterError) as caught:
        parameters_from(values)
    names = [problem.split(':')[0] for problem in caught.value.problems]
    assert names == ['cameras', 'front.image_topic', 'front.mounting']
    assert '; take letters' in caught.value.problems[0]
    with pytest.raises(ParameterError) as caught:
        parameters_from({'grid.size': [1], 'grid.origin': [1.0], 'sync.min_cameras': 2})
    names = [problem.split(':')[0] for problem in caught.value.problems]
    assert names == ['sync.min_cameras', 'grid.size', 'grid.origin']


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        ({'model.variant': 'occany'}, 'fixed'),
        ({'sync.slop': 99.0}, 'sync.slop'),
        ({'obstacles.z_min': 5.0}, 'z_max'),
        ({'nonsense': 1}, 'no such parameter'),
    ],
)
def test_wrong_changes_are_refused(change, word):
    with pytest.raises(ValueError, match=word):
        changed(Parameters(), change)


@pytest.mark.parametrize('name', sorted(path.name for path in CONFIG.glob('*.yaml')))
def test_every_configuration_file_is_accepted(name):
    content = yaml.safe_load((CONFIG / name).read_text())
    assert list(content) == ['/**']
    parameters = parameters_from(flat(content['/**']['ros__parameters']))
    assert parameters.cameras


def test_the_files_made_from_the_parameters_are_up_to_date():
    assert (CONFIG / 'default.yaml').read_text() == default_yaml()
    assert (CONFIG.parent / 'docs' / 'parameters.md').read_text() == markdown_table()


def test_the_default_file_holds_the_defaults():
    content = yaml.safe_load(default_yaml())
    assert parameters_from(flat(content['/**']['ros__parameters'])) == Parameters()


def test_a_grid_that_no_memory_holds_is_refused():
    given = {'grid.preset': 'custom', 'grid.size': [2048, 2048, 2048]}
    with pytest.raises(ValueError, match=r'grid\.size: expected at most .* got 8589934592'):
        parameters_from(given)
