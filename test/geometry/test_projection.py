"""Matrices follow what happens to the image."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.projection import cropped_intrinsics, resized_intrinsics

INTRINSICS = np.array([[300.0, 0, 40.5], [0, 310.0, 20.0], [0, 0, 1]])


def pixel_of(point, intrinsics):
    column, row, depth = intrinsics @ point
    return np.array([column, row]) / depth


def test_crop_moves_pixels_by_the_border():
    point = np.array([0.3, -0.2, 4.0])
    moved = pixel_of(point, INTRINSICS) - pixel_of(point, cropped_intrinsics(INTRINSICS, 7, 3))
    np.testing.assert_allclose(moved, [7, 3])


@settings(max_examples=20)
@given(st.floats(0.2, 4), st.floats(0.2, 4))
def test_resizing_keeps_the_corner_of_the_image(across, down):
    corner = np.linalg.inv(INTRINSICS) @ [-0.5, -0.5, 1]
    resized = resized_intrinsics(INTRINSICS, (across, down))
    np.testing.assert_allclose(pixel_of(corner, resized), [-0.5, -0.5], atol=1e-8)
    point = np.array([0.3, -0.2, 4.0])
    np.testing.assert_allclose(
        pixel_of(point, resized) + 0.5, (pixel_of(point, INTRINSICS) + 0.5) * (across, down)
    )


def test_shift_moves_the_principal_point():
    resized = resized_intrinsics(INTRINSICS, (2.0, 1.0), shift=(-0.25, 0.5))
    np.testing.assert_allclose(resized[:2, 2], [81.25, 20.5])
    assert INTRINSICS[0, 2] == 40.5
