"""
Pinhole cameras: points to pixels and back, and what resizing does to the matrix.

Pixel centres have integer coordinates: pixel (row 0, column 0) covers -0.5 to 0.5.
"""

import numpy as np
from numpy.typing import NDArray


def project(points: NDArray[np.floating], intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Project points in front of a camera.

    :param points: optical frame, z > 0, (..., 3).
    :param intrinsics: pinhole matrix, pixels, (3, 3).
    :returns: column and row, pixels, (..., 2).
    """
    image_plane = points @ intrinsics.T
    return image_plane[..., :2] / image_plane[..., 2:]


def unproject(depth: NDArray[np.floating], intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Give every pixel of a depth image its point.

    :param depth: along the optical axis, metres, (h, w).
    :param intrinsics: pinhole matrix, pixels, (3, 3).
    :returns: optical frame, metres, (h, w, 3).
    """
    height, width = depth.shape
    return pixel_rays(height, width, intrinsics) * depth[..., None]


def pixel_rays(height: int, width: int, intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ray through every pixel centre with z = 1, optical frame, (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack((columns, rows, np.ones_like(rows)), axis=-1)  # (h, w, 3)
    return pixels @ np.linalg.inv(intrinsics).T


def resized_intrinsics(
    intrinsics: NDArray[np.float64],
    scale: tuple[float, float],
    shift: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """
    Pinhole matrix after the image was resized about its corner.

    The corner of the first pixel stays where it is, its centre does not: the half pixel is added
    before the scaling and taken off after it.

    :param intrinsics: pinhole matrix of the image before, (3, 3).
    :param scale: new size over old size along columns and rows.
    :param shift: columns and rows the principal point moves by, in pixels of the new image.
    :returns: (3, 3) float64.
    """
    resized = np.array(intrinsics, dtype=np.float64)
    resized[:2, 2] += 0.5
    resized[:2] *= np.array(scale)[:, None]
    resized[:2, 2] += np.array(shift) - 0.5
    return resized


def cropped_intrinsics(
    intrinsics: NDArray[np.float64], left: float, top: float
) -> NDArray[np.float64]:
    """Pinhole matrix after ``left`` columns and ``top`` rows were cut away, (3, 3) float64."""
    cropped = np.array(intrinsics, dtype=np.float64)
    cropped[:2, 2] -= (left, top)
    return cropped
