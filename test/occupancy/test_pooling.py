"""Pooling against loops over the 27 neighbours."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.pooling import (
    count_neighbours,
    dilate,
    fill,
    merge_demo,
    pool_classes,
    pool_geometry,
    pool_unified,
)
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

SETS = [OCC3D, KITTI]
seeds = st.integers(0, 2**31)


def random_grid(seed, classes, *, density=0.3):
    rng = np.random.default_rng(seed)
    labels = rng.choice([*range(classes.count), classes.other], (6, 5, 4))
    return np.where(rng.random(labels.shape) < density, labels, classes.empty).astype(np.uint8)


def neighbourhoods(grid, padding):
    padded = np.pad(grid, 1, constant_values=padding)
    for index in np.ndindex(*grid.shape):
        yield index, padded[tuple(slice(i, i + 3) for i in index)].ravel()


def literal_pool_classes(grid, classes, *, only_other):
    pooled = grid.copy()
    for index, around in neighbourhoods(grid, classes.empty):
        if grid[index] == classes.empty or (only_other and grid[index] != classes.other):
            continue
        real = [c for c in around if c not in {classes.empty, classes.other}]
        if real:
            pooled[index] = max(sorted(set(real)), key=real.count)
    return pooled


@given(seeds)
def test_dilation_and_counting_equal_loops(seed):
    occupied = np.random.default_rng(seed).random((5, 4, 3)) < 0.2
    for index, around in neighbourhoods(occupied, padding=False):
        assert dilate(occupied)[index] == around.any()
        assert count_neighbours(occupied)[index] == around.sum()
        assert fill(occupied, 'majority')[index] == (occupied[index] or around.sum() > 13.5)


@given(seeds, st.integers(1, 3))
def test_dilating_several_times(seed, times):
    occupied = np.random.default_rng(seed).random((7, 6, 5)) < 0.05
    expected = occupied
    for _ in range(times):
        expected = dilate(expected)
    assert np.array_equal(dilate(occupied, times=times), expected)


@settings(deadline=None)
@given(seeds, st.sampled_from(SETS), st.booleans())
def test_class_pooling_equals_loops(seed, classes, only_other):
    grid = random_grid(seed, classes)
    fast = pool_classes(grid, classes, only_other=only_other)
    assert np.array_equal(fast, literal_pool_classes(grid, classes, only_other=only_other))


@given(seeds, st.sampled_from(SETS))
def test_class_pooling_never_changes_the_occupancy(seed, classes):
    grid = random_grid(seed, classes)
    pooled = pool_classes(grid, classes)
    assert np.array_equal(pooled == classes.empty, grid == classes.empty)


@given(st.sampled_from([4, 9, 15]), st.sampled_from(SETS))
def test_one_class_alone_is_pooled_once_and_for_all(label, classes):
    grid = np.where(random_grid(label, classes) != classes.empty, label, classes.empty)
    grid = grid.astype(np.uint8)
    assert np.array_equal(pool_classes(grid, classes), grid)
    unified = pool_unified(grid, classes)
    assert np.array_equal(pool_classes(unified, classes), unified)
    assert np.array_equal(unified != classes.empty, dilate(grid != classes.empty))


@pytest.mark.parametrize(('classes', 'mark'), [(OCC3D, 0), (KITTI, 1)])
def test_geometry_pooling_knows_one_value(classes, mark):
    grid = random_grid(3, classes, density=0.02)
    pooled = pool_geometry(grid, classes)
    assert set(np.unique(pooled)) == {mark, classes.empty}
    assert np.array_equal(pooled == mark, dilate(grid != classes.empty))


@given(seeds, st.sampled_from(SETS))
def test_merging(seed, classes):
    seen, imagined = random_grid(seed, classes), random_grid(seed + 1, classes)
    merged = merge_demo(seen, imagined, classes)
    occupied = seen != classes.empty
    assert np.array_equal(merged[occupied], seen[occupied])
    assert np.array_equal(merged[~occupied], imagined[~occupied])
    assert np.array_equal(merge_demo(merged, imagined, classes), merged)
    nothing = np.full_like(seen, classes.empty)
    assert np.array_equal(merge_demo(nothing, imagined, classes), imagined)
    assert np.array_equal(merge_demo(seen, nothing, classes), seen)
