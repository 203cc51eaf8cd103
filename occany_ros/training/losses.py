"""What the embedded network is trained to minimise."""

from dataclasses import dataclass
from typing import Final

from occany_ros.models.embedded.matching import pixel_to_cell
from occany_ros.models.embedded.network import CONFIDENCE_COST, FARTHEST, Maps
from occany_ros.training.criterion import confidence_weighted, weighted_mean
import torch
from torch import Tensor
from torch.nn import functional

GROUND: Final = (11, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class LossWeights:
    """
    Weights of the terms beside the depth loss.

    :param labels: cross-entropy of the classes.
    :param first_depth: error of the single-image estimate.
    :param matches: cross-entropy of the dense matches.
    :param sky: confidence where there is nothing.
    """

    labels: float = 0.4
    first_depth: float = 0.5
    matches: float = 0.2
    sky: float = 0.05


def depth_weights(depth: Tensor, labels: Tensor) -> Tensor:
    """
    Weight of each cell: obstacles count four times the ground, near cells four times the far ones.

    :param depth: true depth, metres, 0 = sky.
    :param labels: true class, same shape.
    :returns: same shape, zero for sky and beyond 80 m.
    """
    ground = torch.isin(labels, labels.new_tensor(GROUND))
    near = torch.where(depth < 30, 1.0, 0.25)
    weight = torch.where(ground, 0.5, 2.0) * near
    return weight * ((depth > 0.3) & (depth < FARTHEST))


def depth_loss(maps: Maps, depth: Tensor, labels: Tensor, sky: float) -> Tensor:
    """
    Confidence-weighted error of the log depth (the form of OccAny's point loss, in log space).

    :param maps: the network's answer, (v, h, w) maps.
    :param depth: true depth, metres, (v, h, w).
    :param labels: true class, (v, h, w).
    :param sky: weight of the term that keeps confidence low where there is nothing.
    """
    weight = depth_weights(depth, labels)
    term = weighted_error(maps.log_depth, maps.log_precision, depth)
    nothing = depth <= 0
    empty = (functional.softplus(maps.log_precision) * nothing).mean()
    return weighted_mean(term, weight) + sky * empty


def weighted_error(log_depth: Tensor, log_precision: Tensor, depth: Tensor) -> Tensor:
    """
    Error times confidence, less what confidence costs; smallest where error = 0.2 / confidence.

    :param log_depth: log metres.
    :param log_precision: confidence is one plus its exponential.
    :param depth: the truth, metres.
    """
    error = (log_depth - depth.clamp(min=0.3).log()).abs()
    confidence = 1 + log_precision.clamp(max=6).exp()
    return confidence_weighted(error, confidence, CONFIDENCE_COST)


def first_depth_loss(log_depth: Tensor, log_precision: Tensor, depth: Tensor) -> Tensor:
    """Confidence-weighted error of the single-image log depth of surfaces, (v, h, w) each."""
    valid = (depth > 0.3) & (depth < FARTHEST)
    term = weighted_error(log_depth, log_precision, depth)
    return weighted_mean(term, valid)


def label_loss(logits: Tensor, labels: Tensor, class_weights: Tensor) -> Tensor:
    """Cross-entropy of the classes, (v, c, h, w) and (v, h, w)."""
    return functional.cross_entropy(logits, labels.long(), weight=class_weights)


def match_loss(likely: Tensor, width: int, truth: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """
    Cross-entropy of matches: the true place is shared by four cells, or nowhere.

    :param likely: log probability of each cell, the last being nowhere, (v, n, h * w + 1).
    :param width: cells across the source.
    :param truth: from `occany_ros.training.batch.match_targets`.
    """
    pixels, seen, gone = truth
    height = (likely.shape[-1] - 1) // width
    cells = pixel_to_cell(pixels)
    corner = cells.floor()
    part = cells - corner
    loss = torch.zeros_like(cells[..., 0])
    for dx in (0, 1):
        for dy in (0, 1):
            column = (corner[..., 0] + dx).clamp(0, width - 1)
            row = (corner[..., 1] + dy).clamp(0, height - 1)
            share_x = part[..., 0] if dx else 1 - part[..., 0]
            share_y = part[..., 1] if dy else 1 - part[..., 1]
            index = (row * width + column).long()
            loss = loss - share_x * share_y * likely.gather(2, index[..., None])[..., 0]
    lost = -likely[..., -1]
    return weighted_mean(loss, seen) + 0.3 * weighted_mean(lost, gone)
