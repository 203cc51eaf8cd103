"""
Pinhole matrices, and what resizing and cutting an image does to them.

Pixel centres have integer coordinates: pixel (row 0, column 0) covers -0.5 to 0.5.
"""

import numpy as np
from numpy.typing import NDArray


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
