"""Motion of the robot from dense matches: weighted reprojection, solved by Gauss-Newton."""

from dataclasses import dataclass
from typing import Final

from occany_ros.models.embedded.matching import project
import torch
from torch import Tensor

SCALES: Final = (16.0, 16.0, 8.0, 8.0, 4.0, 4.0, 2.0, 2.0, 2.0, 2.0)
"""Pixels beyond which a match loses its say, one Gauss-Newton step each."""


@dataclass(frozen=True, slots=True, eq=False)
class Correspondences:
    """
    Points seen at one instant and where they are found at another.

    :param points: base frame of the first instant, metres, (p, 3).
    :param pixels: where the second instant's camera sees them, (column, row), (p, 2).
    :param weights: trust, at least 0, (p,).
    :param error: relative error to be expected of each point's distance, (p,).
    :param intrinsics: pinhole of that camera, a row for each point, (p, 3, 3).
    :param camera_from_base: pose of that camera, a row for each point, (p, 4, 4).
    """

    points: Tensor
    pixels: Tensor
    weights: Tensor
    error: Tensor
    intrinsics: Tensor
    camera_from_base: Tensor


def solve_motion(matches: Correspondences, start: Tensor | None = None) -> Tensor:
    """
    Rigid motion of the base that explains the matches best.

    Minimises the reprojection error in float64 under a redescending weight (Geman-McClure) that
    tightens step by step, so that wrong matches end without a say. Far points fix the rotation,
    near points the translation; the scale is that of the points, those first whose distance is
    sure: an error of the distance moves a point by its share of the parallax.

    :param matches: from all cameras of the rig together.
    :param start: first guess, (4, 4); identity when None.
    :returns: second_from_first, pose of the first instant's base in the second's, (4, 4) float64;
        the first guess where fewer than eight matches have weight.
    """
    points, pixels = matches.points.double(), matches.pixels.double()
    weights, mount = matches.weights.double(), matches.camera_from_base.double()
    expected = matches.error.double()
    focal = torch.stack((matches.intrinsics[:, 0, 0], matches.intrinsics[:, 1, 1]), -1).double()
    centre = matches.intrinsics[:, :2, 2].double()
    motion = torch.eye(4, dtype=torch.float64, device=points.device)
    if start is not None:
        motion = start.double()
    if int((weights > 0).sum()) < 8:
        return motion
    damping = 1e-4 * torch.eye(6, dtype=torch.float64, device=points.device)
    for scale in SCALES:
        moved = points @ motion[:3, :3].T + motion[:3, 3]
        seen = (mount[:, :3, :3] @ moved[:, :, None])[:, :, 0] + mount[:, :3, 3]
        depth = seen[:, 2].clamp(min=0.3)
        residual = seen[:, :2] / depth[:, None] * focal + centre - pixels
        turned = (mount[:, :3, :3] @ (moved - motion[:3, 3])[:, :, None])[:, :, 0] + mount[
            :, :3, 3
        ]
        parallax = (
            seen[:, :2] / depth[:, None] - turned[:, :2] / turned[:, 2:].clamp(min=0.3)
        ) * focal
        variance = 1 + (parallax.norm(dim=-1) * expected).square()
        excess = residual.square().sum(dim=-1) / variance / scale**2
        robust = 1 / (1 + excess).square() / variance
        trust = weights * robust * (seen[:, 2] > 0.3)
        jacobian = projection_jacobian(seen, depth, focal) @ mount[:, :3, :3]  # p 2 3
        full = torch.cat((jacobian, -jacobian @ cross_matrix(moved)), dim=-1)  # p 2 6
        normal = torch.einsum('pai,p,paj->ij', full, trust, full)
        right = torch.einsum('pai,p,pa->i', full, trust, residual)
        update = -torch.linalg.solve(normal + damping * normal.diagonal().mean(), right)
        motion = twist(update) @ motion
    return motion


def reprojected(matches: Correspondences, motion: Tensor) -> Tensor:
    """
    Project the points where a motion puts them.

    :param motion: second_from_first, (4, 4).
    :returns: pixels (column, row), far outside for points behind the camera, (p, 2).
    """
    moved = matches.points.double() @ motion[:3, :3].T + motion[:3, 3]
    mount = matches.camera_from_base.double()
    seen = (mount[:, :3, :3] @ moved[:, :, None])[:, :, 0] + mount[:, :3, 3]
    return project(seen[:, None], matches.intrinsics.double())[:, 0]


def projection_jacobian(seen: Tensor, depth: Tensor, focal: Tensor) -> Tensor:
    """Differentiate the pixel by the point in the optical frame, (p, 2, 3)."""
    inverse = 1 / depth
    zero = torch.zeros_like(inverse)
    fx, fy = focal[:, 0] * inverse, focal[:, 1] * inverse
    column = torch.stack((fx, zero, -fx * seen[:, 0] * inverse), dim=-1)
    row = torch.stack((zero, fy, -fy * seen[:, 1] * inverse), dim=-1)
    return torch.stack((column, row), dim=1)


def cross_matrix(vectors: Tensor) -> Tensor:
    """Write the cross product with each vector as a matrix, (p, 3) -> (p, 3, 3)."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    rows = (
        torch.stack((zero, -z, y), dim=-1),
        torch.stack((z, zero, -x), dim=-1),
        torch.stack((-y, x, zero), dim=-1),
    )
    return torch.stack(rows, dim=-2)


def twist(update: Tensor) -> Tensor:
    """Make a rigid motion of a translation and a rotation vector, (6,) -> (4, 4)."""
    motion = torch.eye(4, dtype=update.dtype, device=update.device)
    motion[:3, :3] = torch.linalg.matrix_exp(cross_matrix(update[None, 3:])[0])
    motion[:3, 3] = update[:3]
    return motion
