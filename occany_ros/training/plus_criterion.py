"""
What OccAny+ was trained to minimise (OccAny+ spec, section 12.1).

A statement of the method, held to golden files; `occany train` trains the embedded network alone.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

LEAST_CONFIDENCE: Final = 1e-6
DIRECTION_WEIGHT: Final = 10.0
"""Of the directions of rays, whose numbers are near 1, beside their origins in metres."""
NEAREST_M: Final = 0.01
FARTHEST_M: Final = 50.0
HYPOTHESES: Final = 100
SAMPLE: Final = 50
INLIER: Final = 0.1
"""Largest relative error of an inlier of a scale."""
SCALES: Final = (0.01, 100.0)
NO_DIVISION: Final = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class PlusEstimate:
    """
    What the network says of ``b`` samples of ``v`` views each.

    :param points: world frame, metres, (b, v, h, w, 3).
    :param depth: along the optical axis, metres, (b, v, h, w).
    :param rays: direction, then origin in metres, (b, v, h, w, 6).
    :param confidence: of points, more than 0, (b, v, h, w).
    :param ray_confidence: of rays, the same.
    """

    points: Tensor
    depth: Tensor
    rays: Tensor
    confidence: Tensor
    ray_confidence: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PlusTruth:
    """
    What is known of the same views.

    :param points: world frame, metres, (b, v, h, w, 3); anything where not valid.
    :param depth: along the optical axis, metres, (b, v, h, w); anything where not valid.
    :param rays: direction, then origin in metres, (b, v, h, w, 6); of every pixel.
    :param valid: pixels whose depth is known and less than 50 m, (b, v, h, w) bool.
    """

    points: Tensor
    depth: Tensor
    rays: Tensor
    valid: Tensor


def point_loss(estimate: PlusEstimate, truth: PlusTruth) -> Tensor:
    """Weigh errors of points in units of the sample's size, by how sure the network is, ()."""
    distance = torch.where(truth.valid, truth.points.norm(dim=-1), 0.0).flatten(1).sum(dim=1)
    size = distance / truth.valid.flatten(1).sum(dim=1)  # (b,)
    error = (estimate.points - truth.points).abs().sum(dim=-1) / size[:, None, None, None]
    return _sure(error, estimate.confidence)[truth.valid].mean()


def point_distance(estimate: PlusEstimate, truth: PlusTruth) -> Tensor:
    """Mean distance of points, metres, ()."""
    return (estimate.points - truth.points).norm(dim=-1)[truth.valid].mean()


def depth_loss(estimate: PlusEstimate, truth: PlusTruth) -> Tensor:
    """Mean error of depths, metres, ()."""
    return (estimate.depth - truth.depth).abs()[truth.valid].mean()


def sure_depth_loss(estimate: PlusEstimate, truth: PlusTruth) -> Tensor:
    """Weigh errors of depths by how sure the network is, and add those of their slopes, ()."""
    error = (estimate.depth - truth.depth).abs()
    sure = _sure(error, estimate.confidence)[truth.valid].mean()
    return sure + slope_error(estimate.depth, truth.depth, truth.valid)


def ray_loss(estimate: PlusEstimate, truth: PlusTruth) -> Tensor:
    """Weigh errors of the rays of all pixels by how sure the network is of them, ()."""
    error = (estimate.rays - truth.rays).abs()
    whole = DIRECTION_WEIGHT * error[..., :3].sum(dim=-1) + error[..., 3:].sum(dim=-1)
    return _sure(whole, estimate.ray_confidence).mean()


def teacher_loss(depth: Tensor, teacher: Tensor, valid: Tensor, scales: Tensor) -> Tensor:
    """
    Compare depths with those of a frozen network, which are known up to a factor, ().

    :param depth: metres, (b, v, h, w).
    :param teacher: in a unit of its own, the same shape.
    :param valid: where the truth is known, the same shape, bool.
    :param scales: metres to that unit, of each sample, (b,); see `teacher_scale`.
    """
    metric = scales[:, None, None, None] * teacher
    is_near = (metric > NEAREST_M) & (metric < FARTHEST_M)
    valid = valid & (depth > NEAREST_M) & is_near
    error = (depth - metric).abs()[valid].mean()
    return error + slope_error(depth, metric, valid)


def teacher_scale(
    teacher: Tensor, truth: Tensor, valid: Tensor, generator: torch.Generator | None
) -> Tensor:
    """
    Find the factor between a frozen network's depths and the true ones of one sample, ().

    Hypotheses are medians of the ratios of 50 random pixels; the factor is the median of all
    ratios that agree with the best one.

    :param teacher: in a unit of its own, any shape.
    :param truth: metres, the same shape.
    :param valid: where it is known, the same shape, bool.
    :param generator: draws the pixels; None takes the median of all ratios instead, and so do
        fewer than 50 pixels. Without any pixel the factor is 1.
    """
    is_near = (truth > NEAREST_M) & (truth < FARTHEST_M)
    usable = valid & is_near & (teacher > NEAREST_M)
    ratio = truth[usable] / (teacher[usable] + NO_DIVISION)
    if not len(ratio):
        return torch.ones((), device=truth.device)
    if generator is not None and len(ratio) >= SAMPLE:
        ratio = ratio[_agreeing(ratio, generator)]
    return ratio.median().clamp(*SCALES)


def slope_error(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Mean error of the steps to the pixel on the right, plus that to the one below, ()."""
    error = depth - truth
    across = (error[..., 1:] - error[..., :-1]).abs()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs()
    both_across = valid[..., 1:] & valid[..., :-1]
    both_down = valid[..., 1:, :] & valid[..., :-1, :]
    return across[both_across].mean() + down[both_down].mean()


def _sure(error: Tensor, confidence: Tensor) -> Tensor:
    """Error times confidence, less the logarithm of the confidence."""
    return confidence * error - confidence.clamp(min=LEAST_CONFIDENCE).log()


def _agreeing(ratio: Tensor, generator: torch.Generator) -> Tensor:
    """Say which ratios (n,) agree with the hypothesis most of them agree with, (n,) bool."""
    draws = [torch.randperm(len(ratio), generator=generator)[:SAMPLE] for _ in range(HYPOTHESES)]
    samples = torch.stack(draws).to(ratio.device)
    scale = ratio[samples].median(dim=1).values[:, None]
    agrees = (ratio - scale).abs() / scale < INLIER  # (hypotheses, n)
    return agrees[agrees.sum(dim=1).argmax()]
