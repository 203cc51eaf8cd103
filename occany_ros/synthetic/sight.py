"""Rays of images cut into tiles, and what they met."""

from dataclasses import dataclass

from occany_ros.synthetic.packing import Packed
import torch
from torch import Tensor

TILE = 16
"""Edge of a tile, pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """
    The rays of a set of images, cut into square tiles.

    :param rays: ray of each pixel in world axes, scaled so that its length along the optical axis
        is 1, (b, t, 3, n) with n pixels a tile.
    :param bounds: pixel bounds ``u0 u1 v0 v1`` of the tiles, (t, 4).
    """

    rays: Tensor
    bounds: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """
    What the rays met.

    :param packed: the solids they were tried against.
    :param rays: as in :class:`Tiles`, (b, t, 3, n).
    :param depth: along the optical axis, metres, 0 for the sky, (b, t, n).
    :param solid: row of the solid, -1 for ground and sky, (b, t, n) int64.
    :param focal: focal length of each camera, pixels, (b,).
    """

    packed: Packed
    rays: Tensor
    depth: Tensor
    solid: Tensor
    focal: Tensor


def cut(rotation: Tensor, intrinsics: Tensor, size: tuple[int, int]) -> Tiles:
    """
    Make the rays of images.

    :param rotation: camera axes in the world frame, (b, 3, 3).
    :param intrinsics: pinhole matrices, (b, 3, 3).
    :param size: height and width, pixels; tiles may stick out.
    :returns: the tiles.
    """
    height, width = (-(-edge // TILE) * TILE for edge in size)
    rows, columns = height // TILE, width // TILE
    device = intrinsics.device
    u = torch.arange(width, device=device, dtype=torch.float32)
    v = torch.arange(height, device=device, dtype=torch.float32)
    x = (u - intrinsics[:, :1, 2]) / intrinsics[:, :1, 0]  # (b, w)
    y = (v - intrinsics[:, 1:2, 2]) / intrinsics[:, 1:2, 1]  # (b, h)
    right, down, ahead = rotation[:, :, None, None].unbind(-1)  # (b, 3, 1, 1)
    rays = right * x[:, None, None] + (down * y[:, None, :, None] + ahead)  # (b, 3, h, w)
    rays = rays.view(-1, 3, rows, TILE, columns, TILE).permute(0, 2, 4, 1, 3, 5)
    rays = rays.reshape(len(rays), rows * columns, 3, TILE * TILE)
    top, left = torch.meshgrid(v[::TILE], u[::TILE], indexing='ij')
    bounds = torch.stack([left, left + TILE - 1, top, top + TILE - 1], -1).flatten(0, 1)
    return Tiles(rays, bounds)


def assemble(values: Tensor, size: tuple[int, int]) -> Tensor:
    """
    Put tiles back into images.

    :param values: one number a pixel, (b, t, n).
    :param size: height and width, pixels.
    :returns: (b, h, w).
    """
    rows, columns = (-(-edge // TILE) for edge in size)
    out = values.reshape(len(values), rows, columns, TILE, TILE).transpose(2, 3)
    out = out.reshape(len(values), rows * TILE, columns * TILE)
    return out[:, : size[0], : size[1]].contiguous()
