"""An RViz file of ours is made to show another node, and nothing else of it changes."""

from pathlib import Path

from occany_ros.ros.rviz_view import fitted_view
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest
import yaml

CONFIG = Path(__file__).parents[2] / 'config'
FILES = ('occany', 'occany_light')


def read(name):
    return yaml.safe_load((CONFIG / f'{name}.rviz').read_text())


def displays(view):
    return view['Visualization Manager']['Displays']


def topics(view):
    shown = [display for display in displays(view) if 'Topic' in display]
    return {display['Topic']['Value']: display for display in shown}


@pytest.mark.parametrize('name', FILES)
def test_for_the_node_it_was_written_for_nothing_changes(name):
    view = read(name)
    assert fitted_view(view, parameters_from({}), '/occany') == read(name)
    assert view == read(name)


@pytest.mark.parametrize('name', FILES)
def test_every_topic_is_the_nodes(name):
    view = fitted_view(read(name), parameters_from({}), '/fleet/robot/occany')
    assert topics(view)
    assert all(topic.startswith('/fleet/robot/occany/') for topic in topics(view))
    costmap = topics(view)['/fleet/robot/occany/costmap']
    assert costmap['Update Topic']['Value'] == '/fleet/robot/occany/costmap_updates'


@pytest.mark.parametrize(
    ('grid', 'edge'),
    [
        ({'grid.preset': 'indoor'}, 0.099),
        ({'grid.preset': 'custom', 'grid.resolution': 0.25}, 0.249),
    ],
)
def test_boxes_are_a_little_smaller_than_the_voxels(grid, edge):
    view = fitted_view(read('occany_light'), parameters_from(grid), '/occany')
    assert topics(view)['/occany/voxels_surface']['Size (m)'] == edge


def test_every_camera_gets_its_tiles_and_not_all_are_shown():
    cameras = ['left', 'right', 'rear']
    view = fitted_view(read('occany'), parameters_from({'cameras': cameras}), '/occany')
    shown = topics(view)
    for camera in cameras:
        assert shown[f'/occany/{camera}/semantic_color']['Enabled']
        depth = shown[f'/occany/{camera}/depth']
        assert depth['Name'] == f'{camera} depth'
        assert depth['Enabled'] == depth['Value'] == (camera == 'left')
    assert '/occany/front/depth' not in shown


def test_the_robots_frame_is_fixed():
    view = fitted_view(read('occany'), parameters_from({'base_frame': 'chassis'}), '/occany')
    manager = view['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == 'chassis'
    assert manager['Views']['Current']['Target Frame'] == 'chassis'
