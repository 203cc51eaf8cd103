"""What the embedded network's rendering stage is trained to minimise."""

from dataclasses import dataclass
from typing import Final

from occany_ros.models.embedded.closer import Closer
from occany_ros.models.embedded.imagination import Imagination
from occany_ros.training.losses import GROUND, weighted_error
from occany_ros.training.novel_batch import NovelBatch
import torch
from torch import Tensor
from torch.nn import functional

FARTHEST_CELL: Final = 24.0
"""Up to here an obstacle counts by its area instead of by its pixels, metres."""
FARTHEST_CLOSE: Final = 40.0
"""Up to here the second look is asked for finer depth, metres."""


@dataclass(frozen=True, slots=True)
class NovelLossWeights:
    """
    Weights of the terms beside the cross-entropy of where rays end.

    :param depth: confidence-weighted error of the log depth.
    :param labels: cross-entropy of the classes.
    :param sky: confidence where there is nothing.
    :param unseen: worth of a surface that no source shows.
    """

    depth: float = 2.0
    labels: float = 0.3
    sky: float = 0.05
    unseen: float = 0.1


def cell_weights(batch: NovelBatch, near: float, far: float, unseen: float) -> Tensor:
    """
    Weight of every ray: obstacles that a source shows count by the cells they fill, (r, h4, w4).

    A surface fills fewer pixels the farther it is, but as many cells of a grid.

    :param near: nearest hypothesis, metres.
    :param far: farthest one.
    :param unseen: worth of surfaces no source shows.
    """
    ground = torch.isin(batch.labels, batch.labels.new_tensor(GROUND))
    nothing = is_nothing(batch.depth, far)
    area = torch.where(batch.depth < FARTHEST_CELL, (batch.depth / 10).square(), 1.0)
    weight = torch.where(ground | nothing, 0.3, 2.0 * area.clamp(min=0.2))
    weight = weight * torch.where(batch.shown | nothing, 1.0, unseen)
    return weight * (nothing | (batch.depth > near))


def is_nothing(depth: Tensor, far: float) -> Tensor:
    """Tell sky, which has depth 0, and what is too far to be asked for."""
    return (depth <= 0) | (depth >= far)


def shared_by_two(chances: Tensor, places: Tensor, value: Tensor) -> Tensor:
    """
    Cross-entropy of a value that the two places around it share.

    :param chances: log probabilities, (r, k or more, h, w).
    :param places: evenly spaced, (k,).
    :param value: the truth, kept within the places, (r, h, w).
    :returns: (r, h, w).
    """
    last = len(places) - 1
    place = ((value - places[0]) / (places[1] - places[0])).clamp(0, last)
    lower = place.floor().clamp(max=last - 1)
    part, index = place - lower, lower.long()[:, None]
    below, above = (chances.gather(1, index + shift)[:, 0] for shift in (0, 1))
    return -(1 - part) * below - part * above


def first_look_loss(
    answer: Imagination, log_depths: Tensor, batch: NovelBatch, class_weights: Tensor
) -> dict[str, Tensor]:
    """
    Loss terms of the first look, each already weighted.

    :param log_depths: its hypotheses, (k,).
    """
    weights = NovelLossWeights()
    near, far = (float(log_depths[i].exp()) for i in (0, -1))
    weight = cell_weights(batch, near, far, weights.unseen)
    total = weight.sum().clamp(min=1)
    nothing = is_nothing(batch.depth, far)
    log_truth = batch.depth.clamp(min=0.1).log()
    ends = shared_by_two(answer.chances, log_depths, log_truth)
    ends = torch.where(nothing, -answer.chances[:, -1], ends)
    maps = answer.maps
    error = weighted_error(maps.log_depth, maps.log_precision, batch.depth)
    labels = functional.cross_entropy(
        maps.logits, batch.labels.long(), weight=class_weights, reduction='none'
    )
    trusted = torch.where(batch.shown | nothing, 1.0, weights.unseen)
    return {
        'ends': (ends * weight).sum() / total,
        'depth': weights.depth * (error * weight * ~nothing).sum() / total,
        'labels': weights.labels * (labels * trusted).mean(),
        'sky': weights.sky * (functional.softplus(maps.log_precision) * nothing).mean(),
    }


def second_look_loss(
    answer: Closer, first: Tensor, offsets: Tensor, batch: NovelBatch
) -> dict[str, Tensor]:
    """
    Loss terms of the second look, each already weighted.

    :param first: log depth that the first look answered, (r, h4, w4).
    :param offsets: hypotheses around it, log metres, (k,).
    """
    weights = NovelLossWeights()
    nothing = is_nothing(batch.depth, FARTHEST_CLOSE)
    weight = cell_weights(batch, 1.2, FARTHEST_CLOSE, weights.unseen) * ~nothing
    missing = batch.depth.clamp(min=0.3).log() - first
    within = weight * (missing.abs() < offsets[-1] + (offsets[1] - offsets[0]))
    steps = shared_by_two(answer.chances, offsets, missing)
    maps = answer.imagination.maps
    error = weighted_error(maps.log_depth, maps.log_precision, batch.depth)
    return {
        'steps': (steps * within).sum() / within.sum().clamp(min=1),
        'depth': weights.depth * (error * weight).sum() / weight.sum().clamp(min=1),
        'sky': weights.sky * (functional.softplus(maps.log_precision) * nothing).mean(),
    }
