"""
Weights and inputs that follow from their names alone (OccAny spec, section 19).

The golden files were made with them, so the files need not hold any weights.
"""

from hashlib import sha256

from occany_ros.models.checkpoint_keys import released_from_ours
import torch
from torch import nn, Tensor


def drawn(name: str, shape: tuple[int, ...]) -> Tensor:
    """Draw standard normal numbers from a name, of any shape, float32."""
    seed = int.from_bytes(sha256(name.encode()).digest()[:7], 'big')
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def drawn_images(name: str, shape: tuple[int, ...]) -> Tensor:
    """Draw images in [-1, 1]."""
    return (0.5 * drawn(name, shape)).clamp(-1.0, 1.0)


def drawn_weight(released: str, shape: tuple[int, ...], scale: float) -> Tensor:
    """
    Draw the weight of a released name.

    :param released: section and key.
    :param shape: of the weight.
    :param scale: spread of matrices and embeddings; gains and biases vary by 0.02 always.
    :returns: float32.
    """
    z = drawn(released, shape)
    if len(shape) > 1:
        return scale * z
    return 1.0 + 0.02 * z if released.endswith('.weight') else 0.02 * z


def fill(module: nn.Module, prefix: str, scale: float, *, section: str = '') -> None:
    """
    Give a part of `OccAny` the weights that follow from their released names.

    :param module: the part, e.g. its encoder.
    :param prefix: name of the part in `OccAny`, e.g. ``encoder``.
    :param scale: spread of matrices and embeddings; gains and biases vary by 0.02 always.
    :param section: released section that holds such a part too, whose names count instead.
    """
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            released = released_from_ours(f'{prefix}.{name}')
            if released is None:
                raise LookupError(f'{prefix}.{name} has no released counterpart')
            if section:
                released = f'{section}.{released.partition(".")[2]}'
            parameter.copy_(drawn_weight(released, tuple(parameter.shape), scale))
