"""`occany bag` maps data sets as they lie on the disk, with the presets of the package."""

from data_set_folders import write_kitti, write_nuscenes
import numpy as np
from occany_ros.bags.messages import pose_of
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.cli.main import main
from occany_ros.models.tiny import load_tiny
import pytest
from safetensors.torch import save_file
import torch


@pytest.fixture(scope='module')
def network(tmp_path_factory):
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return ['-p', f'model.checkpoint:={path}', '-p', 'model.image_size:=128']


def counts_of(path):
    with BagReader(path) as bag:
        assert bag.damage == ''
        return {topic.name: topic.count for topic in bag.topics.values()}


def test_kitti_with_its_preset(tmp_path, network, capsys):
    kitti = write_kitti(tmp_path / 'kitti', 3)
    out = tmp_path / 'out'
    words = ['bag', str(kitti), '-o', str(out), '--preset', 'kitti', '--images', *network]
    assert main(words) == 0
    assert 'KITTI odometry sequence 08' in capsys.readouterr().err
    counts = counts_of(out)
    assert counts['/occany/occupancy'] == 3
    assert counts['/occany/front/depth'] == 3
    assert counts['/kitti/camera_color_left/image_raw/compressed'] == 3
    with BagReader(out) as bag:
        (grid, *_) = (decoded(raw) for raw in bag.messages({'/occany/occupancy'}))
        (flat, *_) = (decoded(raw) for raw in bag.messages({'/occany/costmap'}))
        depth = next(decoded(raw) for raw in bag.messages({'/occany/front/depth'}))
    assert (grid.size_x, grid.size_y, grid.size_z) == (256, 256, 32)
    assert flat.header.frame_id == 'odom'
    assert depth.header.frame_id == 'camera_color_left_optical'
    assert depth.encoding == '32FC1'


def test_nuscenes_with_its_preset_and_scene(tmp_path, network, capsys):
    root = write_nuscenes(tmp_path / 'nuscenes', 2, scenes=('scene-0061', 'scene-0103'))
    out = tmp_path / 'out'
    words = ['bag', str(root), '--scene', 'scene-0103', '-o', str(out), '--preset', 'nuscenes']
    assert main([*words, '--no-input', *network]) == 0
    errors = capsys.readouterr().err
    assert 'nuScenes scene-0103' in errors
    assert 'transform' not in errors
    counts = counts_of(out)
    assert counts['/occany/occupancy'] == 4  # two key frames, and a sweep after each
    assert not any(topic.startswith('/cam_') for topic in counts)
    with BagReader(out) as bag:
        poses = [decoded(raw) for raw in bag.messages({'/occany/odom'})]
    np.testing.assert_allclose(pose_of(poses[0].pose.pose), np.eye(4), atol=1e-9)


def test_a_data_set_is_mapped_without_a_preset_too(tmp_path, network):
    kitti = write_kitti(tmp_path / 'kitti', 2, poses=False)
    assert main(['bag', str(kitti), '-o', str(tmp_path / 'out'), *network]) == 0
    assert counts_of(tmp_path / 'out')['/occany/occupancy'] == 2
