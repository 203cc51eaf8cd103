"""
Calibration channels: what the position of a pixel says before anything is seen.

A camera whose height and pitch are known sees flat ground at a depth that depends on the pixel
only. The channels carry the pixel's ray and that depth, so that the network starts from the
geometry of the camera and learns what departs from it.
"""

from dataclasses import dataclass
from math import pi, tan
from typing import Final

from occany_ros.models.views import Views
import torch
from torch import Tensor

FALLBACK_HFOV_DEG: Final = 70.0
FALLBACK_HEIGHT: Final = 1.6
RAY_CHANNELS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """
    Pinhole and pose of each view, with the fallback put where nothing was known.

    :param intrinsics: pinhole matrices, pixels of the image, pixel centres at integers, (v, 3, 3).
    :param base_from_camera: optical frame in base frame, metres, (v, 4, 4).
    :param mounted: whether the pose of the view was given rather than assumed, (v,) bool.
    """

    intrinsics: Tensor
    base_from_camera: Tensor
    mounted: Tensor


def calibration(views: Views) -> Calibration:
    """
    Calibration of the views; unknown cameras get 70 degrees, 1.6 m above flat ground, level.

    :param views: images with NaN where a camera is unknown.
    :returns: finite matrices for every view.
    """
    height, width = views.images.shape[-2:]
    focal = width / 2 / tan(FALLBACK_HFOV_DEG * pi / 360)
    pinhole = views.intrinsics.new_tensor(
        [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
    )
    level = views.base_from_camera.new_tensor(
        [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, FALLBACK_HEIGHT], [0, 0, 0, 1]]
    )
    known = views.intrinsics.isfinite().all(dim=(1, 2))
    mounted = views.base_from_camera.isfinite().all(dim=(1, 2))
    return Calibration(
        intrinsics=torch.where(known[:, None, None], views.intrinsics, pinhole),
        base_from_camera=torch.where(mounted[:, None, None], views.base_from_camera, level),
        mounted=mounted,
    )


def cell_rays(intrinsics: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """
    Ray through the middle of each cell of a map at ``1 / stride`` of the image.

    The cell (row, column) answers for the pixel ``stride * (row, column) + stride / 2``.

    :param intrinsics: pinhole matrices in pixels of the image, (v, 3, 3).
    :param size: rows and columns of the map.
    :param stride: image pixels to a cell.
    :returns: optical frame, z = 1, (v, h, w, 3).
    """
    rows = torch.arange(size[0], device=intrinsics.device) * stride + stride / 2
    columns = torch.arange(size[1], device=intrinsics.device) * stride + stride / 2
    fx, fy = intrinsics[:, 0, 0, None], intrinsics[:, 1, 1, None]
    x = (columns - intrinsics[:, 0, 2, None]) / fx  # v w
    y = (rows - intrinsics[:, 1, 2, None]) / fy  # v h
    views = intrinsics.shape[0]
    grid = x.new_ones(views, *size, 3)
    grid[..., 0] = x[:, None, :]
    grid[..., 1] = y[:, :, None]
    return grid


def inverse_ground_depth(rays: Tensor, base_from_camera: Tensor) -> Tensor:
    """
    One over the depth at which each ray meets the ground z = 0; negative above the horizon.

    :param rays: optical frame, (v, h, w, 3).
    :param base_from_camera: poses, metres, (v, 4, 4).
    :returns: 1 / metres along the optical axis, (v, h, w).
    """
    down = -torch.einsum('vhwc,vc->vhw', rays, base_from_camera[:, 2, :3].to(rays.dtype))
    height = base_from_camera[:, 2, 3].clamp(min=0.2)
    return down / height[:, None, None].to(rays.dtype)


def calibration_channels(rays: Tensor, base_from_camera: Tensor) -> Tensor:
    """
    Ray, elevation and ground depth of each cell, all of order one.

    :param rays: optical frame, z = 1, (v, h, w, 3).
    :param base_from_camera: poses, metres, (v, 4, 4).
    :returns: (v, 5, h, w).
    """
    inverse = inverse_ground_depth(rays, base_from_camera)
    height = base_from_camera[:, 2, 3].to(rays.dtype).clamp(min=0.2)
    elevation = inverse * height[:, None, None] / rays.norm(dim=-1)
    near = (inverse * 10).clamp(-2, 2)
    ground = torch.log(inverse.clamp(min=1 / 80)).neg() / 2
    return torch.stack((rays[..., 0], rays[..., 1], 3 * elevation, near, ground), dim=1)
