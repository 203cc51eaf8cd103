"""Rotations as unit quaternions in the order x, y, z, w, and back."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def quaternion_from_rotation(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Turn a rotation matrix into a unit quaternion (x, y, z, w) with w >= 0.

    It is the eigenvector of the largest eigenvalue of a symmetric 4 x 4 matrix (Bar-Itzhack
    2000), which is stable for every angle and tolerates a slightly non-orthogonal input.

    :param rotation: (3, 3).
    :returns: (4,) float64.
    """
    r = np.asarray(rotation, np.float64)
    k = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], 0.0, 0.0, 0.0],
            [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], 0.0, 0.0],
            [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], 0.0],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], np.trace(r)],
        ]
    )
    _, vectors = np.linalg.eigh(k)  # reads the lower triangle, eigenvalues ascending
    quaternion = vectors[:, -1]
    return quaternion if quaternion[3] >= 0 else -quaternion


def rotation_from_quaternion(quaternion: ArrayLike) -> NDArray[np.float64]:
    """
    Turn a quaternion (x, y, z, w) of any length but zero into a rotation matrix.

    :returns: (3, 3) float64.
    :raises ValueError: the quaternion is zero or not finite.
    """
    values = np.asarray(quaternion, np.float64)
    largest = np.abs(values).max()
    if not (np.isfinite(values).all() and largest > 0):
        raise ValueError(f'quaternion: expected a finite non-zero one, got {values.tolist()}')
    values = values / largest  # so that no square is too large or too small for a float
    x, y, z, w = values / np.linalg.norm(values)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
