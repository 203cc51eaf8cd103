"""Points on solids, ready to be painted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from occany_ros.synthetic.packing import Packed
from occany_ros.synthetic.primitives import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """
    Points on surfaces of one material.

    :param local: in the solid's own axes, from its middle, metres, (n, 3).
    :param unit: in its unit space, (n, 3).
    :param half: half extents, metres, (n, 3).
    :param flat: surface coordinates on the face: along and up, or from above, metres, (n, 2).
    :param extent: half extents of the face along those, metres, (n, 2).
    :param face: 0, 1, 2 for the unit axis the face looks along, (n,) int64.
    :param toward: +1 or -1, whether it looks along or against it, (n,).
    :param height: above the ground, metres, (n,).
    :param blur: size of a pixel on the surface, metres, (n,).
    :param colour: main colour, (n, 3).
    :param second: second colour, (n, 3).
    :param style: variation, (n, 4).
    :param mirror: elevation of the reflected ray, -1 to 1, (n,).
    """

    local: Tensor
    unit: Tensor
    half: Tensor
    flat: Tensor
    extent: Tensor
    face: Tensor
    toward: Tensor
    height: Tensor
    blur: Tensor
    colour: Tensor
    second: Tensor
    style: Tensor
    mirror: Tensor

    def take(self, index: Tensor) -> 'Surface':
        """
        Pick points.

        :param index: rows, (k,) int64.
        :returns: those rows.
        """
        return Surface(
            *(
                getattr(self, name).index_select(0, index)
                for name in (
                    'local',
                    'unit',
                    'half',
                    'flat',
                    'extent',
                    'face',
                    'toward',
                    'height',
                    'blur',
                    'colour',
                    'second',
                    'style',
                    'mirror',
                )
            )
        )


def meet(
    flat: Packed, solid: Tensor, points: Tensor, rays: Tensor, height: Tensor, blur: Tensor
) -> tuple[Surface, Tensor]:
    """
    Describe the points where rays met solids.

    :param flat: the solids, flattened.
    :param solid: which solid each point lies on, (n,) int64.
    :param points: camera-centred world axes, metres, (n, 3).
    :param rays: unit rays that led there, (n, 3).
    :param height: above the ground, metres, (n,).
    :param blur: size of a pixel across the ray, metres, (n,).
    :returns: the surface and its outward unit normals in world axes, (n, 3).
    """
    matrix = flat.unit_from_world.index_select(0, solid)
    unit = torch.baddbmm(
        flat.origin.index_select(0, solid)[:, :, None], matrix, points[:, :, None]
    )
    unit = unit[:, :, 0]
    half = flat.half.index_select(0, solid)
    shape = flat.shape.index_select(0, solid)
    kind = flat.kind.index_select(0, solid)
    is_round = (kind == Kind.ROUND)[:, None]
    lean = torch.where(is_round, torch.zeros_like(shape), shape) / 2
    rise = unit[:, 2] + 1
    room_front = 1 - lean[:, 0] * rise
    room_rear = 1 - lean[:, 1] * rise
    room_side = (1 - lean[:, 2] * rise).clamp(min=1e-3)
    front = unit[:, 0] > 0
    x = unit[:, 0] / torch.where(front, room_front, room_rear).clamp(min=1e-3)
    scaled = torch.stack([x, unit[:, 1] / room_side, unit[:, 2]], 1)
    size = scaled.abs()
    face = size.argmax(1)
    axis = torch.nn.functional.one_hot(face, 3).to(unit.dtype)
    toward = torch.where((scaled * axis).sum(1) > 0, 1.0, -1.0)
    normal = axis * toward[:, None]
    slope = torch.where(front, lean[:, 0], lean[:, 1]) * axis[:, 0] + lean[:, 2] * axis[:, 1]
    normal = torch.stack([normal[:, 0], normal[:, 1], normal[:, 2] + slope], 1)
    wide, tilt, ball = shape[:, 0], shape[:, 1], shape[:, 2]
    radius = wide + tilt * unit[:, 2]
    curved = torch.stack([unit[:, 0], unit[:, 1], ball * unit[:, 2] - tilt * radius], 1)
    cap = (unit[:, 2].abs() > 0.9995) & (ball == 0)
    cap_normal = torch.stack([torch.zeros_like(x), torch.zeros_like(x), unit[:, 2]], 1)
    curved = torch.where(cap[:, None], cap_normal, curved)
    normal = torch.where(is_round, curved, normal)
    face = torch.where(is_round[:, 0], torch.where(cap, 2, 3), face)
    world = torch.bmm(normal[:, None], matrix)[:, 0]
    world = world * torch.rsqrt((world * world).sum(1, keepdim=True) + 1e-12)
    local = unit * half
    along = torch.where((face == 1)[:, None], local[:, [0, 2]], local[:, [1, 2]])
    along = torch.where((face == 2)[:, None], local[:, :2], along)
    extent = torch.where((face == 1)[:, None], half[:, [0, 2]], half[:, [1, 2]])
    extent = torch.where((face == 2)[:, None], half[:, :2], extent)
    around = torch.stack([torch.atan2(local[:, 1], local[:, 0]) * half[:, 0], local[:, 2]], 1)
    along = torch.where((face == 3)[:, None], around, along)
    facing = (world * rays).sum(1)
    mirror = rays[:, 2] - 2 * facing * world[:, 2]
    paint = flat.paint.index_select(0, solid)
    surface = Surface(
        local,
        unit,
        half,
        along,
        extent,
        face,
        toward,
        height,
        blur / facing.abs().clamp(min=0.12),
        paint[:, :3],
        paint[:, 3:6],
        paint[:, 6:],
        mirror,
    )
    return surface, world
