"""Ego motion that goes on smoothly while the window of remembered images moves."""

import numpy as np
from numpy.typing import NDArray

LEVER_M = 5.0
LEAST_RESIDUAL_M = 0.01
ITERATIONS = 20


def align_poses(
    target_from_body: NDArray[np.float64], source_from_body: NDArray[np.float64]
) -> NDArray[np.float64]:
    """
    Find the rigid motion that carries poses seen in one frame onto the same poses in another.

    Each pose stands as a cross of six tips, ``LEVER_M`` from its origin, so that rotation and
    position count together and one pose suffices. Poses that disagree with the rest lose weight
    (least absolute residuals by re-weighting).

    :param target_from_body: the poses in the target frame, (n, 4, 4), n >= 1.
    :param source_from_body: the same poses in the source frame, (n, 4, 4).
    :returns: target_from_source, (4, 4) float64.
    :raises ValueError: the numbers of poses differ, or there is none.
    """
    if len(target_from_body) != len(source_from_body) or not len(target_from_body):
        expected = f'one or more poses, as many as target_from_body ({len(target_from_body)})'
        raise ValueError(f'source_from_body: expected {expected}, got {len(source_from_body)}')
    target, source = _tips(target_from_body), _tips(source_from_body)  # (n, 6, 3)
    weights = np.ones(len(target))
    target_from_source = np.eye(4)
    for _ in range(ITERATIONS):
        target_from_source = _best_rigid(target, source, weights)
        moved = source @ target_from_source[:3, :3].T + target_from_source[:3, 3]
        residual = np.sqrt(((moved - target) ** 2).sum(axis=-1).mean(axis=-1))  # (n,)
        weights = 1.0 / np.maximum(residual, LEAST_RESIDUAL_M)
    return target_from_source


def _tips(frame_from_body: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tips of each pose's cross, (n, 6, 3)."""
    axes = np.swapaxes(frame_from_body[:, :3, :3], -1, -2) * LEVER_M  # (n, 3 axes, 3)
    origin = frame_from_body[:, None, :3, 3]
    return np.concatenate([origin + axes, origin - axes], axis=1)


def _best_rigid(
    target: NDArray[np.float64], source: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least-squares rigid motion of weighted groups of points (Kabsch)."""
    weight = np.repeat(weights / weights.sum() / target.shape[1], target.shape[1])
    target, source = target.reshape(-1, 3), source.reshape(-1, 3)
    target_centre, source_centre = weight @ target, weight @ source
    covariance = (target - target_centre).T @ ((source - source_centre) * weight[:, None])
    u, _, vt = np.linalg.svd(covariance)
    u[:, 2] *= np.linalg.det(u) * np.linalg.det(vt)
    target_from_source = np.eye(4)
    target_from_source[:3, :3] = u @ vt
    target_from_source[:3, 3] = target_centre - target_from_source[:3, :3] @ source_centre
    return target_from_source
