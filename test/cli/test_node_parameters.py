"""Parameters come from files as ROS writes them, and from the command line."""

from occany_ros.cli.node_parameters import given_parameters
import pytest


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
