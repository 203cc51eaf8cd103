"""
What a training criterion compares: where pixels lie, and what a network says of it.

Both are (b, v, ...), b samples of v views each, and speak of one world: the optical frame of the
first view, see `seen_from_first_view`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from occany_ros.geometry.pointmap import transform_pointmap
from occany_ros.models.postprocess import PointMaps
import torch
from torch import Tensor

FARTHEST_M: Final = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """
    Where the pixels of some samples really lie.

    :param points: world frame, metres, (b, v, h, w, 3); anything where not valid.
    :param world_from_camera: (b, v, 4, 4).
    :param valid: pixels with a usable point, see `usable`, (b, v, h, w) bool.
    :param is_metric: whether the sample's unit is the metre, (b,) bool.
    """

    points: Tensor
    world_from_camera: Tensor
    valid: Tensor
    is_metric: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """
    What a network says of the same views.

    :param maps: its points, (b, v, h, w).
    :param pose_vectors: from its pose head, (b, v, 7); see `occany_ros.geometry.pose_vector`.
    :param world_from_registered: poses that lay local on world points, (b, v, 4, 4).
    """

    maps: PointMaps
    pose_vectors: Tensor
    world_from_registered: Tensor


def usable(depth: Tensor) -> Tensor:
    """Pixels whose depth (metres, any shape) is known and less than 50 m, same shape, bool."""
    return (depth > 0) & (depth < FARTHEST_M)  # neither holds for nan


def seen_from_first_view(truth: Truth) -> Truth:
    """Turn truth in any frame the views of a sample share into truth in its first view's frame."""
    world_from_shared = torch.linalg.inv(truth.world_from_camera[:, :1])
    return replace(
        truth,
        points=transform_pointmap(world_from_shared, truth.points),
        world_from_camera=world_from_shared @ truth.world_from_camera,
    )


def joined_estimates(passes: Sequence[Estimate]) -> Estimate:
    """Put estimates of several passes (first sight, then rendering) side by side as more views."""
    maps = {
        field.name: torch.cat([getattr(one.maps, field.name) for one in passes], dim=1)
        for field in fields(PointMaps)
    }
    return Estimate(
        maps=PointMaps(**maps),
        pose_vectors=torch.cat([one.pose_vectors for one in passes], dim=1),
        world_from_registered=torch.cat([one.world_from_registered for one in passes], dim=1),
    )


def repeated_truth(truth: Truth, passes: int) -> Truth:
    """Truth for the estimates of several passes over the same views, see `joined_estimates`."""
    return Truth(
        points=torch.cat([truth.points] * passes, dim=1),
        world_from_camera=torch.cat([truth.world_from_camera] * passes, dim=1),
        valid=torch.cat([truth.valid] * passes, dim=1),
        is_metric=truth.is_metric,
    )
