"""Projection is undone by unprojection; matrices follow what happens to the image."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.projection import (
    cropped_intrinsics,
    project,
    resized_intrinsics,
    unproject,
)

INTRINSICS = np.array([[300.0, 0, 40.5], [0, 310.0, 20.0], [0, 0, 1]])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_projection_undoes_unprojection(height, width, seed):
    depth = np.random.default_rng(seed).uniform(0.5, 50, (height, width))
    pixels = project(unproject(depth, INTRINSICS), INTRINSICS)
    rows, columns = np.mgrid[:height, :width]
    np.testing.assert_allclose(pixels, np.stack((columns, rows), -1), atol=1e-8)


def test_crop_moves_pixels_by_the_border():
    point = np.array([0.3, -0.2, 4.0])
    moved = project(point, INTRINSICS) - project(point, cropped_intrinsics(INTRINSICS, 7, 3))
    np.testing.assert_allclose(moved, [7, 3])


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 4), st.floats(0.2, 4))
def test_resizing_keeps_the_corner_of_the_image(across, down):
    corner = np.linalg.inv(INTRINSICS) @ [-0.5, -0.5, 1]
    resized = resized_intrinsics(INTRINSICS, (across, down))
    np.testing.assert_allclose(project(corner, resized), [-0.5, -0.5], atol=1e-8)
    point = np.array([0.3, -0.2, 4.0])
    np.testing.assert_allclose(
        project(point, resized) + 0.5, (project(point, INTRINSICS) + 0.5) * (across, down)
    )
