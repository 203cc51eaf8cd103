"""Lists of voxels against plain loops."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.grid import FREE, GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.voxels import (
    ground_voxels,
    layers_between,
    obstacle_voxels,
    occupied_voxels,
    surface_voxels,
)
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec((-2.0, -1.0, -1.0), 0.4, (8, 6, 10))
GROUND = OCC3D.grid_traversable


def random_grid(seed, density=0.5):
    rng = np.random.default_rng(seed)
    labels = rng.choice([FREE, UNKNOWN, 2, 5, 12, 14], SPEC.shape).astype(np.uint8)
    labels[rng.random(SPEC.shape) > density] = FREE
    confidence = rng.integers(1, 255, SPEC.shape).astype(np.uint8)
    return OccupancyGrid3d(SPEC, labels, confidence, OCC3D.grid_names)


def occupied(label):
    return label not in {FREE, UNKNOWN}


def cells_of(voxels):
    return [tuple(cell) for cell in voxels.cells.tolist()]


@given(st.integers(0, 2**31))
def test_all_occupied_voxels_give_the_grid_back(seed):
    grid = random_grid(seed)
    voxels = occupied_voxels(grid)
    rebuilt = np.zeros(SPEC.shape, np.uint8)
    cells = np.floor((voxels.centres - SPEC.origin) / SPEC.resolution).astype(int)
    rebuilt[tuple(cells.T)] = voxels.labels
    known = grid.labels != UNKNOWN
    assert np.array_equal(rebuilt[known], grid.labels[known])
    assert not rebuilt[~known].any()
    assert np.array_equal(voxels.confidence, grid.confidence[tuple(voxels.cells.T)])
    assert voxels.centres.dtype == np.float32


@given(st.integers(0, 2**31))
def test_surface_equals_loops(seed):
    grid = random_grid(seed, density=0.95)
    expected = []
    for index in np.ndindex(*SPEC.shape):
        if not occupied(grid.labels[index]):
            continue
        steps = np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
        around = [tuple(np.add(index, step)) for step in steps]
        inside = [all(0 <= i < n for i, n in zip(a, SPEC.shape, strict=True)) for a in around]
        if not all(ok and occupied(grid.labels[a]) for ok, a in zip(inside, around, strict=True)):
            expected.append(index)
    assert cells_of(surface_voxels(grid)) == expected


def test_a_solid_block_shows_its_shell_only():
    labels = np.zeros(SPEC.shape, np.uint8)
    labels[1:6, 1:5, 2:7] = 5
    grid = OccupancyGrid3d(SPEC, labels, labels, OCC3D.grid_names)
    assert len(surface_voxels(grid).cells) == 5 * 4 * 5 - 3 * 2 * 3


@given(st.integers(0, 2**31))
def test_obstacles_and_ground_equal_loops(seed):
    grid = random_grid(seed)
    everywhere = list(np.ndindex(*SPEC.shape))
    height = [-1 + 0.4 * (z + 0.5) for z in range(SPEC.shape[2])]
    expected = [
        i for i in everywhere
        if occupied(grid.labels[i]) and grid.labels[i] not in GROUND and 0.3 <= height[i[2]] <= 1.9
    ]  # fmt: skip
    voxels = obstacle_voxels(grid, GROUND, z_min=0.3, z_max=1.9, max_points=10**6)
    assert cells_of(voxels) == expected
    expected = [i for i in everywhere if grid.labels[i] in GROUND]
    assert cells_of(ground_voxels(grid, GROUND, max_points=10**6)) == expected


@given(st.integers(0, 2**31), st.integers(0, 40))
def test_the_nearest_voxels_stay(seed, limit):
    grid = random_grid(seed)
    everything = obstacle_voxels(grid, GROUND, z_min=-9, z_max=9, max_points=10**6)
    kept = obstacle_voxels(grid, GROUND, z_min=-9, z_max=9, max_points=limit)
    distance = np.sort(np.hypot(*everything.centres[:, :2].T))[:limit]
    assert np.allclose(np.sort(np.hypot(*kept.centres[:, :2].T)), distance)
    assert set(cells_of(kept)) <= set(cells_of(everything))


@pytest.mark.parametrize(
    ('z_min', 'z_max', 'layers'),
    [(0.2, 2.0, (3, 8)), (-9, 9, (0, 10)), (9, 10, (10, 10)), (0.0, 0.0, (2, 3)), (2, 1, (7, 7))],
)
def test_layers_are_chosen_by_their_centres(z_min, z_max, layers):
    chosen = layers_between(random_grid(0), z_min, z_max)
    assert (chosen.start, chosen.stop) == layers
