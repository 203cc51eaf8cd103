"""The RViz file shows topics the node has, with their types and their quality of service."""

from pathlib import Path

from occany_ros.ros.outputs import CAMERA_OUTPUTS, LATCHED, SCENE_OUTPUTS
from occany_ros.ros.parameters import Parameters
import pytest
from sensor_msgs.msg import Image
import yaml

CONFIG = Path(__file__).parents[2] / 'config'
DISPLAYS = {
    'PointCloud2': 'PointCloud2',
    'Map': 'OccupancyGrid',
    'Path': 'Path',
    'Odometry': 'Odometry',
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


def displays():
    content = yaml.safe_load((CONFIG / 'occany.rviz').read_text())
    every = content['Visualization Manager']['Displays']
    return [display for display in every if 'Topic' in display]


@pytest.mark.parametrize('display', displays(), ids=lambda display: display['Name'])
def test_each_display_fits_its_topic(display):
    topic = display['Topic']
    kind, is_latched = topics_of_the_node()[topic['Value']]
    assert DISPLAYS[display['Class'].rpartition('/')[2]] == kind
    assert (topic['Durability Policy'] == 'Transient Local') == is_latched
    assert topic['Reliability Policy'] == 'Reliable'


def test_voxels_are_boxes_a_little_smaller_than_the_voxels():
    voxels = next(d for d in displays() if d['Topic']['Value'] == '/occany/voxels_surface')
    assert (voxels['Style'], voxels['Selectable']) == ('Boxes', False)
    assert voxels['Size (m)'] == pytest.approx(Parameters().grid.resolution - 0.001)


def test_the_fixed_frame_needs_no_transforms():
    content = yaml.safe_load((CONFIG / 'occany.rviz').read_text())
    options = content['Visualization Manager']['Global Options']
    assert options['Fixed Frame'] == Parameters().base_frame
