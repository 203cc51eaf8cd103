"""What the embedded network is trained to minimise."""

from dataclasses import dataclass
from typing import Final

from occany_ros.models.embedded.matching import pixel_to_cell
from occany_ros.models.embedded.network import Maps
import torch
from torch import Tensor
from torch.nn import functional

CONFIDENCE_WEIGHT: Final = 0.2
FARTHEST: Final = 80.0
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
    matches: float = 0.08
    sky: float = 0.05


def depth_weights(depth: Tensor, labels: Tensor) -> Tensor:
    """
    Weight of each cell: obstacles count four times the ground, near cells twice the far ones.

    :param depth: true depth, metres, 0 = sky.
    :param labels: true class, same shape.
    :returns: same shape, zero for sky and beyond 80 m.
    """
    ground = torch.isin(labels, labels.new_tensor(GROUND))
    near = torch.where(depth < 30, 1.0, 0.5)
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
    error = (maps.log_depth - depth.clamp(min=0.3).log()).abs()
    confidence = 1 + maps.log_precision.clamp(max=6).exp()
    term = confidence * error - CONFIDENCE_WEIGHT * confidence.log()
    nothing = depth <= 0
    empty = (functional.softplus(maps.log_precision) * nothing).mean()
    return (term * weight).sum() / weight.sum().clamp(min=1) + sky * empty


def first_depth_loss(log_depth: Tensor, depth: Tensor) -> Tensor:
    """Mean error of the single-image log depth where there is a surface, (v, h, w) each."""
    valid = (depth > 0.3) & (depth < FARTHEST)
    error = (log_depth - depth.clamp(min=0.3).log()).abs()
    return (error * valid).sum() / valid.sum().clamp(min=1)


def label_loss(logits: Tensor, labels: Tensor, class_weights: Tensor) -> Tensor:
    """Cross-entropy of the classes, (v, c, h, w) and (v, h, w)."""
    return functional.cross_entropy(logits, labels.long(), weight=class_weights)


def match_loss(table: Tensor, pixels: Tensor, seen: Tensor) -> Tensor:
    """
    Cross-entropy between a softmax over the source's cells and the true place, shared by four.

    :param table: correlation, (v, n, h, w).
    :param pixels: true place in the source, (v, n, 2).
    :param seen: whether the source sees it, (v, n).
    """
    height, width = table.shape[-2:]
    likely = table.flatten(2).log_softmax(dim=-1)
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
    return (loss * seen).sum() / seen.sum().clamp(min=1)
