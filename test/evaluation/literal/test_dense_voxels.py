"""Sparse votes fill the grid that dense score grids fill."""

import numpy as np
from occany_ros.evaluation.literal.voxels import voxelize as dense
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.occupancy.voxelize import voxelize
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec(origin=(-2.0, -2.0, -1.0), resolution=0.5, shape=(8, 9, 6))


@pytest.mark.parametrize('labelled', [True, False])
@pytest.mark.parametrize('seed', range(4))
def test_sparse_voxels(labelled, seed):
    draw = np.random.default_rng(seed)
    cloud = LabelledPoints(
        points=draw.uniform(-3, 3, (400, 3)).astype(np.float32),
        confidence=(1 + draw.exponential(1.0, 400) * (draw.random(400) > 0.2)).astype(np.float32),
        labels=draw.choice([0, 1, 2, 3, 17, 255], 400).astype(np.uint8) if labelled else None,
    )
    filled = dense(cloud, SPEC, OCC3D)
    assert set(np.unique(filled)) == ({0, 1, 2, 3, 17} if labelled else {0, 1, 17})
    np.testing.assert_array_equal(voxelize(cloud, SPEC, OCC3D), filled)
