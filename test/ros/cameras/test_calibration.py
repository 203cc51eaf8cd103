"""Camera matrices follow what was done to the image."""

import numpy as np
from occany_ros.ros.cameras.calibration import (
    delivered_from_turned,
    intrinsics_from_message,
    is_distorted,
    turned_intrinsics,
)
import pytest
from sensor_msgs.msg import CameraInfo

K = np.array([[100.0, 0.0, 70.0], [0.0, 110.0, 30.0], [0.0, 0.0, 1.0]])


def info(k=K, p=None, size=(80, 160), d=()):
    message = CameraInfo(height=size[0], width=size[1], k=k.ravel(), d=list(map(float, d)))
    if p is not None:
        message.p = np.hstack([p, np.zeros((3, 1))]).ravel()
    return message


def test_the_matrix_that_fits_the_topic_is_taken():
    rectified = K + np.diag([5.0, 5.0, 0.0])
    message = info(p=rectified)
    size = (80, 160)
    np.testing.assert_array_equal(
        intrinsics_from_message(message, size=size, rectified=True), rectified
    )
    np.testing.assert_array_equal(intrinsics_from_message(message, size=size, rectified=False), K)
    np.testing.assert_array_equal(intrinsics_from_message(info(), size=size, rectified=True), K)


def test_an_uncalibrated_camera_has_none():
    message = info(k=np.zeros((3, 3)))
    assert intrinsics_from_message(message, size=(80, 160), rectified=False) is None


def test_a_resized_image_scales_the_matrix():
    half = intrinsics_from_message(info(), size=(40, 80), rectified=False)
    np.testing.assert_allclose(half[:2], K[:2] / 2)


def test_a_cropped_image_and_a_bad_matrix_are_refused():
    with pytest.raises(ValueError, match='camera info'):
        intrinsics_from_message(info(), size=(80, 80), rectified=False)
    with pytest.raises(ValueError, match='camera matrix'):
        intrinsics_from_message(info(k=-K), size=(80, 160), rectified=False)


def test_distortion_is_seen():
    assert is_distorted(info(d=(0.1, 0, 0, 0, 0)))
    assert not is_distorted(info(d=(0, 0, 0, 0, 0)))


@pytest.mark.parametrize('angle_deg', [0, 90, 180, 270])
def test_turning_keeps_points_on_their_pixels(angle_deg):
    size = (80, 160)
    marked = np.zeros(size)
    x, y = 33, 12
    marked[y, x] = 1
    turned = np.rot90(marked, -angle_deg // 90)
    row, column = np.argwhere(turned)[0]
    ray = np.linalg.inv(turned_intrinsics(K, size, angle_deg)) @ (column, row, 1.0)
    delivered = delivered_from_turned(angle_deg)[:3, :3] @ ray
    np.testing.assert_allclose((K @ delivered)[:2], (x, y), atol=1e-9)


@pytest.mark.parametrize(
    'change',
    [
        {(0, 0): 1e-300, (1, 1): 1e-300},
        {(0, 0): 1e9},
        {(0, 2): 1e300},
        {(1, 2): -5000.0},
        {(0, 1): 1e12},
        {(2, 2): 0.0},
        {(1, 0): 3.0},
    ],
)
def test_a_camera_no_lens_could_make_is_refused(change):
    matrix = K.copy()
    for place, value in change.items():
        matrix[place] = value
    with pytest.raises(ValueError, match='camera matrix'):
        intrinsics_from_message(info(matrix), size=(80, 160), rectified=False)
