"""Points that vote for voxels, and the frames they come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BODY_FROM_OPTICAL: Final[NDArray[np.float64]] = np.array(
    [(0, 0, 1, 0), (-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, 0, 1)], np.float64
)
"""Axis swap from optical (right, down, forward) to body axes (forward, left, up); spec §12."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPoints:
    """
    Points with what a network says about them.

    :param points: grid frame, metres, (p, 3) float32.
    :param confidence: at least 1, (p,) float32.
    :param labels: native class, 255 = none, (p,) uint8; None where classes are not known at all.
    """

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    labels: NDArray[np.uint8] | None = None


def transform_points(
    points: NDArray[np.floating], target_from_source: NDArray[np.floating]
) -> NDArray[np.float32]:
    """
    Bring points into another frame.

    :param points: source frame, metres, (..., 3).
    :param target_from_source: rigid transform, (4, 4).
    :returns: target frame, metres, (..., 3) float32.
    """
    rotation = target_from_source[:3, :3].astype(points.dtype, copy=False)
    translation = target_from_source[:3, 3].astype(points.dtype, copy=False)
    return (points @ rotation.T + translation).astype(np.float32, copy=False)


def above(cloud: LabelledPoints, threshold: float) -> LabelledPoints:
    """Keep finite points whose confidence is strictly above the threshold (spec §12)."""
    keep = (cloud.confidence > threshold) & np.isfinite(cloud.points).all(axis=-1)
    labels = None if cloud.labels is None else cloud.labels[keep]
    return LabelledPoints(cloud.points[keep], cloud.confidence[keep], labels)


def concatenate(clouds: Sequence[LabelledPoints]) -> LabelledPoints:
    """
    One cloud of several, in order.

    :raises ValueError: when only some of them have labels.
    """
    labels = [cloud.labels for cloud in clouds if cloud.labels is not None]
    if len(labels) not in {0, len(clouds)}:
        raise ValueError(
            f'clouds: expected labels for all {len(clouds)} or none, got {len(labels)}: '
            'drop or fill them first'
        )
    return LabelledPoints(
        np.concatenate([cloud.points for cloud in clouds]),
        np.concatenate([cloud.confidence for cloud in clouds]),
        np.concatenate(labels) if labels else None,
    )
