"""Parameters come from files as ROS writes them, and from the command line."""

import argparse

from occany_ros.cli.node_parameters import (
    add_parameter_options,
    chosen_parameters,
    given_parameters,
)
from occany_ros.ros.launching import parameters_of
from occany_ros.ros.settings.parameter_checks import own_parameters
import pytest

TREES = {
    '/**:\n  ros__parameters: {grid.preset: kitti}': {'grid.preset': 'kitti'},
    'occany:\n  ros__parameters: {grid: {preset: kitti}}': {'grid.preset': 'kitti'},
    '/other:\n  ros__parameters: {a: 1}\n/occany:\n  ros__parameters: {b: 2}': {'b': 2},
    '/**:\n  other:\n    ros__parameters: {a: 1}\n  occany:\n    ros__parameters: {b: 2}': {
        'b': 2
    },
    '/**:\n  ros__parameters: {use_sim_time: true, a: 1}': {'use_sim_time': True, 'a': 1},
    '/occany:\n  ros__parameters:': {},
    'grid: {preset: demo}': {'grid.preset': 'demo'},
    '': {},
}


def options(*words):
    parser = argparse.ArgumentParser()
    add_parameter_options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize('text', TREES)
def test_tools_read_a_file_as_launch_does(tmp_path, text):
    path = tmp_path / 'parameters.yaml'
    path.write_text(text)
    assert given_parameters(path, []) == parameters_of(path, '/occany') == TREES[text]


def test_a_node_of_another_name_is_named(tmp_path):
    path = tmp_path / 'parameters.yaml'
    path.write_text('/robot:\n  occany:\n    ros__parameters: {grid.preset: kitti}')
    with pytest.raises(ValueError, match='of /occany, got those of /robot/occany;'):
        chosen_parameters(options('--params-file', str(path)))
    for name in ('/robot/occany', 'robot/occany'):
        chosen = chosen_parameters(options('--params-file', str(path), '--node', name))
        assert chosen == {'grid.preset': 'kitti'}


def test_presets_are_those_of_launch():
    assert chosen_parameters(options('--preset', 'kitti'))['cameras'][0] == 'front'
    with pytest.raises(ValueError, match=r'preset: expected .*, got .kiti.; did you mean kitti'):
        chosen_parameters(options('--preset', 'kiti'))


def test_what_every_node_declares_is_none_of_ours():
    given = {'use_sim_time': True, 'qos_overrides./tf.subscription.depth': 50, 'mode': 'fast'}
    assert own_parameters(given) == {'mode': 'fast'}


def test_file_and_assignments(tmp_path):
    path = tmp_path / 'parameters.yaml'
    path.write_text(
        '/**:\n  ros__parameters:\n    cameras: [front]\n'
        '    grid: {preset: kitti}\n    memory.frames: 3\n'
    )
    values = given_parameters(path, ['memory.frames:=7', 'front.image_topic:=/a'])
    assert values == {
        'cameras': ['front'],
        'grid.preset': 'kitti',
        'memory.frames': 7,
        'front.image_topic': '/a',
    }
    path.write_text('grid: {preset: demo}')
    assert given_parameters(path, []) == {'grid.preset': 'demo'}


def test_malformed_ones_are_named(tmp_path):
    with pytest.raises(ValueError, match='NAME:=VALUE'):
        given_parameters(None, ['a=b'])
    with pytest.raises(ValueError, match='-p a'):
        given_parameters(None, ['a:=[1'])
    path = tmp_path / 'parameters.yaml'
    path.write_text('just words')
    with pytest.raises(ValueError, match='parameters by name'):
        given_parameters(path, [])
