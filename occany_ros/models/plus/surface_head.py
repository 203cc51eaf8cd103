"""Depth and rays of every pixel (OccAny+ spec, section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

from occany_ros.layers.dpt import FusionChain, place_marks, Reassembly
from occany_ros.layers.head import ChannelNorm
from occany_ros.models.plus.config import HeadConfig, PATCH, PlusConfig
import torch
from torch import nn, Tensor
from torch.nn.functional import interpolate, relu

HIDDEN = 32
TAP_EPS = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """
    What the head says of some views, in one unit for depths and origins.

    :param depth: along the optical axis, (v, h, w).
    :param confidence: of the depth, at least 1, (v, h, w).
    :param rays: direction, not normalised, then origin, (v, r, c, 6); no rows and columns where
        nobody asked.
    :param ray_confidence: at least 1, (v, r, c).
    """

    depth: Tensor
    confidence: Tensor
    rays: Tensor
    ray_confidence: Tensor

    def scaled(self, metres: float) -> 'Surfaces':
        """Bring depths and origins to metres."""
        directions, origins = torch.split(self.rays, 3, dim=-1)
        rays = torch.cat((directions, metres * origins), dim=-1)
        return replace(self, depth=metres * self.depth, rays=rays)

    def points(self) -> Tensor:
        """Put depths along their rays, whose directions are not of unit length: (v, h, w, 3)."""
        rays = self.rays
        size = (self.depth.shape[-2], self.depth.shape[-1])
        if rays.shape[1:3] != size:
            rays = _at_size(rays.movedim(-1, 1), size).movedim(1, -1)
        return self.depth[..., None] * rays[..., :3] + rays[..., 3:]


def joined(parts: Sequence[Surfaces]) -> Surfaces:
    """Put the views of several answers one after the other."""
    return Surfaces(
        *(torch.cat([getattr(part, item.name) for part in parts]) for item in fields(Surfaces))
    )


class DepthBranch(nn.Module):
    """Depth and its confidence from a fused map."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.chain = FusionChain(width)
        self.neck = nn.Conv2d(width, width // 2, kernel_size=3, padding=1)
        self.hidden = nn.Conv2d(width // 2, HIDDEN, kernel_size=3, padding=1)
        self.output = nn.Conv2d(HIDDEN, 2, kernel_size=1)

    def forward(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Logits of depth and confidence, (v, 2, h, w)."""
        x = _at_size(self.neck(self.chain(maps)), size)
        return self.output(relu(self.hidden(x + _marks(x, size))))


class RayBranch(nn.Module):
    """Rays and their confidence from a fused map of their own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.chain = FusionChain(width)
        widths = (width, half, width, half, width, half)
        self.neck = nn.Sequential(
            *(nn.Conv2d(come, go, kernel_size=3, padding=1) for come, go in pairwise(widths))
        )
        self.hidden = nn.Conv2d(half, HIDDEN, kernel_size=3, padding=1)
        self.norm = ChannelNorm(HIDDEN, eps=TAP_EPS)
        self.output = nn.Conv2d(HIDDEN, 7, kernel_size=1)

    def forward(
        self, maps: Sequence[Tensor], size: tuple[int, int], *, is_enlarged: bool
    ) -> Tensor:
        """Direction, origin and logit of the confidence, (v, 7, r, c)."""
        x = self.neck(self.chain(maps))
        if is_enlarged:
            x = _at_size(x, size)
        x = self.hidden(x + _marks(x, size))
        return self.output(relu(self.norm(x)))


class SurfaceHead(nn.Module):
    """
    Depth, rays and their confidence; each view is independent of the others.

    :param channels: of the tokens it reads.
    :param config: its size.
    :param ray_at_image_size: whether rays are as many as pixels; else as the fused map has cells.
    """

    def __init__(self, channels: int, config: HeadConfig, *, ray_at_image_size: bool) -> None:
        super().__init__()
        self.stages = config.stages
        self.ray_at_image_size = ray_at_image_size
        self.norm = nn.LayerNorm(channels, eps=TAP_EPS)
        self.reassembly = Reassembly(channels=channels, stages=config.stages, width=config.width)
        self.depth = DepthBranch(config.width)
        self.ray = RayBranch(config.width)

    def forward(
        self, taps: Sequence[Tensor], grid: tuple[int, int], *, with_rays: bool
    ) -> Surfaces:
        """
        Read the surfaces of views.

        :param taps: of four depths, (v, n, 2 d) float32.
        :param grid: rows and columns of patches.
        :param with_rays: whether rays are wanted, which cost more than depth.
        """
        size = (grid[0] * PATCH, grid[1] * PATCH)
        aspect = size[1] / size[0]
        device = taps[0].device
        marks = [place_marks(stage, grid, aspect, device) for stage in self.stages]
        maps = self.reassembly([self.norm(tap) for tap in taps], grid, marks)
        depth, sureness = self.depth(maps, size).exp().unbind(dim=1)
        if not with_rays:
            none = depth.new_zeros(len(depth), 0, 0, 6)
            return Surfaces(depth, 1 + sureness, none, none[..., 0])
        raw = self.ray(maps, size, is_enlarged=self.ray_at_image_size).movedim(1, -1)
        return Surfaces(depth, 1 + sureness, raw[..., :6], 1 + raw[..., 6].exp())


def surface_head(config: PlusConfig) -> SurfaceHead:
    """Make the head of a network."""
    return SurfaceHead(
        2 * config.backbone.width, config.surfaces, ray_at_image_size=not config.is_plain
    )


def _at_size(x: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(x, size, mode='bilinear', align_corners=True)


def _marks(x: Tensor, size: tuple[int, int]) -> Tensor:
    rows, columns = x.shape[-2:]
    return place_marks(x.shape[1], (rows, columns), size[1] / size[0], x.device)
