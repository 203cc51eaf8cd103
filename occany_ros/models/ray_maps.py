"""
What is known of a view nobody took, as tokens a decoder can read (OccAny spec, section 9).

Seven convolutions cut the conditioning maps into patches, one for each kind of channel; two linear
layers (in OccAny+ one) and a normalisation follow. Nothing bends between them, so all of it is one
affine map and a normalisation. The transformer blocks of the released network do not reach its
output and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, Final

from occany_ros.layers.block import NORM_EPS
from occany_ros.layers.linear import product
from occany_ros.models.config import RayMapConfig
import torch
from torch import nn, Tensor
from torch.nn.functional import layer_norm

# Kinds of channels that hold coordinates, colour or confidence; these stay float32.
GEOMETRIC_KINDS: Final = 4


class RayMapEncoder(nn.Module):
    """
    One token for every patch of conditioning maps.

    Patches are given by kind, in the order of the configuration, each (p, q, c): the ``q`` pixels
    of a patch row-major, channels last.

    :param config: its size.
    """

    def __init__(self, config: RayMapConfig) -> None:
        super().__init__()
        self.config = config
        for kind, channels in config.kinds:
            conv = nn.Conv2d(
                channels, config.part_width, kernel_size=config.patch, stride=config.patch
            )
            self.add_module(kind, conv)
        width = len(config.kinds) * config.part_width
        self.mix = None if config.width is None else nn.Linear(width, config.width)
        self.projection = nn.Linear(config.width or width, config.encoder_width)
        self.norm = nn.LayerNorm(config.encoder_width, eps=NORM_EPS)
        self._fused: dict[torch.dtype, _Fused] = {}

    def forward(self, patches: Sequence[Tensor]) -> Tensor:
        """
        Encode patches.

        Features are multiplied in the type they are given in; coordinates, colours, confidence
        and the normalisation stay float32.

        :param patches: by kind, each (p, q, c).
        :returns: tokens, (p, d) float32.
        """
        fused = self._fuse(patches[-1].dtype)
        with torch.autocast(patches[-1].device.type, enabled=False):
            mixed = torch.cat(
                [
                    product(x.flatten(1).to(part.dtype), part).to(fused.matrix.dtype)
                    for x, part in zip(patches, fused.parts, strict=True)
                ],
                dim=-1,
            )  # (p, 7 k)
            return self._normalised(product(mixed, fused.matrix).float() + fused.bias)

    def nothing(self) -> Tensor:
        """Token of a patch on which no point falls, (d,) float32."""
        return self._normalised(self._fuse(self.norm.weight.dtype).bias)

    def _convolutions(self) -> list[nn.Conv2d]:
        return [cast('nn.Conv2d', self.get_submodule(kind)) for kind, _ in self.config.kinds]

    def _normalised(self, x: Tensor) -> Tensor:
        norm = self.norm
        return layer_norm(x, x.shape[-1:], norm.weight.float(), norm.bias.float(), norm.eps)

    def _fuse(self, dtype: torch.dtype) -> '_Fused':
        """Multiply what follows one another once a type, and keep it until a weight changes."""
        fused = self._fused.get(dtype)
        if fused is None or fused.key != self._key():
            for conv in self._convolutions():
                # Channels last, so that the matrix of a convolution is a view of its weights.
                weight = conv.weight.detach().contiguous(memory_format=torch.channels_last)
                conv.weight = nn.Parameter(weight, requires_grad=conv.weight.requires_grad)
            fused = self._fused[dtype] = self._multiplied(self._key(), dtype)
        return fused

    def _key(self) -> tuple[object, ...]:
        return tuple((x.data_ptr(), x.dtype, _version(x)) for x in self.parameters())

    @torch.no_grad()
    def _multiplied(self, key: tuple[object, ...], dtype: torch.dtype) -> '_Fused':
        convs = self._convolutions()
        matrices = [conv.weight.permute(0, 2, 3, 1).flatten(1) for conv in convs]
        types = [torch.float32] * GEOMETRIC_KINDS + [dtype] * (len(convs) - GEOMETRIC_KINDS)
        matrix, bias = self.projection.weight.double(), self.projection.bias.double()
        if self.mix is not None:
            bias = bias + matrix @ self.mix.bias.double()
            matrix = matrix @ self.mix.weight.double()  # (d, 7 k)
        offset = torch.cat([cast('Tensor', conv.bias).double() for conv in convs])
        return _Fused(
            key=key,
            parts=tuple(x.to(kind) for x, kind in zip(matrices, types, strict=True)),
            matrix=matrix.to(dtype),
            bias=(bias + matrix @ offset).float(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Fused:
    """
    The affine map of a `RayMapEncoder` in as few steps as it takes.

    :param key: what it was made from.
    :param parts: matrix of each kind, (k, q c).
    :param matrix: from the parts to tokens, (d, 7 k).
    :param bias: of tokens, all biases together, (d,).
    """

    key: tuple[object, ...]
    parts: tuple[Tensor, ...]
    matrix: Tensor
    bias: Tensor


def _version(x: Tensor) -> int:
    """Count the changes of a tensor in place, as far as they are counted."""
    return 0 if x.is_inference() else x._version  # noqa: SLF001
