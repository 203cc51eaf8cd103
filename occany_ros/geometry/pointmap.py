"""Maps that hold a point for every pixel: their focal length, rays and change of frame."""

import torch
from torch import Tensor


def transform_pointmap(target_from_source: Tensor, points: Tensor) -> Tensor:
    """
    Express point maps in another frame.

    :param target_from_source: rigid motions, (..., 4, 4).
    :param points: source frame, (..., h, w, 3).
    :returns: target frame, (..., h, w, 3).
    """
    rotation = target_from_source[..., None, :3, :3]  # (..., 1, 3, 3)
    translation = target_from_source[..., None, None, :3, 3]  # (..., 1, 1, 3)
    return points @ rotation.mT + translation


def centred_pixels(height: int, width: int, device: torch.device) -> Tensor:
    """Columns and rows counted from the middle of the image, (h, w, 2) float32."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=device) - height / 2,
        torch.arange(width, device=device) - width / 2,
        indexing='ij',
    )
    return torch.stack((columns, rows), dim=-1)


def focal_from_points(local_points: Tensor, iterations: int = 10) -> Tensor:
    """
    Find the focal length that best explains where the pixels of a point map look.

    Least distance (not squared) by Weiszfeld's re-weighting; the principal point is the middle
    of the image and both axes share the focal length (OccAny spec, section 6).

    :param local_points: optical frame, (..., h, w, 3); pixels with z = 0 count as zeros.
    :param iterations: number of re-weightings after the least-squares start.
    :returns: pixels, not negative, (...).
    """
    height, width = local_points.shape[-3:-1]
    pixels = centred_pixels(height, width, local_points.device).flatten(0, 1)  # (p, 2)
    slopes = (local_points[..., :2] / local_points[..., 2:]).flatten(-3, -2)  # (..., p, 2)
    slopes = slopes.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    along = (slopes * pixels).sum(dim=-1)  # (..., p)
    square = slopes.square().sum(dim=-1)
    focal = along.mean(dim=-1) / square.mean(dim=-1)  # (...)
    for _ in range(iterations):
        miss = (pixels - focal[..., None, None] * slopes).norm(dim=-1)  # (..., p)
        weight = miss.clamp(min=1e-8).reciprocal()
        focal = (weight * along).mean(dim=-1) / (weight * square).mean(dim=-1)
    return focal.clamp(min=0.0)


def plucker_rays(world_from_camera: Tensor, focal: Tensor, height: int, width: int) -> Tensor:
    """
    Draw the line of sight of every pixel as moment and direction (OccAny spec, section 8).

    :param world_from_camera: (..., 4, 4).
    :param focal: pixels, (...); clamped to 1..2000, and slopes to 45 degrees either way.
    :param height: rows of the map.
    :param width: columns of the map.
    :returns: origin x direction, then the unit direction, world frame, (..., 6, h, w).
    """
    pixels = centred_pixels(height, width, focal.device) + 0.5  # (h, w, 2)
    slopes = (pixels / focal.clamp(1.0, 2000.0)[..., None, None, None]).clamp(-1.0, 1.0)
    rays = torch.cat((slopes, torch.ones_like(slopes[..., :1])), dim=-1)  # (..., h, w, 3)
    rays = rays @ world_from_camera[..., None, :3, :3].mT
    rays = rays / rays.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    origin = world_from_camera[..., None, None, :3, 3].expand_as(rays)
    moment = torch.linalg.cross(origin, rays)
    return torch.cat((moment, rays), dim=-1).nan_to_num(nan=0.0).movedim(-1, -3)
