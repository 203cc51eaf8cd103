"""The node runs on KITTI and nuScenes folders that `occany play` plays as they are."""

from pathlib import Path

from data_set_folders import write_kitti, write_nuscenes
from nav_msgs.msg import OccupancyGrid
from node_harness import LATCHED
from occany_ros.bags.reader import BagReader
from occany_ros.cli.node_parameters import given_parameters
from occany_ros.msg import SemanticOccupancyGrid
import pytest

CONFIG = Path(__file__).parents[2] / 'config'


def preset(name):
    """Read a preset as keyword arguments of the harness."""
    given = given_parameters(CONFIG / f'{name}.yaml', [])
    return {key.replace('.', '__'): value for key, value in given.items()}


@pytest.mark.parametrize(
    ('name', 'write', 'topic'),
    [
        ('kitti', write_kitti, '/kitti/camera_color_left/image_raw/compressed'),
        ('nuscenes', write_nuscenes, '/cam_front/image_rect_compressed'),
    ],
)
def test_the_node_runs_on_a_data_set(graph, tmp_path, name, write, topic):
    folder = write(tmp_path / name)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    flat = graph.subscribe(OccupancyGrid, '/occany/costmap', LATCHED)
    graph.occany(**preset(name), model__image_size=128)
    words = ['play', str(folder), '--wait-for', topic, '/tf_static', '--rate', '0.5', '--quiet']
    player = graph.tool(*words, '--loop')
    graph.wait(lambda: len(grids) > 2, f'grids of {name}')
    graph.wait(lambda: flat and flat[-1].header.frame_id == 'odom', 'a costmap in odom')
    status, _ = player.stop()
    assert status == 0, player.text
    assert grids[0].header.frame_id == 'base_link'
    assert graph.figure('inference', 'failures') == 0
    assert graph.figure('camera front', 'undecodable') == 0


def test_the_bag_that_is_made_needs_no_ros_to_make_and_holds_it_all(graph, tmp_path):
    folder = write_nuscenes(tmp_path / 'nuscenes')
    maker = graph.tool('play', str(folder), '-o', str(tmp_path / 'bag'))
    graph.wait(lambda: maker.child.poll() is not None, 'the bag')
    assert maker.child.returncode == 0, maker.text
    with BagReader(tmp_path / 'bag') as bag:
        assert bag.topics['/tf_static'].latched
        assert bag.message_count == 1 + 24 * 3
