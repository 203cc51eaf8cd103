"""Motion of the robot from dense matches: weighted reprojection, solved by Gauss-Newton."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

ITERATIONS: Final = 12
ROBUST_PIXELS: Final = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Correspondences:
    """
    Points seen at one instant and where they are found at another.

    :param points: base frame of the first instant, metres, (p, 3).
    :param pixels: where the second instant's camera sees them, (column, row), (p, 2).
    :param weights: trust, at least 0, (p,).
    :param intrinsics: pinhole of that camera, a row for each point, (p, 3, 3).
    :param camera_from_base: pose of that camera, a row for each point, (p, 4, 4).
    """

    points: Tensor
    pixels: Tensor
    weights: Tensor
    intrinsics: Tensor
    camera_from_base: Tensor


def solve_motion(matches: Correspondences, start: Tensor | None = None) -> Tensor:
    """
    Rigid motion of the base that explains the matches best.

    Minimises the Huber-weighted reprojection error in float64. Far points fix the rotation,
    near points the translation; the scale is that of the points.

    :param matches: from all cameras of the rig together.
    :param start: first guess, (4, 4); identity when None.
    :returns: second_from_first, pose of the first instant's base in the second's, (4, 4) float64;
        the first guess where fewer than eight matches have weight.
    """
    points, pixels = matches.points.double(), matches.pixels.double()
    weights, mount = matches.weights.double(), matches.camera_from_base.double()
    focal = torch.stack((matches.intrinsics[:, 0, 0], matches.intrinsics[:, 1, 1]), -1).double()
    centre = matches.intrinsics[:, :2, 2].double()
    motion = torch.eye(4, dtype=torch.float64, device=points.device)
    if start is not None:
        motion = start.double()
    if int((weights > 0).sum()) < 8:
        return motion
    damping = 1e-4 * torch.eye(6, dtype=torch.float64, device=points.device)
    for _ in range(ITERATIONS):
        moved = points @ motion[:3, :3].T + motion[:3, 3]
        seen = (mount[:, :3, :3] @ moved[:, :, None])[:, :, 0] + mount[:, :3, 3]
        depth = seen[:, 2].clamp(min=0.3)
        residual = seen[:, :2] / depth[:, None] * focal + centre - pixels
        error = residual.norm(dim=-1)
        robust = ROBUST_PIXELS / error.clamp(min=ROBUST_PIXELS)
        trust = weights * robust * (seen[:, 2] > 0.3)
        jacobian = projection_jacobian(seen, depth, focal) @ mount[:, :3, :3]  # p 2 3
        full = torch.cat((jacobian, -jacobian @ cross_matrix(moved)), dim=-1)  # p 2 6
        normal = torch.einsum('pai,p,paj->ij', full, trust, full)
        right = torch.einsum('pai,p,pa->i', full, trust, residual)
        update = -torch.linalg.solve(normal + damping * normal.diagonal().mean(), right)
        motion = twist(update) @ motion
    return motion


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
