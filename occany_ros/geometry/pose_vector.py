"""Poses as seven numbers: translation x, y, z and a quaternion with the real part first."""

from occany_ros.geometry.alignment import rigid_matrix
import torch
from torch import Tensor


def matrix_from_pose_vector(vector: Tensor) -> Tensor:
    """
    Rigid motion of a pose vector whose quaternion may have any length but zero.

    :param vector: (..., 7).
    :returns: (..., 4, 4).
    """
    w, x, y, z = vector[..., 3:].unbind(dim=-1)
    scale = 2.0 / vector[..., 3:].square().sum(dim=-1)
    entries = (
        1 - scale * (y * y + z * z),
        scale * (x * y - z * w),
        scale * (x * z + y * w),
        scale * (x * y + z * w),
        1 - scale * (x * x + z * z),
        scale * (y * z - x * w),
        scale * (x * z - y * w),
        scale * (y * z + x * w),
        1 - scale * (x * x + y * y),
    )
    rotation = torch.stack(entries, dim=-1).reshape(*vector.shape[:-1], 3, 3)
    return rigid_matrix(rotation, vector[..., :3])


def pose_vector_from_matrix(target_from_source: Tensor) -> Tensor:
    """
    Pose vector, with a unit quaternion whose real part is not negative, of a rigid motion.

    The quaternion is the eigenvector of the largest eigenvalue of a symmetric matrix made of the
    rotation (Bar-Itzhack 2000), which is stable at every angle.

    :param target_from_source: (..., 4, 4).
    :returns: (..., 7).
    """
    r = target_from_source[..., :3, :3].double()
    trace = r.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    symmetric = torch.zeros(*r.shape[:-2], 4, 4, dtype=r.dtype, device=r.device)
    axis = torch.stack(
        (r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]),
        dim=-1,
    )
    eye = torch.eye(3, dtype=r.dtype, device=r.device)
    symmetric[..., 0, 0] = trace
    symmetric[..., 1:, 0] = axis
    symmetric[..., 1:, 1:] = r + r.mT - trace[..., None, None] * eye
    quaternion = torch.linalg.eigh(symmetric).eigenvectors[..., -1]  # reads the lower triangle
    quaternion = torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    return torch.cat((target_from_source[..., :3, 3], quaternion.to(target_from_source)), dim=-1)
