"""Points on solids, ready to be painted."""

from dataclasses import dataclass

from occany_ros.synthetic.packing import Packed
from occany_ros.synthetic.primitives import Kind
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """
    Points on surfaces.

    :param local: in the solid's own axes, from its middle, metres, (3, n).
    :param unit: in its unit space, (3, n).
    :param half: half extents, metres, (3, n).
    :param flat: surface coordinates on the face: along and up, or from above, metres, (2, n).
    :param extent: half extents of the face along those, metres, (2, n).
    :param face: 0, 1, 2 for the unit axis the face looks along, 3 for a curved side, (n,).
    :param toward: +1 or -1, whether it looks along or against it, (n,).
    :param height: above the ground, metres, (n,).
    :param blur: size of a pixel on the surface, metres, (n,).
    :param colour: main colour, (3, n).
    :param second: second colour, (3, n).
    :param style: variation, (4, n).
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

    def part(self, start: int, count: int) -> 'Surface':
        """
        Pick a run of points.

        :param start: the first.
        :param count: how many.
        :returns: views of them.
        """
        return Surface(
            self.local.narrow(1, start, count),
            self.unit.narrow(1, start, count),
            self.half.narrow(1, start, count),
            self.flat.narrow(1, start, count),
            self.extent.narrow(1, start, count),
            self.face.narrow(0, start, count),
            self.toward.narrow(0, start, count),
            self.height.narrow(0, start, count),
            self.blur.narrow(0, start, count),
            self.colour.narrow(1, start, count),
            self.second.narrow(1, start, count),
            self.style.narrow(1, start, count),
            self.mirror.narrow(0, start, count),
        )


def meet(
    flat: Packed, solid: Tensor, points: Tensor, rays: Tensor, height: Tensor, blur: Tensor
) -> tuple[Surface, Tensor]:
    """
    Describe the points where rays met solids.

    :param flat: the solids, flattened.
    :param solid: which solid each point lies on, (n,) int64.
    :param points: camera-centred world axes, metres, (3, n).
    :param rays: unit rays that led there, (3, n).
    :param height: above the ground, metres, (n,).
    :param blur: size of a pixel across the ray, metres, (n,).
    :returns: the surface and its outward unit normals in world axes, (3, n).
    """
    numbers = [flat.unit_from_world.flatten(1), flat.origin, flat.half, flat.shape, flat.paint]
    numbers.append((flat.kind == Kind.ROUND)[:, None].to(flat.half.dtype))
    rows = torch.cat(numbers, 1).T.contiguous().index_select(1, solid)  # (c, n)
    matrix, half, shape, paint = rows[:9], rows[12:15], rows[15:19], rows[19:29]
    unit = rows[9:12] + points[0] * matrix[0::3]
    unit.addcmul_(points[1], matrix[1::3]).addcmul_(points[2], matrix[2::3])
    is_round = rows[29] > 0.5
    local_normal, face, toward = _normals(unit, shape, is_round)
    world = local_normal[0] * matrix[0:3]
    world.addcmul_(local_normal[1], matrix[3:6]).addcmul_(local_normal[2], matrix[6:9])
    world = world * torch.rsqrt((world * world).sum(0) + 1e-12)
    local = unit * half
    on_flank, on_top, curved = face == 1, face == 2, face == 3
    along = torch.where(on_flank | on_top, local[0], local[1])
    across = torch.where(on_top, local[1], local[2])
    along = torch.where(curved, torch.atan2(local[1], local[0]) * half[0], along)
    extent = torch.stack(
        [torch.where(on_flank | on_top, half[0], half[1]), torch.where(on_top, half[1], half[2])]
    )
    facing = (world * rays).sum(0)
    mirror = rays[2] - 2 * facing * world[2]
    surface = Surface(
        local,
        unit,
        half,
        torch.stack([along, across]),
        extent,
        face,
        toward,
        height,
        blur / facing.abs().clamp(min=0.12),
        paint[:3],
        paint[3:6],
        paint[6:],
        mirror,
    )
    return surface, world


def _normals(unit: Tensor, shape: Tensor, is_round: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Outward normals in unit space, (3, n), the faces and which way they look, (n,)."""
    x, y, z = unit.unbind(0)
    lean = shape[:3] * (~is_round) / 2
    room = 1 - lean * (z + 1)
    front = x > 0
    lean_x = torch.where(front, lean[0], lean[1])
    away_x = x.abs() / torch.where(front, room[0], room[1]).clamp(min=1e-3)
    away_y = y.abs() / room[2].clamp(min=1e-3)
    away_z = z.abs()
    on_top = (away_z >= away_x) & (away_z >= away_y)
    on_end = (away_x > away_y) & ~on_top
    on_flank = ~(on_top | on_end)
    face = torch.where(on_top, 2, torch.where(on_end, 0, 1))
    toward = torch.where(on_top, z, torch.where(on_end, x, y)).sign()
    wide, tilt, ball = shape[0], shape[1], shape[2]
    cap = (away_z > 0.9995) & (ball == 0)
    side = is_round & ~cap
    face = torch.where(is_round, torch.where(cap, 2, 3), face)
    zero = torch.zeros_like(x)
    flat_z = torch.where(on_top, toward, lean_x * on_end + lean[2] * on_flank)
    normal = torch.stack(
        [
            torch.where(side, x, torch.where(on_end & ~is_round, toward, zero)),
            torch.where(side, y, torch.where(on_flank & ~is_round, toward, zero)),
            torch.where(
                side, ball * z - tilt * (wide + tilt * z), torch.where(cap & is_round, z, flat_z)
            ),
        ]
    )
    return normal, face, toward
