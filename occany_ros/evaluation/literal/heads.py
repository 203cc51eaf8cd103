"""Every head for every view, whether anybody wants its answer or not."""

from dataclasses import dataclass

from occany_ros.evaluation.literal.blocks import layer_norm, linear, mlp
from occany_ros.models.config import Activation, PATCH
from occany_ros.models.heads import FeatureHead, Heads
from occany_ros.models.postprocess import (
    colours,
    point_maps,
    PointMaps,
    registered_poses,
    shared_focal,
)
import torch
from torch import nn, Tensor
from torch.nn import functional

Grid = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """
    All that is known of some views after the heads.

    :param maps: points and confidence of every pixel.
    :param colours: RGB in (-1, 1), (v, h, w, 3).
    :param poses: raw pose vectors, (v, 7); None from heads whose poses are given.
    :param features: pyramid, coarsest first, (v, c, e, e).
    :param focal: pixels, (v,).
    :param world_from_camera: registered poses, (v, 4, 4).
    """

    maps: PointMaps
    colours: Tensor
    poses: Tensor | None
    features: tuple[Tensor, ...]
    focal: Tensor
    world_from_camera: Tensor


def outputs(heads: Heads, decoded: Tensor, grid: Grid, activation: Activation) -> Outputs:
    """
    Run all heads and all of the post-processing (spec, sections 5.7 and 6).

    :param decoded: (v, 1 + n, d).
    :param grid: rows and columns of patches.
    """
    if heads.point_task is None:
        raise ValueError('decoder.family: expected occany, got must3r: nothing of it is literal')
    patches = decoded[:, 1:]
    points = linear(heads.point, patches + heads.point_task)
    logits = mlp(heads.colour, patches + heads.colour_task)
    raw = torch.cat((_pixels(points, grid), _pixels(logits, grid)), dim=-1)  # (v, h, w, 10)
    maps = point_maps(raw[..., :7], activation)
    return Outputs(
        maps=maps,
        colours=colours(raw[..., 7:]),
        poses=mlp(heads.pose, decoded[:, 0]) if hasattr(heads, 'pose') else None,
        features=_features(heads.feature, patches + heads.feature_task, grid),
        focal=shared_focal(maps.local_points),
        world_from_camera=registered_poses(maps),
    )


def _pixels(x: Tensor, grid: Grid) -> Tensor:
    """Lay patch channels out as pixels: channel, then row, then column, (v, h, w, c)."""
    rows, columns = grid
    x = x.reshape(len(x), rows, columns, -1, PATCH, PATCH)  # (v, r, c, channel, y, x)
    return x.permute(0, 1, 4, 2, 5, 3).reshape(len(x), rows * PATCH, columns * PATCH, -1)


def _features(head: FeatureHead, patches: Tensor, grid: Grid) -> tuple[Tensor, ...]:
    """Three feature maps on square grids."""
    rows, columns = grid
    x = patches.permute(0, 2, 1).reshape(len(patches), -1, rows, columns)
    x = functional.interpolate(x, (head.edge, head.edge), mode='bilinear', align_corners=False)
    coarse = mlp(head.projection, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    middle = _convolved(head.middle, _doubled(coarse))
    middle = layer_norm(head.middle_norm.norm, middle.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    middle = functional.gelu(middle)
    return coarse, middle, functional.gelu(_convolved(head.fine, _doubled(middle)))


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)


def _convolved(layer: nn.Conv2d, x: Tensor) -> Tensor:
    return functional.conv2d(x, layer.weight, layer.bias, padding=1)
