"""What the released network learns from another network's features (OccAny spec, section 15)."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import interpolate, mse_loss

LEAST_CONFIDENCE: Final = 1e-6


def feature_losses(
    student: Sequence[Tensor], teacher: Sequence[Tensor], confidence: Tensor
) -> Tensor:
    """
    Squared error of a feature pyramid, weighed by how sure the network is of its points.

    Nothing is learned through the confidence; the released criterion is the sum of all levels.

    :param student: levels, each (b, v, c, e, e) of its own c and e.
    :param teacher: levels of the same shapes.
    :param confidence: of every pixel, (b, v, h, w); stretched over each level.
    :returns: one mean a level, (levels,).
    :raises ValueError: if the teacher's levels are not of the student's shapes.
    """
    shapes = [[tuple(level.shape) for level in levels] for levels in (student, teacher)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f'teacher: expected levels of the shapes of the student, {shapes[0]}, got {shapes[1]}'
        )
    maps = confidence.detach().flatten(0, 1).unsqueeze(1)  # (b v, 1, h, w)
    losses = []
    for ours, theirs in zip(student, teacher, strict=True):
        weight = interpolate(maps, ours.shape[-2:], mode='bilinear', align_corners=False)
        weight = weight.squeeze(1).clamp(min=LEAST_CONFIDENCE)  # (b v, e, e)
        error = (ours - theirs.detach()).square().mean(dim=-3).flatten(0, 1)
        losses.append((error * weight).mean())
    return torch.stack(losses)


def token_loss(tokens: Tensor, image_tokens: Tensor) -> Tensor:
    """
    Squared error of what a ray map encodes to, beside what the real image encodes to.

    :param tokens: of the views to render, from the ray-map encoder, (..., n, d).
    :param image_tokens: of the images really taken there, from the frozen image encoder.
    """
    return mse_loss(tokens, image_tokens.detach())
