"""The demo, whole: node, player and recorder as processes over real DDS."""

import os
from pathlib import Path
import subprocess
import sys

import cv2
import numpy as np
from occany_ros.bags.reader import BagReader
from occany_ros.evaluation.recorded import read_run
from occany_ros.models.tiny import load_tiny
import pytest
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / 'shared' / 'data'
CODE = 'import sys; from occany_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'


@pytest.fixture(autouse=True)
def own_domain(monkeypatch, domain):
    """Keep away from other graphs on this machine."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


def demo(out, weights, *options):
    return occany('demo', '--out', str(out), '--checkpoint', str(weights), *options)


def occany(*words):
    environment = os.environ | {
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'OMP_NUM_THREADS': '1',
    }
    return subprocess.run(
        [sys.executable, '-c', CODE, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_synthetic_drive(tmp_path, weights):
    done = demo(tmp_path / 'out', weights, '--steps', '4', '--every-set')
    assert done.returncode == 0, done.stdout + done.stderr
    assert '4 / 4 / 4' in done.stdout
    for line in ('plane only', 'true point maps', 'random weights', 'trajectory drift', 'total'):
        assert line in done.stdout
    picture = cv2.imread(str(tmp_path / 'out' / 'occany.png'))
    assert picture.std() > 20
    run = read_run(tmp_path / 'out' / 'bag')
    assert list(run.prediction.grids) == list(run.truth.grids)
    assert run.prediction.poses.keys() == run.truth.poses.keys()
    with BagReader(tmp_path / 'out' / 'bag') as bag:
        counts = {topic.name: topic.count for topic in bag.topics.values()}
        assert bag.topics['/tf_static'].latched
    outputs = (
        'occupancy',
        'voxels',
        'voxels_surface',
        'points',
        'costmap',
        'odom',
        'pose',
        'path',
    )
    for name in outputs:
        assert counts[f'/occany/{name}'] == 4, name
    assert counts['/camera/front/image_raw'] == 4
    again = demo(tmp_path / 'out', weights, '--steps', '4', '--rate', '4')
    assert 'using the drive made before' in again.stdout


@pytest.mark.parametrize(
    ('name', 'sets', 'cameras'), [('kitti_08_1390', 5, 1), ('nuscenes_scene-0039', 1, 6)]
)
def test_real_frames(tmp_path, weights, name, sets, cameras):
    if not (SHARED / name).is_dir():
        pytest.skip('no real frames beside the checkout (../shared/data)')
    done = demo(tmp_path / 'out', weights, '--input', str(SHARED / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'{sets} / {sets} / {sets}' in done.stdout
    assert 'never seen a real image' in done.stdout
    run = read_run(tmp_path / 'out' / 'bag')
    assert len(run.prediction.grids) == sets
    assert all(np.isfinite(pose).all() for pose in run.prediction.poses.values())
    with BagReader(tmp_path / 'out' / 'bag') as bag:
        images = [topic for topic in bag.topics if topic.startswith('/camera/')]
        assert sum('image_raw' in topic for topic in images) == cameras
    assert cv2.imread(str(tmp_path / 'out' / 'occany.png')).std() > 20


def test_what_is_wrong_is_said(tmp_path, weights):
    done = demo(tmp_path / 'out', weights, '--input', str(tmp_path))
    assert done.returncode == 1
    assert 'expected images' in done.stderr
    done = demo(tmp_path / 'out', tmp_path / 'missing.safetensors', '--steps', '2')
    assert done.returncode == 1
    assert 'missing.safetensors' in done.stderr
