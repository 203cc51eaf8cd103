"""Pictures, depth and classes of scenes, for any pinhole cameras."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.cast import first_hits, flattened, screen_bounds, TILE, Tiles
from occany_ros.synthetic.coats import paint
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.noise import grain, noise
from occany_ros.synthetic.packing import pack, Packed
from occany_ros.synthetic.pavement import paint_ground
from occany_ros.synthetic.primitives import Material
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.shadow import REACH, shadowed
from occany_ros.synthetic.surface import meet
import torch
from torch import Tensor

SKY = 17
_GROUP = 64
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


def _tiles(intrinsics: Tensor, world_from_camera: Tensor, size: tuple[int, int]) -> Tiles:
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
    return Tiles(rays, bounds)


def _untile(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Put tiles, (b, t, n, ...), back into an image, (b, h, w, ...)."""
    rows, columns = (-(-edge // TILE) for edge in size)
    tail = values.shape[3:]
    out = values.reshape(len(values), rows, columns, TILE, TILE, *tail).transpose(2, 3)
    return out.reshape(len(values), rows * TILE, columns * TILE, *tail)[:, : size[0], : size[1]]


def _sky(unit: Tensor, light: Tensor) -> Tensor:
    """Colour of the sky along rays, (3, n), under the lights, (18, n) or (18, 1)."""
    up = unit[2].clamp(min=0)
    zenith, horizon = light[6:9], light[9:12]
    colour = horizon + (zenith - horizon) * up.clamp(min=1e-4) ** 0.45
    reach = 1 / (up + 0.12)
    u, v = unit[0] * reach + light[17], unit[1] * reach
    shape = 0.7 * noise(u, v, 30.0) + 0.45 * noise(u + 3, v, 95.0)
    cover = ((shape + 3.0 * light[12] - 1.7) * 0.7).clamp(0, 1)
    white = horizon * 0.5 + 0.46
    shade = white * (1 - 0.10 * shape.clamp(0, 2))
    colour = colour + (shade - colour) * (cover * (up * 6).clamp(0, 0.92))
    glow = (unit * light[:3]).sum(0).clamp(min=0) ** 24
    return colour + light[3:6] * (0.35 * glow)


def _develop(planes: Tensor, edge: Tensor, light: Tensor, frames: Sequence[int]) -> Tensor:
    """Soften the edges of solids, expose and add noise: (b, 3, h, w) to (b, h, w, 3) uint8."""
    soft = torch.nn.functional.avg_pool2d(planes, 3, 1, 1, count_include_pad=False)
    planes = torch.where(edge[:, None], 0.45 * planes + 0.55 * soft, planes)
    gain, power = light[:, 14, None, None, None], light[:, 15, None, None, None]
    planes = planes * gain
    planes = planes / (1 + 0.22 * planes)
    planes = (planes.clamp_(min=1e-4).log_() * power).exp_()
    dots = torch.stack(
        [
            grain(planes[0].numel(), 7919 * frame, planes.device).view(planes.shape[1:])
            for frame in frames
        ]
    )
    planes = planes.addcmul_(dots, light[:, 16, None, None, None])
    return (planes * 255 + 0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


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
    tiles = _tiles(pinhole, rotation, size)
    flat = flattened(packed)
    group = _GROUP if rotation.device.type == 'cpu' else 1 << 20
    rays = tiles.rays  # (b, t, 3, n)
    down = rays[:, :, 2]
    ground = -packed.camera[:, None, None, 2] / down.clamp(max=-1e-4)
    ground = ground.masked_fill((down > -1e-4) | (ground > GROUND_FAR), torch.inf)
    bounds = screen_bounds(packed, rotation.transpose(1, 2), pinhole)
    hits = first_hits(packed, flat, tiles, bounds, ground, group)
    seen = hits.depth < torch.inf
    depth = hits.depth.masked_fill(~seen, 0.0)
    planes, label = _shade(packed, flat, rays, depth, hits.solid, seen, pinhole, shadows, group)
    number = _untile(hits.solid, size)
    edge = torch.zeros_like(number, dtype=torch.bool)
    across, along = number[:, :, 1:] != number[:, :, :-1], number[:, 1:] != number[:, :-1]
    edge[:, :, 1:] |= across
    edge[:, :, :-1] |= across
    edge[:, 1:] |= along
    edge[:, :-1] |= along
    cameras = len(number)
    light = packed.light.expand(cameras, -1)
    colours = torch.stack([_untile(plane, size) for plane in planes], 1)
    image = _develop(colours, edge, light, frames)
    return image, _untile(depth, size).contiguous(), _untile(label, size).contiguous()


def _of(numbers: Tensor, camera: Tensor) -> Tensor:
    """Numbers of cameras, (b, q), by point: (q, n), or (q, 1) when all cameras share them."""
    columns = numbers.T
    return columns if len(numbers) == 1 else columns.index_select(1, camera)


def _grouped(material: Tensor) -> tuple[Tensor, list[tuple[Material, int]]]:
    """Order of points that brings equal materials together, and how many there are of each."""
    parts = [(kind, (material == int(kind)).nonzero()[:, 0]) for kind in Material]
    parts = [(kind, part) for kind, part in parts if len(part)]
    if not parts:
        return material.new_zeros(0), []
    return torch.cat([part for _, part in parts]), [(kind, len(part)) for kind, part in parts]


def _shade(
    packed: Packed,
    flat: Packed,
    rays: Tensor,
    depth: Tensor,
    solid: Tensor,
    seen: Tensor,
    pinhole: Tensor,
    shadows: bool,
    group: int,
) -> tuple[Tensor, Tensor]:
    """Colour, (3, b, t, n), and class, (b, t, n), of every pixel."""
    shape = depth.shape
    cameras, count = packed.kind.shape
    camera = torch.arange(cameras, device=depth.device).repeat_interleave(depth[0].numel())
    length = rays.square().sum(2).sqrt()
    points = rays * depth[:, :, None]
    ray = rays.permute(2, 0, 1, 3).reshape(3, -1) / length.reshape(-1)
    point = points.permute(2, 0, 1, 3).reshape(3, -1)
    blur = (depth / pinhole[:, 0, 0, None, None]).reshape(-1)
    height = point[2] + packed.camera[:, 2].repeat_interleave(depth[0].numel())
    number, visible = solid.reshape(-1), seen.reshape(-1)
    colour, normal = torch.zeros_like(point), torch.zeros_like(point)
    normal[2] = 1
    label = torch.full(number.shape, SKY, dtype=torch.uint8, device=depth.device)
    near = (number >= 0).nonzero()[:, 0]
    row = number[near] + camera[near] * count
    order, groups = _grouped(flat.material.index_select(0, row))
    if groups:
        near, row = near[order], row[order]
        surface, facing = meet(flat, row, point[:, near], ray[:, near], height[near], blur[near])
        colour[:, near] = paint(surface, groups)
        normal[:, near] = facing
        label[near] = flat.label.index_select(0, row).to(torch.uint8)
    floor = (visible & (number < 0)).nonzero()[:, 0]
    if len(floor):
        whose = camera[floor]
        x = point[0, floor] + packed.camera[:, 0].index_select(0, whose)
        y = point[1, floor] + packed.camera[:, 1].index_select(0, whose)
        numbers = _of(packed.ground, whose)
        place = locate(GroundRows(numbers), x, y)
        tilt = ray[2, floor].abs().clamp(min=0.004)
        colour[:, floor] = paint_ground(numbers, place, x, y, blur[floor], blur[floor] / tilt)
        label[floor] = place.label.to(torch.uint8)
    light = packed.light.T[:, :, None]  # (18, b or 1, 1)
    sun = packed.light[:, :3].expand(cameras, 3)
    colour, normal, away = (
        values.view(-1, cameras, depth[0].numel()) for values in (colour, normal, depth * length)
    )
    facing_sun = (normal * light[:3]).sum(0).clamp_(min=0)
    if shadows:
        active = (facing_sun > 0).view(shape) & seen & (away[0].view(shape) < REACH)
        facing_sun.mul_(~shadowed(packed, flat, points, active, sun, group).flatten(1))
    low = torch.where(number >= 0, (height * 2).clamp(0, 1), 1.0).view(cameras, -1)
    ambient = (0.42 + 0.18 * normal[2]) * (0.62 + 0.38 * low)
    skylight = light[6:9] * 0.35 + light[9:12] * 0.65
    colour = colour * (skylight * ambient + light[3:6] * facing_sun)
    clear = torch.exp(-away * light[13])
    colour = (light[9:12] + (colour - light[9:12]) * clear).view(3, -1)
    empty = (~visible).nonzero()[:, 0]
    if len(empty):
        colour[:, empty] = _sky(ray[:, empty], _of(packed.light, camera[empty]))
    return colour.view(3, *shape), label.view(shape)
