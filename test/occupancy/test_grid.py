"""Cells, points and indices, there and back."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.grid import (
    cell_at,
    cell_of,
    centre_of,
    flat_index,
    grid_from_native,
    GridSpec,
    inside,
    upper_corner,
)
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

corners = st.floats(-50, 50).map(lambda value: round(value, 3))
specs = st.builds(
    GridSpec,
    origin=st.tuples(corners, corners, corners),
    resolution=st.sampled_from([0.05, 0.1, 0.2, 0.4, 1.0]),
    shape=st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(1, 40)),
)


@given(specs, st.integers(0, 2**31))
def test_centre_and_cell_are_inverse(spec, seed):
    cells = np.random.default_rng(seed).integers(0, spec.shape, (20, 3))
    assert np.array_equal(cell_of(centre_of(cells, spec), spec), cells)
    assert inside(cells, spec).all()


@given(specs, st.integers(0, 2**31))
def test_flat_index_and_cell_are_inverse(spec, seed):
    cells = np.random.default_rng(seed).integers(0, spec.shape, (20, 3))
    flat = flat_index(cells, spec)
    assert np.array_equal(cell_at(flat, spec), cells)
    assert np.array_equal(flat, np.ravel_multi_index(tuple(cells.T), spec.shape))


def test_a_cell_owns_its_minimum_faces():
    spec = GridSpec((-1.0, 0.0, 0.0), 0.5, (4, 2, 2))
    points = np.array([(-1.0, 0.0, 0.0), (-0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (0.99, -0.01, 0.0)])
    assert cell_of(points, spec).tolist() == [[0, 0, 0], [1, 1, 1], [4, 0, 0], [3, -1, 0]]
    assert inside(cell_of(points, spec), spec).tolist() == [True, True, False, False]
    assert upper_corner(spec).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize('classes', [OCC3D, KITTI], ids=['occ3d', 'kitti'])
def test_native_grid_is_renumbered(classes):
    spec = GridSpec((0.0, 0.0, 0.0), 1.0, (1, 1, 4))
    native = np.array([[[classes.empty, classes.other, 5, 255]]], np.uint8)
    grid = grid_from_native(native, spec, classes, confidence=9)
    expected = [0, classes.grid_from_native[classes.other], classes.grid_from_native[5], 255]
    assert grid.labels.ravel().tolist() == expected
    assert grid.confidence.ravel().tolist() == [0, 9, 9, 0]
    assert grid.class_names == classes.grid_names
    with pytest.raises(ValueError, match=r'\(1, 1, 4\)'):
        grid_from_native(native[..., :2], spec, classes)
