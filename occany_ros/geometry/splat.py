"""Which point every pixel of imagined cameras sees first (OccAny spec, section 8)."""

import torch
from torch import Tensor

NOTHING = -1
# Added to the depth a projection divides by; part of the method, not a safeguard.
DEPTH_OFFSET = 1e-8
# Scratch memory of one pass, and what a point costs there for each camera.
PASS_BYTES = {'cpu': 1 << 26, 'cuda': 1 << 30}
POINT_BYTES = 64
_FARTHEST = torch.iinfo(torch.int64).max
_INDEX_BITS = 32


def nearest_points(
    points: Tensor, world_from_camera: Tensor, intrinsics: Tensor, height: int, width: int
) -> Tensor:
    """
    Find the nearest of the points that fall on each pixel of each camera.

    A point falls on one pixel: its projection rounded half to even. Points behind a camera or
    outside its image are left out, and so are points that are not finite. Of points at the same
    depth the first one counts. All cameras of a pass share one z-buffer of integers that order
    by depth, then by index, so the result depends neither on the device nor on the passes.

    :param points: world frame, (b, s, 3) float32.
    :param world_from_camera: optical frames, (b, r, 4, 4) float32.
    :param intrinsics: pinhole matrices without skew, pixel centres at integers, (b, 3, 3).
    :param height: rows of the images.
    :param width: columns of the images.
    :returns: index of the point, -1 for none, (b, r, h, w) int64.
    """
    axes = points.unsqueeze(-3).unbind(dim=-1)  # 3 x (b, 1, s)
    views, count = world_from_camera.shape[1], points.shape[1]
    if not views or not count:
        shape = (*world_from_camera.shape[:2], height, width)
        return torch.full(shape, NOTHING, dtype=torch.int64, device=points.device)
    budget = PASS_BYTES.get(points.device.type, PASS_BYTES['cpu'])
    at_once = max(1, budget // (POINT_BYTES * points.shape[0] * count))
    passes = [
        _nearest_in_pass(tuple(x.contiguous() for x in axes), poses, intrinsics, height, width)
        for poses in torch.split(world_from_camera, at_once, dim=1)
    ]
    return passes[0] if len(passes) == 1 else torch.cat(passes, dim=1)


def _nearest_in_pass(
    axes: tuple[Tensor, ...], poses: Tensor, intrinsics: Tensor, height: int, width: int
) -> Tensor:
    """Fill the z-buffer of some cameras with points given by coordinate, each (b, 1, s)."""
    rotation, position = poses[..., :3, :3], poses[..., :3, 3:]
    offset = rotation.mT @ position  # (b, r, 3, 1)
    across, down, depth = (
        axes[0] * rotation[..., :1, row]
        + axes[1] * rotation[..., 1:2, row]
        + axes[2] * rotation[..., 2:, row]
        - offset[..., row, :]
        for row in range(3)
    )  # (b, r, s) each
    focal, middle = intrinsics.diagonal(dim1=-2, dim2=-1), intrinsics[..., 2]  # (b, 3) each
    divisor = depth + DEPTH_OFFSET
    column = _pixel(across, depth, divisor, focal[:, 0], middle[:, 0])
    row = _pixel(down, depth, divisor, focal[:, 1], middle[:, 1])
    is_seen = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = torch.arange(depth.shape[-1], device=depth.device)
    # Points nobody sees take part with a key that never wins, spread to keep atomics apart.
    pixel = torch.where(is_seen, row * width + column, 0).long()
    pixel = torch.where(is_seen, pixel, index % (height * width))
    key = (depth.view(torch.int32).long() << _INDEX_BITS) | index
    key = torch.where(is_seen, key, _FARTHEST)
    shape = (*depth.shape[:2], height * width)
    nearest = torch.full(shape, _FARTHEST, dtype=torch.int64, device=depth.device)
    nearest.scatter_reduce_(-1, pixel, key, 'amin')
    winner = torch.where(nearest == _FARTHEST, NOTHING, nearest & ((1 << _INDEX_BITS) - 1))
    return winner.reshape(*depth.shape[:2], height, width)


def _pixel(along: Tensor, depth: Tensor, divisor: Tensor, focal: Tensor, middle: Tensor) -> Tensor:
    """Round the projections on one image axis half to even, (b, r, s)."""
    projected = along * focal[:, None, None] + depth * middle[:, None, None]
    return projected.div_(divisor).round_()
