"""Pictures, depth and classes of scenes, for any pinhole cameras."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from occany_ros.synthetic.cast import first_hits, flattened, screen_bounds, TILE, Tiles
from occany_ros.synthetic.coats import paint
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.noise import grain, noise
from occany_ros.synthetic.packing import pack, Packed
from occany_ros.synthetic.pavement import paint_ground
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.shadow import REACH, shadowed
from occany_ros.synthetic.surface import meet

SKY = 17
GROUND_FAR = 160.0
"""The ground ends here, metres along the optical axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """
    What cameras see.

    :param image: RGB, (b, h, w, 3) uint8.
    :param depth: along the optical axis, metres, 0 for the sky, (b, h, w) float32.
    :param label: Occ3D class, 17 for the sky, (b, h, w) uint8.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    label: NDArray[np.uint8]


def _tiles(
    intrinsics: Tensor, world_from_camera: Tensor, size: tuple[int, int]
) -> tuple[Tiles, Tensor]:
    height, width = (-(-edge // TILE) * TILE for edge in size)
    device = intrinsics.device
    u = torch.arange(width, device=device, dtype=torch.float32)
    v = torch.arange(height, device=device, dtype=torch.float32)
    x = (u - intrinsics[:, :1, 2]) / intrinsics[:, :1, 0]  # (b, w)
    y = (v - intrinsics[:, 1:2, 2]) / intrinsics[:, 1:2, 1]  # (b, h)
    right, down, ahead = world_from_camera[:, None, None].unbind(-1)  # (b, 1, 1, 3)
    rays = right * x[:, None, :, None] + down * y[:, :, None, None] + ahead  # (b, h, w, 3)
    rays = rays.unflatten(1, (-1, TILE)).unflatten(3, (-1, TILE))  # (b, ty, n, tx, n, 3)
    rays = rays.permute(0, 1, 3, 5, 2, 4).flatten(4, 5).flatten(1, 2).contiguous()
    edges_u = torch.arange(0, width, TILE, device=device, dtype=torch.float32)
    edges_v = torch.arange(0, height, TILE, device=device, dtype=torch.float32)
    top, left = torch.meshgrid(edges_v, edges_u, indexing='ij')
    bounds = torch.stack([left, left + TILE - 1, top, top + TILE - 1], -1).flatten(0, 1)
    return Tiles(rays, bounds), right


def _untile(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Put tiles, (b, t, n, ...), back into an image, (b, h, w, ...)."""
    rows, columns = (-(-edge // TILE) for edge in size)
    tail = values.shape[3:]
    out = values.reshape(len(values), rows, columns, TILE, TILE, *tail).transpose(2, 3)
    return out.reshape(len(values), rows * TILE, columns * TILE, *tail)[:, : size[0], : size[1]]


def _sky(unit: Tensor, light: Tensor) -> Tensor:
    """Colour of the sky along rays, (n, 3), under the lights, (n, 18)."""
    up = unit[:, 2].clamp(min=0)
    zenith, horizon = light[:, 6:9], light[:, 9:12]
    colour = horizon + (zenith - horizon) * (up.clamp(min=1e-4) ** 0.45)[:, None]
    reach = 1 / (up + 0.12)
    u, v = unit[:, 0] * reach + light[:, 17], unit[:, 1] * reach
    shape = 0.7 * noise(u, v, 30.0) + 0.45 * noise(u + 3, v, 95.0)
    cover = ((shape + 3.0 * light[:, 12] - 1.7) * 0.7).clamp(0, 1)
    white = horizon * 0.5 + 0.46
    shade = white * (1 - 0.20 * (shape.clamp(0, 2) * 0.5))[:, None]
    colour = colour + (shade - colour) * (cover * (up * 6).clamp(0, 0.92))[:, None]
    glow = (unit * light[:, :3]).sum(1).clamp(min=0) ** 24
    return colour + light[:, 3:6] * (0.35 * glow)[:, None]


def _develop(colour: Tensor, edge: Tensor, light: Tensor, frames: Sequence[int]) -> Tensor:
    """Soften the edges of solids, expose and add noise: (b, h, w, 3) to uint8."""
    planes = colour.permute(0, 3, 1, 2)
    soft = torch.nn.functional.avg_pool2d(planes, 3, 1, 1, count_include_pad=False)
    planes = torch.where(edge[:, None], 0.45 * planes + 0.55 * soft, planes)
    gain, power = light[:, 14, None, None, None], light[:, 15, None, None, None]
    planes = planes * gain
    planes = planes / (1 + 0.22 * planes)
    planes = planes.clamp_(min=1e-4) ** power
    dots = torch.stack(
        [
            grain(planes[0].numel(), 7919 * frame, planes.device).view(planes.shape[1:])
            for frame in frames
        ]
    )
    planes = planes + dots * light[:, 16, None, None, None]
    return (planes * 255 + 0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def render(
    scenes: Sequence[Scene],
    world_from_camera: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
    size: tuple[int, int],
    *,
    frames: Sequence[int] | None = None,
    shadows: bool = True,
    device: torch.device | str = 'cpu',
) -> Rendering:
    """
    Render each scene through a camera.

    :param scenes: the scene of each camera, b of them (the same one may come again and again).
    :param world_from_camera: poses of the optical frames, metres, (b, 4, 4).
    :param intrinsics: pinhole matrices in pixels; whole numbers are pixel centres, (b, 3, 3).
    :param size: height and width of the images, pixels.
    :param frames: numbers that decide the sensor noise, b of them; 0, 1, 2 ... when left out.
    :param shadows: whether solids cast shadows.
    :param device: where to compute.
    :returns: images, depths and classes.
    """
    cameras = world_from_camera[:, :3, 3]
    packed = pack(scenes, cameras, device)
    rotation = torch.from_numpy(world_from_camera[:, :3, :3].astype(np.float32)).to(device)
    pinhole = torch.from_numpy(intrinsics.astype(np.float32)).to(device)
    numbers = list(range(len(scenes))) if frames is None else list(frames)
    with torch.no_grad():
        image, depth, label = _render(packed, rotation, pinhole, size, numbers, shadows)
    return Rendering(image.cpu().numpy(), depth.cpu().numpy(), label.cpu().numpy())


def _render(
    packed: Packed,
    rotation: Tensor,
    pinhole: Tensor,
    size: tuple[int, int],
    frames: Sequence[int],
    shadows: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    tiles, _ = _tiles(pinhole, rotation, size)
    flat = flattened(packed)
    group = 64 if rotation.device.type == 'cpu' else 1 << 20
    rays = tiles.rays  # (b, t, 3, n)
    height = packed.camera[:, None, None, 2]
    down = rays[:, :, 2]
    ground = torch.where(down < -1e-4, -height / down.clamp(max=-1e-4), torch.inf)
    ground = ground.masked_fill(ground > GROUND_FAR, torch.inf)
    bounds = screen_bounds(packed, rotation.transpose(1, 2), pinhole)
    hits = first_hits(packed, flat, tiles, bounds, ground, group)
    depth, solid = hits.depth, hits.solid
    seen = depth < torch.inf
    safe = depth.masked_fill(~seen, 0.0)
    points = rays * safe[:, :, None]
    length = rays.square().sum(2).sqrt()  # (b, t, n)
    sun = packed.light[:, :3]
    dark = torch.zeros_like(seen)
    if shadows:
        active = seen & (safe * length < REACH)
        dark = shadowed(packed, flat, points, active, sun, group)
    colour, label = _shade(
        packed, flat, points, rays / length[:, :, None], safe, length, solid, seen, dark, pinhole
    )
    label_image = _untile(label, size)
    depth_image = _untile(safe, size)
    number = _untile(solid, size)
    edge = torch.zeros_like(number, dtype=torch.bool)
    across, along = number[:, :, 1:] != number[:, :, :-1], number[:, 1:] != number[:, :-1]
    edge[:, :, 1:] |= across
    edge[:, :, :-1] |= across
    edge[:, 1:] |= along
    edge[:, :-1] |= along
    image = _develop(_untile(colour, size), edge, packed.light, frames)
    return image, depth_image.contiguous(), label_image.to(torch.uint8)


def _shade(
    packed: Packed,
    flat: Packed,
    points: Tensor,
    units: Tensor,
    depth: Tensor,
    length: Tensor,
    solid: Tensor,
    seen: Tensor,
    dark: Tensor,
    pinhole: Tensor,
) -> tuple[Tensor, Tensor]:
    """Colour, (b, t, n, 3), and class, (b, t, n), of every pixel."""
    shape = depth.shape
    cameras, count = packed.kind.shape
    camera = torch.arange(cameras, device=depth.device)[:, None, None].expand(shape).reshape(-1)
    point = points.transpose(2, 3).reshape(-1, 3)
    unit = units.transpose(2, 3).reshape(-1, 3)
    away = (depth * length).reshape(-1)
    blur = (depth / pinhole[:, 0, 0, None, None]).reshape(-1)
    number, visible, shade = solid.reshape(-1), seen.reshape(-1), dark.reshape(-1)
    colour = torch.zeros_like(point)
    normal = torch.zeros_like(point)
    normal[:, 2] = 1
    label = torch.full_like(number, SKY)
    near = (number >= 0).nonzero()[:, 0]
    height = point[:, 2] + packed.camera[:, 2].index_select(0, camera)
    if len(near):
        row = number[near] + camera[near] * count
        surface, facing = meet(flat, row, point[near], unit[near], height[near], blur[near])
        colour[near] = paint(surface, flat.material.index_select(0, row))
        normal[near] = facing
        label[near] = flat.label.index_select(0, row)
    floor = (visible & (number < 0)).nonzero()[:, 0]
    if len(floor):
        place_of = camera[floor]
        x = point[floor, 0] + packed.camera[:, 0].index_select(0, place_of)
        y = point[floor, 1] + packed.camera[:, 1].index_select(0, place_of)
        numbers = packed.ground.index_select(0, place_of)
        place = locate(GroundRows(numbers), x, y)
        tilt = unit[floor, 2].abs().clamp(min=0.004)
        colour[floor] = paint_ground(numbers, place, x, y, blur[floor], blur[floor] / tilt)
        label[floor] = place.label
    light = packed.light.index_select(0, camera)
    facing_sun = (normal * light[:, :3]).sum(1).clamp(min=0) * (~shade)
    low = (height / 0.5).clamp(0, 1) * (number >= 0) + (number < 0)
    ambient = (0.42 + 0.18 * normal[:, 2]) * (0.62 + 0.38 * low)
    skylight = light[:, 6:9] * 0.35 + light[:, 9:12] * 0.65
    colour = colour * (skylight * ambient[:, None] + light[:, 3:6] * facing_sun[:, None])
    clear = torch.exp(-away * light[:, 13])[:, None]
    colour = light[:, 9:12] * (1 - clear) + colour * clear
    empty = (~visible).nonzero()[:, 0]
    if len(empty):
        colour[empty] = _sky(unit[empty], light[empty])
    return colour.view(*shape, 3), label.view(shape)
