"""CameraInfo messages to pinhole matrices, and what turning or resizing an image does to them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

_ASPECT_TOLERANCE: Final = 0.02
# Of the longer image side: opening angles of 169 to 1.1 degrees.
_FOCAL: Final = (0.05, 50.0)
_OFF_CENTRE: Final = 1.5


def intrinsics_from_message(
    info: CameraInfo, *, size: tuple[int, int], rectified: bool
) -> NDArray[np.float64] | None:
    """
    Pinhole matrix of a camera, in pixels of an image of the given size.

    :param size: height and width of the image as delivered; a driver may have resized it.
    :param rectified: whether the images were rectified, so that the projection matrix P holds
        rather than the camera matrix K.
    :returns: (3, 3), or None where the camera is not calibrated (all zero).
    :raises ValueError: the matrix is not that of a pinhole camera, or the calibrated image has
        another shape than the delivered one; none is so wide, narrow or askew that its rays
        could not be told from noise.
    """
    matrix = np.array(info.p, np.float64).reshape(3, 4)[:, :3] if rectified else np.zeros((3, 3))
    if not matrix.any():
        matrix = np.array(info.k, np.float64).reshape(3, 3)
    if not matrix.any():
        return None
    if not (np.isfinite(matrix).all() and matrix[0, 0] > 0 and matrix[1, 1] > 0):
        raise ValueError(
            f'camera matrix: expected positive focal lengths, got {matrix.tolist()}; '
            'calibrate the camera, or publish zeros if it is not calibrated'
        )
    matrix = _resized(matrix, (info.height, info.width), size)
    _check_plausible(matrix, size)
    return matrix


def is_distorted(info: CameraInfo) -> bool:
    """Whether the camera matrix alone does not describe the raw image."""
    return bool(np.any(np.array(info.d, np.float64)))


def turned_intrinsics(
    intrinsics: NDArray[np.float64], size: tuple[int, int], angle_deg: int
) -> NDArray[np.float64]:
    """
    Pinhole matrix of an image that was turned clockwise.

    :param intrinsics: of the image as delivered, (3, 3).
    :param size: height and width as delivered.
    :param angle_deg: 0, 90, 180 or 270, clockwise.
    """
    matrix = intrinsics
    height, width = size
    for _ in range(angle_deg // 90 % 4):
        turned = np.eye(3)
        turned[0, 0], turned[1, 1] = matrix[1, 1], matrix[0, 0]
        turned[0, 2], turned[1, 2] = height - 1 - matrix[1, 2], matrix[0, 2]
        matrix = turned
        height, width = width, height
    return matrix


def delivered_from_turned(angle_deg: int) -> NDArray[np.float64]:
    """
    Rotation from the optical frame of a clockwise turned image to that of the image as delivered.

    :param angle_deg: 0, 90, 180 or 270, clockwise.
    :returns: (4, 4), a rotation about the optical axis.
    """
    # Turned clockwise by a quarter, the new x axis (right) is the old -y (up).
    matrix = np.eye(4)
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    matrix[:3, :3] = np.linalg.matrix_power(quarter, angle_deg // 90 % 4)
    return matrix


def _check_plausible(matrix: NDArray[np.float64], size: tuple[int, int]) -> None:
    """Refuse what no lens does: one odd calibration must not make every point infinite."""
    height, width = size
    longer = max(size)
    focal = matrix[[0, 1], [0, 1]] / longer
    centre = matrix[:2, 2] / (width, height)
    is_pinhole = bool(
        np.all((focal >= _FOCAL[0]) & (focal <= _FOCAL[1]))
        and np.all(np.abs(centre - 0.5) <= _OFF_CENTRE)
        and abs(matrix[0, 1]) <= matrix[0, 0]
        and np.array_equal(matrix[1:, 0], (0.0, 0.0))
        and np.array_equal(matrix[2, 1:], (0.0, 1.0))
    )
    if not is_pinhole:
        raise ValueError(
            f'camera matrix: expected focal lengths of {_FOCAL[0]:g} to {_FOCAL[1]:g} image sides '
            f'and a centre near the image of {width}x{height}, got {matrix.tolist()}; calibrate '
            'the camera, or publish zeros if it is not calibrated'
        )


def _resized(
    matrix: NDArray[np.float64], calibrated: tuple[int, int], size: tuple[int, int]
) -> NDArray[Any]:
    if 0 in calibrated or calibrated == size:
        return matrix
    scale_y, scale_x = size[0] / calibrated[0], size[1] / calibrated[1]
    if abs(scale_x / scale_y - 1.0) > _ASPECT_TOLERANCE:
        raise ValueError(
            f'camera info: expected a calibration for {size[1]}x{size[0]}, got one for '
            f'{calibrated[1]}x{calibrated[0]}; publish the CameraInfo of the cropped image'
        )
    return np.diag((scale_x, scale_y, 1.0)) @ matrix
