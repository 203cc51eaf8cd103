"""Acceptance 01, 03 and 07: any number of cameras, lost images, cameras nobody described."""

import json

from nav_msgs.msg import Odometry
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
import pytest
from sensor_msgs.msg import PointCloud2
import yaml

NAMES = (
    'front', 'front_right', 'front_left', 'back', 'back_left', 'back_right', 'left', 'right'
)  # fmt: skip
KINDS = {
    1: {'reliable': True},
    3: {'compressed': True},
    6: {'reliable': False},
    8: {'reliable': True},
}


def configuration(path, graph, names, **more):
    """Write all there is to say to the node into one file."""
    tree = {
        'cameras': list(names),
        'model': {'checkpoint': str(graph.weights), 'image_size': 128, 'threads': 1},
        'memory': {'frames': 2},
        'diagnostics': {'period': 0.2},
        **{name: {'image_topic': f'/camera/{name}/image_raw'} for name in names},
        **more,
    }
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': tree}}))
    return path


@pytest.mark.parametrize('count', KINDS)
def test_acceptance_01_any_number_of_cameras_from_yaml_alone(graph, tmp_path, count):
    names = NAMES[:count]
    graph.cameras(names=names, **KINDS[count])
    graph.occany_of(configuration(tmp_path / 'own.yaml', graph, names))
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 2, 'grids')
    grid = convert.grid_from_message(grids[-1])
    assert grid.labels.shape == (200, 200, 16)
    assert grid.class_names[0] == 'free'
    graph.wait(
        lambda: all(
            graph.figure(f'camera {name}', 'sets') >= 2 and graph.text(f'camera {name}')[0] == 0
            for name in names
        ),
        'every camera in a set, and no warning',
    )
    kind = {item.key: item.value for item in graph.status['camera front'].values}['type']
    assert kind.endswith('/CompressedImage' if KINDS[count].get('compressed') else '/Image')


def test_acceptance_03_ten_percent_loss_costs_few_periods(graph):
    """
    A period counts if a set came of it, and what arrived must be in the sets.

    Only what the cameras lose is lost: a short stall of this machine neither overruns a queue nor
    ends the wait for the rest of a period.
    """
    names, periods = NAMES[:6], 60
    cameras = graph.cameras(names=names, loss=0.1, steps=periods, reliable=True)
    graph.occany(
        cameras=names, sync__max_wait=0.25, qos__image_reliability='reliable', qos__image_depth=100
    )
    has_ended = cameras.child.poll
    graph.wait(lambda: has_ended() is not None, 'the end of the images', patience_s=120.0)

    def sets_have_ended():
        silence_s = min(graph.figure(f'camera {name}', 'silence_s') for name in names)
        return silence_s > 1.0 and graph.figure('sync', 'waiting') == 0

    graph.wait(sets_have_ended, 'the end of the sets')
    figures = json.dumps({name: str(status.values) for name, status in graph.status.items()})
    received = sum(graph.figure(f'camera {name}', 'received') for name in names)
    used = sum(graph.figure(f'camera {name}', 'sets') for name in names)
    sets = graph.figure('sync', 'sets')
    assert received < 0.97 * periods * len(names), 'nothing was lost: the test tests nothing'
    assert 0.95 * periods <= sets <= periods, figures
    assert used >= 0.95 * received, figures
    assert graph.figure('sync', 'partial_sets') > 0.2 * periods, figures


def test_acceptance_07_neither_transforms_nor_camera_info(graph):
    graph.cameras(names=NAMES[:1], tf=False)
    graph.occany(confidence__recon=1.0)
    said = {
        'occupancy': graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy'),
        'voxels': graph.subscribe(PointCloud2, '/occany/voxels'),
        'points': graph.subscribe(PointCloud2, '/occany/points'),
    }
    odometry = graph.subscribe(Odometry, '/occany/odom')
    graph.wait(lambda: all(said.values()) and odometry, 'outputs')
    assert {item[-1].header.frame_id for item in said.values()} == {'base_link'}
    assert said['voxels'][-1].width > 0
    assert odometry[-1].child_frame_id == 'base_link'
    graph.wait(lambda: 'axis swap' in graph.text('tf')[1], 'the fallback in /diagnostics')
    assert graph.text('tf')[0] == 1
    values = {item.key: item.value for item in graph.status['camera front'].values}
    assert (values['calibrated'], values['extrinsics']) == ('False', 'none')
