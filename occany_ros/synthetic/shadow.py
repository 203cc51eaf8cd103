"""Hard shadows: rays from what is seen towards the sun."""

from occany_ros.synthetic.cast import candidates
from occany_ros.synthetic.packing import flattened, Packed
from occany_ros.synthetic.primitives import Kind
import torch
from torch import Tensor

REACH = 70.0
"""Shadows are cast on points nearer than this, metres."""
_CLEAR = 0.02


def _basis(sun: Tensor) -> Tensor:
    up = torch.tensor([0.0, 0.0, 1.0], device=sun.device).expand_as(sun)
    right = torch.linalg.cross(up, sun)
    right = right / right.norm(dim=-1, keepdim=True)
    return torch.stack([right, torch.linalg.cross(sun, right), sun], 1)  # (b, 3, 3)


def _box(flat: Packed, solid: Tensor, points: Tensor, sun: Tensor) -> Tensor:
    unit = flat.unit_from_world[solid]
    inverse = torch.bmm(unit, sun[:, :, None]).add_(1e-9).reciprocal_()
    origin = torch.baddbmm(flat.origin[solid][:, :, None], unit, points)
    middle = origin.mul_(-inverse)
    spread = inverse.abs()
    enter = middle - spread
    leave = middle.add_(spread)
    near = torch.maximum(torch.maximum(enter[:, 0], enter[:, 1]), enter[:, 2])
    far = torch.minimum(torch.minimum(leave[:, 0], leave[:, 1]), leave[:, 2])
    return (far > near.clamp_(min=_CLEAR)).logical_and_(far > _CLEAR)


def _round(flat: Packed, solid: Tensor, points: Tensor, sun: Tensor) -> Tensor:
    unit = flat.unit_from_world[solid]
    ray = torch.bmm(unit, sun[:, :, None]).add_(1e-9)
    point = torch.baddbmm(flat.origin[solid][:, :, None], unit, points)
    shape = flat.shape[solid]
    wide, lean, ball = shape[:, :1], shape[:, 1:2], shape[:, 2:3]
    rx, ry, rz = ray[:, 0], ray[:, 1], ray[:, 2]
    px, py, pz = point[:, 0], point[:, 1], point[:, 2]
    radius = wide + lean * pz
    a = rx * rx + ry * ry + (ball - lean * lean) * rz * rz
    half_b = px * rx + py * ry + (ball * pz - lean * radius) * rz
    c = px * px + py * py + ball * pz * pz - radius * radius
    root = half_b * half_b - a * c
    met = root > 0
    root = root.clamp_(min=0).sqrt_()
    inverse = 1 / a
    spread = root * inverse.abs()
    middle = half_b * -inverse
    slab = 1 / rz
    slab_middle = pz * -slab
    near = torch.maximum(middle - spread, slab_middle - slab.abs())
    far = torch.minimum(middle + spread, slab_middle + slab.abs())
    return met.logical_and_(far > near.clamp_(min=_CLEAR))


def _wedge(flat: Packed, solid: Tensor, points: Tensor, sun: Tensor) -> Tensor:
    planes = flat.planes[solid]
    along = torch.bmm(planes, sun[:, :, None]).add_(1e-9)
    room = torch.baddbmm(flat.reach[solid][:, :, None], planes, points, alpha=-1)
    meet = room.mul_(1 / along)
    outward = along > 0
    near = meet.masked_fill(outward, -torch.inf).amax(1)
    far = meet.masked_fill_(~outward, torch.inf).amin(1)
    return far > near.clamp_(min=_CLEAR)


def shadowed(packed: Packed, points: Tensor, active: Tensor, sun: Tensor) -> Tensor:
    """
    Tell which points the sun does not reach.

    :param packed: the solids by camera.
    :param points: points on surfaces, camera-centred world axes, metres, (b, t, 3, n).
    :param active: points worth asking about, (b, t, n).
    :param sun: unit vectors to the sun, (b, 3).
    :returns: whether a solid hides the sun, (b, t, n) bool.
    """
    cameras, count = packed.kind.shape
    flat = flattened(packed)
    frame = _basis(sun)
    seen = frame[:, None] @ points  # (b, t, 3, n)
    low = seen.masked_fill(~active[:, :, None], torch.inf).amin(-1)
    high = seen.masked_fill(~active[:, :, None], -torch.inf).amax(-1)
    blocks = packed.corners @ frame[:, None].transpose(-1, -2)  # (b, p, 8, 3)
    block_low, block_high = blocks.amin(2), blocks.amax(2)
    overlap = (low[:, :, None, :2] <= block_high[:, None, :, :2]).all(-1)
    overlap &= (high[:, :, None, :2] >= block_low[:, None, :, :2]).all(-1)
    overlap &= low[:, :, None, 2] < block_high[:, None, :, 2]  # (b, t, p)
    number = overlap.shape[1]
    flat_points = points.flatten(0, 1)
    dark = torch.zeros(active.shape, dtype=torch.bool, device=sun.device).flatten(0, 1)
    camera = torch.arange(cameras, device=sun.device).repeat_interleave(number)
    for kind, hides in ((Kind.BOX, _box), (Kind.ROUND, _round), (Kind.WEDGE, _wedge)):
        mask = (overlap & (packed.kind == kind)[:, None]).flatten(0, 1)
        for chosen, steps in candidates(mask):
            here, shade, whose = flat_points[chosen], dark[chosen], camera[chosen]
            for live, rows in steps:
                owner = whose[:live]
                hidden = hides(flat, rows + owner * count, here[:live], sun[owner])
                shade[:live].logical_or_(hidden)
            dark[chosen] = shade
    return dark.view(active.shape) & active
