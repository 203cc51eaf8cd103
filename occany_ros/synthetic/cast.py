"""Rays against solids: what each pixel sees first, and what stands between it and the sun."""

from collections.abc import Callable, Iterator

from occany_ros.synthetic.packing import flattened, Packed
from occany_ros.synthetic.primitives import Kind
from occany_ros.synthetic.sight import Tiles
import torch
from torch import Tensor

_GROUP = 64
"""Tiles worked on at a time on a CPU, so that they stay in its cache."""
NEAR = 0.05
"""Nearest visible depth, metres."""
_EDGES = [
    (a, a | bit) for bit in (1, 2, 4) for a in range(8) if not a & bit
]  # pairs of box corners that differ in one sign


def candidates(
    mask: Tensor,
) -> Iterator[tuple[Tensor, list[tuple[int, Tensor]]]]:
    """
    Walk through the tiles in groups that have about as many solids to test.

    :param mask: whether a solid may matter to a tile, (t, p).
    :returns: for each group the tiles, and one after another how many of them to test against
        which solids.
    """
    group = _GROUP if mask.device.type == 'cpu' else len(mask)
    wanted = mask.any(0).nonzero()[:, 0]
    picked = mask[:, wanted]
    count = picked.sum(1)
    order = torch.argsort(count, descending=True)
    counts = count[order].tolist()
    tile, column = picked.nonzero(as_tuple=True)
    if len(tile) == 0:
        return
    rank = torch.arange(len(tile), device=mask.device) - (count.cumsum(0) - count)[tile]
    table = torch.zeros(len(mask), counts[0], dtype=torch.long, device=mask.device)
    table[tile, rank] = wanted[column]
    for start in range(0, len(counts), group):
        stop = start + group
        within = [c for c in counts[start:stop] if c > 0]
        if not within:
            return
        tiles = order[start:stop][: len(within)]
        rows = table[tiles]
        steps = []
        live = len(within)
        for k in range(within[0]):
            while within[live - 1] <= k:
                live -= 1
            steps.append((live, rows[:live, k]))
        yield tiles, steps


def screen_bounds(packed: Packed, camera_from_world: Tensor, intrinsics: Tensor) -> Tensor:
    """
    Enclose each solid on each image.

    :param packed: the solids.
    :param camera_from_world: rotations, (b, 3, 3).
    :param intrinsics: pinhole matrices, (b, 3, 3).
    :returns: ``u0 u1 v0 v1`` in pixels and the nearest depth, (b, p, 5); empty bounds
        (``u0 > u1``) for a solid behind the camera.
    """
    points = packed.corners @ camera_from_world[:, None].transpose(-1, -2)  # (b, p, 8, 3)
    pairs = torch.tensor(_EDGES, device=points.device)
    a, b = points[:, :, pairs[:, 0]], points[:, :, pairs[:, 1]]
    za, zb = a[..., 2:], b[..., 2:]
    share = ((NEAR - za) / (zb - za + 1e-12)).clamp(0, 1)
    cut = a + share * (b - a)
    crosses = (za > NEAR) != (zb > NEAR)
    every = torch.cat([points, cut], 2)
    valid = torch.cat([points[..., 2:] > NEAR, crosses], 2)[..., 0]
    scale = torch.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], 1)[:, None, None]
    shift = torch.stack([intrinsics[:, 0, 2], intrinsics[:, 1, 2]], 1)[:, None, None]
    pixel = every[..., :2] / every[..., 2:].clamp(min=NEAR) * scale + shift
    low = pixel.masked_fill(~valid[..., None], torch.inf).amin(2)
    high = pixel.masked_fill(~valid[..., None], -torch.inf).amax(2)
    depth = every[..., 2].masked_fill(~valid, torch.inf).amin(2)
    dead = packed.kind < 0
    low = low.masked_fill(dead[..., None], torch.inf)
    return torch.stack([low[..., 0], high[..., 0], low[..., 1], high[..., 1], depth], -1)


def _box(packed: Packed, solid: Tensor, rays: Tensor) -> tuple[Tensor, Tensor]:
    inverse = torch.bmm(packed.unit_from_world[solid], rays).add_(1e-9).reciprocal_()
    middle = inverse * packed.origin[solid].neg()[:, :, None]
    spread = inverse.abs_()
    enter = middle - spread
    leave = middle.add_(spread)
    near = torch.maximum(torch.maximum(enter[:, 0], enter[:, 1]), enter[:, 2])
    far = torch.minimum(torch.minimum(leave[:, 0], leave[:, 1]), leave[:, 2])
    return near, far


def _round(packed: Packed, solid: Tensor, rays: Tensor) -> tuple[Tensor, Tensor]:
    ray = torch.bmm(packed.unit_from_world[solid], rays).add_(1e-9)
    origin = packed.origin[solid][:, :, None]
    shape = packed.shape[solid][:, :, None]
    shift = (origin * ray).sum(1).neg_().div_((ray * ray).sum(1))  # to the point of approach
    close = origin + shift[:, None] * ray
    near, far = _quadric(close, ray, shape)
    return near + shift, far + shift


def _quadric(point: Tensor, ray: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
    wide, lean, ball = shape[:, 0], shape[:, 1], shape[:, 2]
    rx, ry, rz = ray[:, 0], ray[:, 1], ray[:, 2]
    px, py, pz = point[:, 0], point[:, 1], point[:, 2]
    radius = wide + lean * pz
    a = rx * rx + ry * ry + (ball - lean * lean) * rz * rz
    half_b = px * rx + py * ry + (ball * pz - lean * radius) * rz
    c = px * px + py * py + ball * pz * pz - radius * radius
    root = half_b * half_b - a * c
    missed = root < 0
    root = root.clamp_(min=0).sqrt_()
    inverse = a.reciprocal()
    middle = -half_b * inverse
    spread = (root * inverse).abs()
    slab = rz.reciprocal()
    slab_middle = -pz * slab
    slab_spread = slab.abs()
    near = torch.maximum(middle - spread, slab_middle - slab_spread)
    far = torch.minimum(middle + spread, slab_middle + slab_spread)
    return near, far.masked_fill_(missed, -torch.inf)


def _wedge(packed: Packed, solid: Tensor, rays: Tensor) -> tuple[Tensor, Tensor]:
    along = torch.bmm(packed.planes[solid], rays).add_(1e-9)
    meet = packed.reach[solid][:, :, None] / along
    outward = along > 0
    near = meet.masked_fill(outward, -torch.inf).amax(1)
    far = meet.masked_fill_(~outward, torch.inf).amin(1)
    return near, far


_FIRST: dict[Kind, Callable[[Packed, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    Kind.BOX: _box,
    Kind.ROUND: _round,
    Kind.WEDGE: _wedge,
}


def first_hits(
    packed: Packed, tiles: Tiles, bounds: Tensor, ground: Tensor
) -> tuple[Tensor, Tensor]:
    """
    Find the nearest surface along each ray.

    :param packed: the solids by camera.
    :param tiles: the rays.
    :param bounds: answer of :func:`screen_bounds`.
    :param ground: depth of the ground, infinite for none, (b, t, n).
    :returns: depth along the optical axis, metres, infinite for none, (b, t, n), and the row of
        the solid, -1 for ground and sky, (b, t, n) int64.
    """
    cameras, count = packed.kind.shape
    flat = flattened(packed)
    box, tile = bounds[:, None], tiles.bounds[None, :, None]
    overlap = (box[..., 0] <= tile[..., 1]) & (box[..., 1] >= tile[..., 0])
    overlap &= (box[..., 2] <= tile[..., 3]) & (box[..., 3] >= tile[..., 2])  # (b, t, p)
    number = overlap.shape[1]
    rays = tiles.rays.flatten(0, 1)
    depth = ground.flatten(0, 1).clone()
    solid = torch.full(depth.shape, -1, dtype=torch.int32, device=depth.device)
    offset = torch.arange(cameras, device=depth.device).repeat_interleave(number) * count
    for kind, meet in _FIRST.items():
        mask = (overlap & (packed.kind == kind)[:, None]).flatten(0, 1)
        for chosen, steps in candidates(mask):
            ray, best, found = rays[chosen], depth[chosen], solid[chosen]
            shift = offset[chosen]
            for live, rows in steps:
                near, far = meet(flat, rows + shift[:live], ray[:live])
                nearest = best[:live]
                hit = (near < far).logical_and_(near > NEAR).logical_and_(near < nearest)
                nearest.copy_(torch.where(hit, near, nearest))
                found[:live].copy_(torch.where(hit, rows.to(torch.int32)[:, None], found[:live]))
            depth[chosen], solid[chosen] = best, found
    depth, solid = (values.view(cameras, number, -1) for values in (depth, solid))
    return depth, solid.long()
