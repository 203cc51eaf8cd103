"""From raw head outputs to metres, confidences and poses (OccAny spec, section 6)."""

from dataclasses import dataclass

from occany_ros.geometry.alignment import weighted_rigid
from occany_ros.geometry.pointmap import focal_from_points
from occany_ros.models.config import Activation
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PointMaps:
    """
    Points of every pixel of some views.

    :param world_points: frame of the first remembered view, metres, (..., h, w, 3).
    :param local_points: each view's own optical frame, metres, (..., h, w, 3).
    :param confidence: more than 1, (..., h, w).
    """

    world_points: Tensor
    local_points: Tensor
    confidence: Tensor


def point_maps(raw: Tensor, activation: Activation) -> PointMaps:
    """
    Give raw maps their meaning.

    :param raw: world point, local point, confidence logit, (..., h, w, 7 or more) float32.
    :param activation: how raw numbers become points.
    :returns: the maps.
    """
    world, local = raw[..., :3], raw[..., 3:6]
    if activation == 'norm_exp':
        world, local = _exponential(world), _exponential(local)
    return PointMaps(world_points=world, local_points=local, confidence=1.0 + raw[..., 6].exp())


def surface_maps(raw: Tensor, activation: Activation) -> tuple[Tensor, Tensor]:
    """
    Give raw maps without local points their meaning.

    :param raw: world point and confidence logit, (..., h, w, 4) float32.
    :param activation: how raw numbers become points.
    :returns: world points, metres, (..., h, w, 3), and confidence, more than 1, (..., h, w).
    """
    world = raw[..., :3]
    points = _exponential(world) if activation == 'norm_exp' else world
    return points, 1.0 + raw[..., 3].exp()


def colours(logits: Tensor) -> Tensor:
    """RGB in (-1, 1) from logits of the same shape."""
    return 2.0 * (logits.sigmoid() * (1.0 - 2e-6) + 1e-6 - 0.5)


def registered_poses(maps: PointMaps) -> Tensor:
    """
    Place each view so that its local points fall on its world points.

    :param maps: of views, (..., h, w).
    :returns: world_from_camera, (..., 4, 4).
    """
    return weighted_rigid(
        maps.local_points.flatten(-3, -2),
        maps.world_points.flatten(-3, -2),
        (maps.confidence - 1.0).flatten(-2, -1),
    )


def shared_focal(local_points: Tensor) -> Tensor:
    """
    Focal length of a set of views, which is that of its first view.

    :param local_points: (..., v, h, w, 3).
    :returns: pixels, the same for all views, (..., v).
    """
    views = local_points.shape[-4]
    first = focal_from_points(local_points[..., 0, :, :, :])
    return first.unsqueeze(-1).expand(*first.shape, views)


def _exponential(x: Tensor) -> Tensor:
    length = x.norm(dim=-1, keepdim=True)
    return x * torch.expm1(length) / length.clamp(min=1e-8)
