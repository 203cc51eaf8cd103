"""Rigid motions as (4, 4) matrices named after what they turn into what."""

import numpy as np
from numpy.typing import NDArray


def invert(target_from_source: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Invert rigid motions.

    :param target_from_source: (..., 4, 4).
    :returns: source_from_target, (..., 4, 4) float64.
    """
    source_from_target = np.zeros_like(target_from_source, dtype=np.float64)
    rotation = np.swapaxes(target_from_source[..., :3, :3], -1, -2)
    source_from_target[..., :3, :3] = rotation
    source_from_target[..., :3, 3:] = -rotation @ target_from_source[..., :3, 3:]
    source_from_target[..., 3, 3] = 1.0
    return source_from_target
