"""Colour and class of every pixel from what its ray met."""

from dataclasses import dataclass

from occany_ros.synthetic.air import fog, sky
from occany_ros.synthetic.coats import paint
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.packing import flattened
from occany_ros.synthetic.pavement import paint_ground
from occany_ros.synthetic.primitives import Material
from occany_ros.synthetic.shadow import REACH, shadowed
from occany_ros.synthetic.sight import Sight
from occany_ros.synthetic.surface import meet
import torch
from torch import Tensor

SKY = 17


@dataclass(frozen=True, slots=True, eq=False)
class _Pixels:
    """
    Pixels in the order solids (material by material), ground, sky.

    :param order: place of each among all pixels, (n,) int64.
    :param groups: materials of the solids with the number of pixels of each.
    :param solids: number of pixels on solids.
    :param floors: number of pixels on the ground.
    :param camera: which camera, (n,) int64.
    :param point: camera-centred world axes, metres, (3, n).
    :param ray: unit rays, (3, n).
    :param away: distance, metres, (n,).
    :param blur: size of a pixel across the ray, metres, (n,).
    """

    order: Tensor
    groups: list[tuple[Material, int]]
    solids: int
    floors: int
    camera: Tensor
    point: Tensor
    ray: Tensor
    away: Tensor
    blur: Tensor


def _of(numbers: Tensor, camera: Tensor) -> Tensor:
    """Numbers of cameras, (b, q), by point: (q, n), or (q, 1) when all cameras share them."""
    columns = numbers.T
    return columns if len(numbers) == 1 else columns.index_select(1, camera)


def _sorted(sight: Sight, row: Tensor) -> _Pixels:
    """Bring pixels of one kind together; ``row`` is the flat solid of each pixel."""
    solid = sight.solid.reshape(-1)
    material = sight.packed.material.reshape(-1).index_select(0, row)
    material = material.masked_fill_(solid < 0, -1)
    parts = [(kind, (material == int(kind)).nonzero()[:, 0]) for kind in Material]
    parts = [(kind, part) for kind, part in parts if len(part)]
    bare = material < 0
    seen = sight.depth.reshape(-1) > 0
    floor, empty = (bare & seen).nonzero()[:, 0], (~seen).nonzero()[:, 0]
    order = torch.cat([*(part for _, part in parts), floor, empty])
    length = sight.rays.square().sum(2).sqrt()
    rays = sight.rays.permute(2, 0, 1, 3).reshape(3, -1)
    blur = sight.depth / sight.focal[:, None, None]
    every = torch.cat(
        [rays, torch.stack([part.reshape(-1) for part in (sight.depth, length, blur)])]
    )
    chosen = every.index_select(1, order)
    depth, length = chosen[3], chosen[4]
    return _Pixels(
        order,
        [(kind, len(part)) for kind, part in parts],
        sum(len(part) for _, part in parts),
        len(floor),
        order // sight.depth[0].numel(),
        chosen[:3] * depth,
        chosen[:3] / length,
        depth * length,
        chosen[5],
    )


def _solid_part(sight: Sight, pixels: _Pixels, row: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Albedo, normal and class of the pixels on solids."""
    flat = flattened(sight.packed)
    count = pixels.solids
    rows = row.index_select(0, pixels.order[:count])
    rise = sight.packed.camera[:, 2].index_select(0, pixels.camera[:count])
    point = pixels.point[:, :count]
    surface, normal = meet(
        flat, rows, point, pixels.ray[:, :count], point[2] + rise, pixels.blur[:count]
    )
    return paint(surface, pixels.groups), normal, flat.label.index_select(0, rows)


def _floor_part(sight: Sight, pixels: _Pixels) -> tuple[Tensor, Tensor]:
    """Albedo and class of the pixels on the ground."""
    here = slice(pixels.solids, pixels.solids + pixels.floors)
    camera, blur = pixels.camera[here], pixels.blur[here]
    x = pixels.point[0, here] + sight.packed.camera[:, 0].index_select(0, camera)
    y = pixels.point[1, here] + sight.packed.camera[:, 1].index_select(0, camera)
    numbers = _of(sight.packed.ground, camera)
    place = locate(GroundRows(numbers), x, y)
    tilt = pixels.ray[2, here].abs().clamp(min=0.004)
    return paint_ground(numbers, place, x, y, blur, blur / tilt), place.label


def _sunlight(sight: Sight, pixels: _Pixels, normal: Tensor, *, shadows: bool) -> Tensor:
    """How much sun reaches pixels on solids and ground, (n,)."""
    count = normal.shape[1]
    sun = sight.packed.light[:, :3].expand(len(sight.depth), 3)
    facing = (normal * _of(sight.packed.light[:, :3], pixels.camera[:count])).sum(0).clamp_(min=0)
    if not shadows:
        return facing
    active = torch.zeros(sight.depth.shape, dtype=torch.bool, device=facing.device)
    near = (facing > 0) & (pixels.away[:count] < REACH)
    active.view(-1).index_copy_(0, pixels.order[:count], near)
    points = sight.rays * sight.depth[:, :, None]
    dark = shadowed(sight.packed, points, active, sun)
    return facing.mul_(~dark.view(-1).index_select(0, pixels.order[:count]))


def shade(sight: Sight, *, shadows: bool) -> tuple[Tensor, Tensor]:
    """
    Colour pixels.

    :param sight: what their rays met.
    :param shadows: whether solids cast shadows.
    :returns: linear RGB, (3, b, t, n), and Occ3D class, 17 for the sky, (b, t, n) uint8.
    """
    shape = sight.depth.shape
    cameras, width = sight.packed.kind.shape
    first = torch.arange(cameras, device=sight.depth.device)[:, None, None] * width
    row = (sight.solid.clamp(min=0) + first).reshape(-1)
    pixels = _sorted(sight, row)
    solids, count = pixels.solids, pixels.solids + pixels.floors
    albedo = torch.empty(3, count, device=row.device)
    normal = torch.zeros(3, count, device=row.device)
    label = torch.full((len(row),), SKY, dtype=torch.int64, device=row.device)
    height = torch.ones(count, device=row.device)
    if solids:
        albedo[:, :solids], normal[:, :solids], label[:solids] = _solid_part(sight, pixels, row)
        rise = sight.packed.camera[:, 2].index_select(0, pixels.camera[:solids])
        height[:solids] = pixels.point[2, :solids] + rise
    if pixels.floors:
        albedo[:, solids:], label[solids:count] = _floor_part(sight, pixels)
        normal[2, solids:] = 1
    sun = _sunlight(sight, pixels, normal, shadows=shadows)
    light = _of(sight.packed.light, pixels.camera)
    near = light if light.shape[1] == 1 else light[:, :count]
    ambient = (0.42 + 0.18 * normal[2]) * (0.62 + 0.38 * (height * 2).clamp_(0, 1))
    skylight = near[6:9] * 0.35 + near[9:12] * 0.65
    colour = fog(albedo * (skylight * ambient + near[3:6] * sun), pixels.away[:count], near)
    above = light if light.shape[1] == 1 else light[:, count:]
    colour = torch.cat([colour, sky(pixels.ray[:, count:], above)], 1)
    back = torch.empty_like(pixels.order)
    back[pixels.order] = torch.arange(len(back), device=back.device)
    colour = colour.index_select(1, back).view(3, *shape)
    return colour, label.to(torch.uint8).index_select(0, back).view(shape)
