"""The released code's voxels, exactly."""

from pathlib import Path

import numpy as np
from occany_ros.evaluation.parity_voxel import check
import pytest

GOLDEN = Path(__file__).parents[3] / 'shared' / 'fixtures' / 'occany' / 'voxel.safetensors'
pytestmark = pytest.mark.skipif(
    not GOLDEN.exists(), reason='golden fixtures are not beside the checkout'
)


@pytest.fixture(scope='module')
def tensors():
    return pytest.importorskip('safetensors.numpy').load_file(GOLDEN)


def test_every_output_agrees(tensors):
    checks = check(tensors, {})
    assert [name for name, worst, tolerance in checks if not worst <= tolerance] == []
    inputs = {'T', 'pts', 'conf', 'grid', 'origin', 'voxel_size', 'merge.n_recon_points'}
    inputs |= {'kitti.sem', 'nusc.sem'}
    inputs |= {name for name in tensors if '.pred' in name or '.gt' in name}
    assert {name for name, _, _ in checks} == set(tensors) - inputs


def test_a_changed_file_is_noticed(tensors):
    moved = {**tensors, 'pts': tensors['pts'] + np.float32(0.05)}
    wrong = {name for name, worst, tolerance in check(moved, {}) if worst > tolerance}
    assert {'nusc.vox_semantic', 'kitti.vox_geometry', 'merge.demo', 'p2v.occ', 'T.pts'} <= wrong


def test_a_file_with_one_class_set_and_other_numbers_of_frames(tensors):
    fewer = {name: value for name, value in tensors.items() if 'kitti' not in name}
    names = {name for name, _, _ in check(fewer, {})}
    assert 'nusc.vox_semantic' in names
    assert not any('kitti' in name for name in names)
    single = {name: value for name, value in fewer.items() if not name.endswith(('pred1', 'gt1'))}
    worst = {name: worst for name, worst, _ in check(single, {})}
    assert worst['metric.nusc.PRI_mIoU'] > 0  # the stored numbers are over two frames
