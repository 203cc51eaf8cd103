"""
What the seen views say about the rays of an imagined one: surface here, free, hidden, alike.

Every ray of the imagined camera is cut into depth hypotheses. Each hypothesis is looked up in the
point map of every source: in front of its surface it is free, near it something ends, behind it
nothing is known; and where several sources show the same descriptor, they may show one surface.
"""

from dataclasses import dataclass, fields
from typing import Final

from occany_ros.models.embedded.matching import STRIDE
from occany_ros.models.embedded.rays import cell_rays
import torch
from torch import Tensor
from torch.nn import functional

BAND: Final = 0.16
"""Half width, in log depth, of what counts as near a surface."""
NEAREST: Final = 0.2
"""Hypotheses nearer to a source than this are out of its sight, metres."""
_SURE: Final = 5.0
_MOST: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """
    What ``v`` seen views answered, all of one size.

    :param log_depth: log metres, (v, h4, w4).
    :param confidence: at least 1, (v, h4, w4).
    :param hidden: what the answer was read from, (v, d, h4, w4).
    :param descriptors: for comparing views, (v, c, h8, w8).
    :param patches: brightness around each pixel of the halved images, see
        `occany_ros.models.embedded.closer.patches_of`, (v, 10, h2, w2).
    :param intrinsics: pixels of the images, (v, 3, 3).
    """

    log_depth: Tensor
    confidence: Tensor
    hidden: Tensor
    descriptors: Tensor
    patches: Tensor
    intrinsics: Tensor

    def select(self, index: Tensor | slice) -> 'Sources':
        """Take some views."""
        return Sources(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class Imagined:
    """
    ``r`` cameras that nobody held, and which sources to ask for each of them.

    :param intrinsics: pixels of an image, (r, 3, 3).
    :param base_from_camera: pose over flat ground, (r, 4, 4).
    :param source_from_camera: pose in the optical frame of each of its sources, (r, s, 4, 4).
    :param source: index of each source, (r, s) int64.
    :param counts: whether to ask it at all, (r, s) bool.
    :param size: rows and columns of the maps at 1/4.
    """

    intrinsics: Tensor
    base_from_camera: Tensor
    source_from_camera: Tensor
    source: Tensor
    counts: Tensor
    size: tuple[int, int]

    def select(self, index: Tensor | slice) -> 'Imagined':
        """Take some cameras."""
        parts = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != 'size'}
        return Imagined(**parts, size=self.size)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """
    What the sources say about ``k`` hypotheses of every ray.

    :param near: weight of surfaces near the hypothesis, (r, k, h4, w4).
    :param seen: weight of all that see it in front of or near their surface, (r, k, h4, w4).
    :param signed: mean distance to the surface from there, 1 = free, -1 = behind, same shape.
    :param alike: square of the sources' mean descriptor: large where they agree, (r, k, h8, w8).
    :param sharing: share of the sources that show the hypothesis at all, (r, k, h8, w8).
    :param log_depth: first hypothesis that looks like a surface, log metres, (r, h4, w4).
    :param hidden: of the sources at that surface, (r, d, h4, w4).
    :param support: what they weigh, (r, h4, w4).
    """

    near: Tensor
    seen: Tensor
    signed: Tensor
    alike: Tensor
    sharing: Tensor
    log_depth: Tensor
    hidden: Tensor
    support: Tensor


@torch.no_grad()
def gather_evidence(sources: Sources, cameras: Imagined, depths: Tensor) -> Evidence:
    """
    Ask the sources about every hypothesis of every ray.

    :param depths: hypotheses, log-spaced, metres along the optical axis, (k,).
    """
    near, seen, signed = _surfaces(sources, cameras, depths)
    alike, sharing = _agreement(sources, cameras, depths)
    filled = near / (seen + 0.05)
    through = (1 - filled.clamp(0, 0.98)).log().cumsum(dim=1)
    first = torch.cat((torch.zeros_like(through[:, :1]), through[:, :-1]), dim=1).exp()
    log_depth = depths.log()[(filled * first).argmax(dim=1)]
    hidden, support = hidden_at(sources, cameras, log_depth)
    return Evidence(near, seen, signed, alike, sharing, log_depth, hidden, support)


def _projected(
    cameras: Imagined, sources: Sources, row: int, rays: Tensor, depth: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Column and row in one source's image, and depth there, of hypotheses (r, n, k)."""
    pose = cameras.source_from_camera[:, row]
    pinhole = sources.intrinsics[cameras.source[:, row]]
    turned = pose[:, :3, :3] @ rays  # r 3 n
    turned, shift = (pinhole @ part for part in (turned, pose[:, :3, 3:]))
    away = turned[:, 2, :, None] * depth + shift[:, 2, None]
    scale = away.clamp(min=NEAREST).reciprocal()
    column = (turned[:, 0, :, None] * depth + shift[:, 0, None]) * scale
    down = (turned[:, 1, :, None] * depth + shift[:, 1, None]) * scale
    return column, down, away


def rays_of(cameras: Imagined, size: tuple[int, int], stride: int) -> Tensor:
    """Rays of a map's cells, (r, 3, n)."""
    return cell_rays(cameras.intrinsics, size, stride).flatten(1, 2).transpose(1, 2)


def _surfaces(
    sources: Sources, cameras: Imagined, depths: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Fields ``near``, ``seen`` and ``signed`` of `Evidence`."""
    rays = rays_of(cameras, cameras.size, 4)
    shape = (rays.shape[0], rays.shape[2], len(depths))
    near, seen, signed = (rays.new_zeros(shape) for _ in range(3))
    for row in range(cameras.source.shape[1]):
        lookup = _Lookup.of(cameras, sources, row, rays, depths)
        apart = (lookup.log_depth - lookup.away.log()).div_(BAND).clamp_(-1, 1)
        sees = lookup.weight * (apart > -1)
        seen += sees
        signed.addcmul_(sees, apart)
        near.addcmul_(lookup.weight, 1 - apart.abs_())
    signed /= seen + 0.05
    return tuple(  # type: ignore[return-value]
        part.transpose(1, 2).reshape(shape[0], shape[2], *cameras.size)
        for part in (near, seen, signed)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Lookup:
    """
    Hypotheses looked up in the maps of one source each.

    :param index: of the cell in the flat maps of all sources, (r, n, k).
    :param away: depth of the hypotheses there, (r, n, k).
    :param weight: what that cell's answer weighs, 0 outside, (r, n, k).
    :param log_depth: of the surface it shows, (r, n, k).
    """

    index: Tensor
    away: Tensor
    weight: Tensor
    log_depth: Tensor

    @classmethod
    def of(
        cls, cameras: Imagined, sources: Sources, row: int, rays: Tensor, depth: Tensor
    ) -> '_Lookup':
        """Look hypotheses (k,) or (r, n, k) up in the source of this row."""
        column, down, away = _projected(cameras, sources, row, rays, depth)
        height, width = sources.log_depth.shape[1:]
        across = column.mul_(0.25).floor()
        below = down.mul_(0.25).floor()
        inside = (across >= 0) & (across < width) & (below >= 0) & (below < height)
        inside &= (away > NEAREST) & cameras.counts[:, row, None, None]
        index = below.mul_(width).add_(across).masked_fill_(~inside, 0).int()
        index += (cameras.source[:, row, None, None] * (height * width)).int()
        flat = index.flatten()
        sure = (sources.confidence / _SURE).clamp(max=_MOST).flatten()
        weight = sure.index_select(0, flat).view(index.shape) * inside
        log_depth = sources.log_depth.flatten().index_select(0, flat).view(index.shape)
        return cls(index, away.clamp(min=NEAREST), weight, log_depth)


def _agreement(sources: Sources, cameras: Imagined, depths: Tensor) -> tuple[Tensor, Tensor]:
    """Fields ``alike`` and ``sharing`` of `Evidence`."""
    size = (cameras.size[0] // 2, cameras.size[1] // 2)
    rays = rays_of(cameras, size, STRIDE)
    total, count = summed(sources.descriptors, STRIDE, sources, cameras, (rays, depths))
    alike = total.square().sum(dim=-1) / count.clamp(min=1).square() * (count > 1)
    shape = (len(rays), len(depths), *size)
    return (
        alike.transpose(1, 2).reshape(shape),
        (count / cameras.source.shape[1]).transpose(1, 2).reshape(shape),
    )


def summed(
    maps: Tensor,
    stride: int,
    sources: Sources,
    cameras: Imagined,
    hypotheses: tuple[Tensor, Tensor],
) -> tuple[Tensor, Tensor]:
    """
    Sum what all sources show at each hypothesis, between the cells of their maps.

    The four cells around each place in each source are summed in one pass over a table.

    :param maps: of all sources, (v, c, h, w).
    :param stride: image pixels to a cell of them.
    :param hypotheses: rays (r, 3, n) and depths along them, (k,) or (r, n, k).
    :returns: (r, n, k, c), and how many sources show each, (r, n, k).
    """
    height, width = maps.shape[2:]
    rays, depths = hypotheses
    corners, weights = [], []
    count = rays.new_zeros(len(rays), rays.shape[2], depths.shape[-1])
    for row in range(cameras.source.shape[1]):
        column, down, away = _projected(cameras, sources, row, rays, depths)
        across, below = (place.sub_(stride / 2).div_(stride) for place in (column, down))
        inside = (across > -0.5) & (across < width - 0.5) & (below > -0.5)
        inside &= (below < height - 0.5) & (away > NEAREST) & cameras.counts[:, row, None, None]
        across = across.clamp_(0, width - 1)
        below = below.clamp_(0, height - 1)
        left, top = across.floor().clamp_(max=width - 2), below.floor().clamp_(max=height - 2)
        right_share, low_share = across - left, (below - top) * inside
        high_share = inside.float() - low_share
        first = (cameras.source[:, row, None, None] * (height * width)).int()
        first = first + top.mul_(width).add_(left).int()
        corners += [first, first + 1, first + width, first + width + 1]
        weights += [high_share * (1 - right_share), high_share * right_share]
        weights += [low_share * (1 - right_share), low_share * right_share]
        count += inside
    total = functional.embedding_bag(
        torch.stack(corners, dim=-1).flatten(0, 2),
        maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]).float(),
        per_sample_weights=torch.stack(weights, dim=-1).flatten(0, 2),
        mode='sum',
    )
    return total.view(*count.shape, -1), count


def hidden_at(sources: Sources, cameras: Imagined, log_depth: Tensor) -> tuple[Tensor, Tensor]:
    """
    Mean hidden map of the sources that show a surface there.

    :param log_depth: log metres, (r, h4, w4).
    :returns: (r, d, h4, w4), zero where none does; what they weigh, (r, h4, w4).
    """
    rays = rays_of(cameras, cameras.size, 4)
    depth = log_depth.exp().flatten(1)[..., None]  # r n 1
    width = sources.hidden.shape[1]
    table = sources.hidden.permute(0, 2, 3, 1).reshape(-1, width)
    total = rays.new_zeros(*depth.shape[:2], width)
    support = torch.zeros_like(depth)
    for row in range(cameras.source.shape[1]):
        lookup = _Lookup.of(cameras, sources, row, rays, depth)
        apart = (lookup.log_depth - lookup.away.log()).abs() / BAND
        weight = lookup.weight * (1 - apart).clamp(min=0)
        found = table.index_select(0, lookup.index.flatten()).view_as(total)
        total = total + weight * found
        support += weight
    total = total / support.clamp(min=1e-3)
    shape = (len(rays), *cameras.size)
    return total.transpose(1, 2).reshape(len(rays), width, *cameras.size), support.view(shape)
