"""The rigid motion that best lays one set of points on another."""

import torch
from torch import Tensor


def weighted_rigid(source: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """
    Least-squares rigid motion, without scale, between paired points (Kabsch).

    Computed in float64: the sums run over whole images.

    :param source: (..., p, 3).
    :param target: (..., p, 3).
    :param weights: not negative, of any positive sum, (..., p).
    :returns: target_from_source, (..., 4, 4), of the type of ``source``.
    """
    x, y, w = source.double(), target.double(), weights.double().unsqueeze(-1)
    w = w / w.sum(dim=-2, keepdim=True)
    x_mean, y_mean = ((w * z).sum(dim=-2, keepdim=True) for z in (x, y))  # (..., 1, 3)
    moment = (w * (y - y_mean)).mT @ (x - x_mean)  # (..., 3, 3)
    rotation = nearest_rotation(moment)
    translation = y_mean.mT - rotation @ x_mean.mT  # (..., 3, 1)
    return rigid_matrix(rotation, translation.squeeze(-1)).to(source.dtype)


def nearest_rotation(matrix: Tensor) -> Tensor:
    """Proper rotation closest to ``matrix`` in the Frobenius norm, (..., 3, 3)."""
    u, _, vh = torch.linalg.svd(matrix)
    sign = torch.ones_like(matrix[..., 0])
    sign[..., 2] = torch.linalg.det(u @ vh).sign()
    return (u * sign.unsqueeze(-2)) @ vh


def rigid_matrix(rotation: Tensor, translation: Tensor) -> Tensor:
    """Put rotation (..., 3, 3) and translation (..., 3) into one matrix (..., 4, 4)."""
    top = torch.cat((rotation, translation.unsqueeze(-1)), dim=-1)
    bottom = torch.zeros_like(top[..., :1, :])
    bottom[..., 3] = 1.0
    return torch.cat((top, bottom), dim=-2)
