"""The RViz files show topics the node has, with their types and their quality of service."""

from pathlib import Path

from occany_ros.ros.messages.outputs import CAMERA_OUTPUTS, LATCHED, SCENE_OUTPUTS
from occany_ros.ros.settings.parameters import Parameters
import pytest
from sensor_msgs.msg import Image
import yaml

CONFIG = Path(__file__).parents[2] / 'config'
FILES = ('occany', 'occany_light')
DISPLAYS = {
    'PointCloud2': 'PointCloud2',
    'Map': 'OccupancyGrid',
    'Path': 'Path',
    'Odometry': 'Odometry',
    'MarkerArray': 'MarkerArray',
    'Image': 'Image',
}


def topics_of_the_node():
    """Name every output: topic -> (message type, whether late subscribers get it)."""
    topics = {
        f'/occany/{name}': (kind.__name__, name in LATCHED)
        for name, (kind, _) in SCENE_OUTPUTS.items()
    }
    for camera in Parameters().cameras:
        for name in CAMERA_OUTPUTS:
            topics[f'/occany/{camera}/{name}'] = (Image.__name__, False)
    return topics


def manager(file):
    return yaml.safe_load((CONFIG / f'{file}.rviz').read_text())['Visualization Manager']


def displays(file):
    return [display for display in manager(file)['Displays'] if 'Topic' in display]


EVERY = [pytest.param(d, id=f'{file}: {d["Name"]}') for file in FILES for d in displays(file)]


@pytest.mark.parametrize('display', EVERY)
def test_each_display_fits_its_topic(display):
    topic = display['Topic']
    kind, is_latched = topics_of_the_node()[topic['Value']]
    assert DISPLAYS[display['Class'].rpartition('/')[2]] == kind
    assert (topic['Durability Policy'] == 'Transient Local') == is_latched
    assert topic['Reliability Policy'] == 'Reliable'
    assert topic['History Policy'] == 'Keep Last'


@pytest.mark.parametrize('file', FILES)
def test_voxels_are_coloured_boxes_a_little_smaller_than_the_voxels(file):
    voxels = next(d for d in displays(file) if d['Topic']['Value'] == '/occany/voxels_surface')
    assert voxels['Enabled'] is True
    assert (voxels['Style'], voxels['Color Transformer']) == ('Boxes', 'RGB8')
    assert voxels['Size (m)'] == pytest.approx(Parameters().grid.resolution - 0.001)


def test_no_cloud_can_be_selected():
    # Selecting draws every point once more, in a colour of its own.
    clouds = [d for file in FILES for d in displays(file) if d['Class'].endswith('PointCloud2')]
    assert len(clouds) == 3
    assert not any(cloud['Selectable'] for cloud in clouds)


@pytest.mark.parametrize('file', FILES)
def test_the_fixed_frame_needs_no_transforms(file):
    assert manager(file)['Global Options']['Fixed Frame'] == Parameters().base_frame
    assert manager(file)['Views']['Current']['Target Frame'] == Parameters().base_frame


def test_the_full_file_shows_what_there_is_to_see():
    shown = {display['Topic']['Value'] for display in displays('occany')}
    wanted = {'voxels_surface', 'points', 'costmap', 'path', 'odom', 'markers'}
    wanted |= {'front/depth', 'front/semantic_color'}
    assert shown == {f'/occany/{name}' for name in wanted}
    kinds = {display['Class'] for display in manager('occany')['Displays']}
    assert {'rviz_default_plugins/TF', 'rviz_default_plugins/Grid'} < kinds


def test_the_light_file_makes_the_node_compute_little():
    shown = [display['Topic']['Value'] for display in displays('occany_light')]
    assert shown == ['/occany/voxels_surface', '/occany/costmap']
