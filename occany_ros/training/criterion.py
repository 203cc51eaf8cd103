"""
What the released network was trained to minimise in points and poses (OccAny spec, section 15).

Distances of points count in units of the sample's true size, so that no scene outweighs another;
a sample without a metric scale is also free to be predicted at a size of its own.
"""

from dataclasses import dataclass
from typing import Final

from occany_ros.geometry.pointmap import transform_pointmap
from occany_ros.geometry.pose_vector import matrix_from_pose_vector, pose_vector_from_matrix
from occany_ros.models.postprocess import PointMaps
from occany_ros.training.supervision import Estimate, Truth
import torch
from torch import Tensor

CONFIDENCE_COST: Final = 0.2
SMALLEST_SIZE: Final = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class PoseError:
    """
    Mean error of poses.

    :param rotation_deg: angle between the rotations.
    :param translation_m: distance between the positions.
    """

    rotation_deg: Tensor
    translation_m: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """
    What is reported beside a loss; nothing learns from it.

    :param world: mean distance of world points, in the unit of the loss.
    :param local: the same of local points.
    :param head: of the poses from the pose head.
    :param registered: of the registered poses.
    """

    world: Tensor
    local: Tensor
    head: PoseError
    registered: PoseError


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """
    The terms of a loss, which weigh the same.

    :param world: of the world points.
    :param local: of the local points.
    :param pose: mean length of the differences of the pose vectors, metres and quaternion alike.
    :param errors: reported beside them.
    """

    world: Tensor
    local: Tensor
    pose: Tensor
    errors: Errors

    @property
    def total(self) -> Tensor:
        """Sum of the terms."""
        return self.world + self.local + self.pose


def training_loss(estimate: Estimate, truth: Truth) -> Loss:
    """
    Weigh errors by confidence, in units of the sample's size.

    The size is the mean distance of all valid true points of a sample from the world's origin.
    Predictions are divided by it too, or by their own mean distance where there is no scale.

    :param estimate: of the same views as the truth, float32 (outside of autocast).
    :param truth: without any valid pixel the point terms are zero.
    """
    seen = _seen(truth)
    size = _mean_distance(seen.world, truth.valid)  # (b,)
    own = _mean_distance(estimate.maps.world_points, truth.valid)
    predicted_size = torch.where(truth.is_metric, size, own)
    world, local = _distances(estimate.maps, seen, predicted_size, size)
    confidence = estimate.maps.confidence
    world_term, local_term = (
        weighted_mean(confidence_weighted(x, confidence, CONFIDENCE_COST), truth.valid)
        for x in (world, local)
    )
    return Loss(
        world=world_term,
        local=local_term,
        pose=_pose_loss(estimate, seen),
        errors=_errors(estimate, seen, (world, local), truth.valid),
    )


def evaluation_loss(estimate: Estimate, truth: Truth) -> Loss:
    """
    Measure plain errors in the unit of the truth.

    The prediction of a sample without a scale is divided by its own mean distance, and the truth
    is left as it is: its point errors mean something beside others of that kind only.

    :param estimate: as in `training_loss`.
    :param truth: as in `training_loss`.
    """
    seen = _seen(truth)
    own = _mean_distance(estimate.maps.world_points, truth.valid)
    unit = torch.ones_like(own)
    predicted_size = torch.where(truth.is_metric, unit, own)
    world, local = _distances(estimate.maps, seen, predicted_size, unit)
    return Loss(
        world=weighted_mean(world, truth.valid),
        local=weighted_mean(local, truth.valid),
        pose=_pose_loss(estimate, seen),
        errors=_errors(estimate, seen, (world, local), truth.valid),
    )


def confidence_weighted(error: Tensor, confidence: Tensor, cost: float) -> Tensor:
    """
    Error times confidence, less what confidence costs; least where error = cost / confidence.

    :param error: not negative, any shape.
    :param confidence: positive, same shape.
    :param cost: of the logarithm of the confidence.
    """
    return confidence * error - cost * confidence.log()


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean with weights of the same shape, numbers or bool; divided by 1 at least."""
    return (values * weights).sum() / weights.sum().clamp(min=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Truth in the frames it is predicted in; points that are not valid are zero."""

    world: Tensor  # (b, v, h, w, 3)
    local: Tensor  # (b, v, h, w, 3)
    world_from_camera: Tensor  # (b, v, 4, 4)


def _seen(truth: Truth) -> _Seen:
    points = torch.where(truth.valid.unsqueeze(-1), truth.points, 0.0)
    camera_from_world = torch.linalg.inv(truth.world_from_camera)  # (b, v, 4, 4)
    local = transform_pointmap(camera_from_world, points)
    return _Seen(world=points, local=local, world_from_camera=truth.world_from_camera)


def _mean_distance(points: Tensor, valid: Tensor) -> Tensor:
    """Mean distance from the origin of the valid points of each sample, (b,)."""
    distance = (points.norm(dim=-1) * valid).flatten(1).sum(dim=1)
    return (distance / valid.flatten(1).sum(dim=1).clamp(min=1)).clamp(min=SMALLEST_SIZE)


def _distances(
    maps: PointMaps, seen: _Seen, predicted_size: Tensor, true_size: Tensor
) -> tuple[Tensor, Tensor]:
    """Distance of predicted from true points, world and local, (b, v, h, w) each."""
    ours, truth = (size[:, None, None, None, None] for size in (predicted_size, true_size))
    world = (maps.world_points / ours - seen.world / truth).norm(dim=-1)
    return world, (maps.local_points / ours - seen.local / truth).norm(dim=-1)


def _pose_loss(estimate: Estimate, seen: _Seen) -> Tensor:
    true_vectors = pose_vector_from_matrix(seen.world_from_camera)
    return (estimate.pose_vectors - true_vectors).norm(dim=-1).mean()


def _errors(
    estimate: Estimate, seen: _Seen, distances: tuple[Tensor, Tensor], valid: Tensor
) -> Errors:
    with torch.no_grad():
        world, local = (weighted_mean(distance, valid) for distance in distances)
        from_head = matrix_from_pose_vector(estimate.pose_vectors)
        return Errors(
            world=world,
            local=local,
            head=_pose_error(from_head, seen.world_from_camera),
            registered=_pose_error(estimate.world_from_registered, seen.world_from_camera),
        )


def _pose_error(ours: Tensor, truth: Tensor) -> PoseError:
    between = ours[..., :3, :3].mT @ truth[..., :3, :3]
    cosine = (between.diagonal(dim1=-2, dim2=-1).sum(dim=-1) - 1) / 2
    return PoseError(
        rotation_deg=torch.rad2deg(cosine.clamp(-1.0, 1.0).acos()).mean(),
        translation_m=(ours - truth)[..., :3, 3].norm(dim=-1).mean(),
    )
