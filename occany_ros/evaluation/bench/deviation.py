"""How far answers in one precision are from those in another."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from occany_ros.models.prediction import NovelViews, Prediction
import torch
from torch import Tensor

DISTANCES_M: Final = (0.0, 5.0, 15.0, 30.0, 60.0)
"""Borders of the ranges of distance that are told apart."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """
    Differences to a reference.

    :param median_m: of points, metres.
    :param most_m: of 99 in 100 points, metres.
    :param at_distance_m: median of the points within each range of `DISTANCES_M`; None where
        the reference has no point.
    :param relative: median over distance from the camera.
    :param confidence: median, of confidence - 1, over that of the reference.
    """

    median_m: float
    most_m: float
    at_distance_m: tuple[float | None, ...]
    relative: float
    confidence: float

    def figures(self) -> dict[str, Any]:
        """Give the numbers to programs."""
        return {
            'median_m': self.median_m,
            'most_m': self.most_m,
            'at_distance_m': list(self.at_distance_m),
            'relative': self.relative,
            'confidence': self.confidence,
        }


def deviation(reference: Prediction | NovelViews, other: Prediction | NovelViews) -> Deviation:
    """
    Compare the points and the confidence of the same views.

    :param reference: e.g. in float32.
    """
    position = reference.world_from_camera[:, None, None, :3, 3].float()
    points = reference.world_points.float()
    distance = (points - position).norm(dim=-1).flatten()
    error = (other.world_points.float() - points).norm(dim=-1).flatten()
    sure = reference.confidence.float().flatten() - 1.0
    doubt = (other.confidence.float().flatten() - 1.0 - sure).abs()
    ranges = []
    for near, far in pairwise(DISTANCES_M):
        inside = error[(distance >= near) & (distance < far)]
        ranges.append(_quantile(inside, 0.5) if len(inside) else None)
    tiny = torch.finfo(torch.float32).tiny
    return Deviation(
        median_m=_quantile(error, 0.5),
        most_m=_quantile(error, 0.99),
        at_distance_m=tuple(ranges),
        relative=_quantile(error / distance.clamp(min=tiny), 0.5),
        confidence=_quantile(doubt / sure.clamp(min=tiny), 0.5),
    )


def _quantile(x: Tensor, share: float) -> float:
    """Value that a share of the numbers is not above; torch's own takes 16 million at most."""
    return float(x.kthvalue(max(1, round(share * len(x)))).values)
