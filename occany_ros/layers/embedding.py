"""Patches of an image as tokens, and the places of those patches as rotations."""

from dataclasses import dataclass

import torch
from torch import nn, Tensor


class PatchEmbedding(nn.Module):
    """
    One token for every square patch of an image, in row-major order.

    :param channels: channels of the image.
    :param width: channels of a token.
    :param patch: edge of a patch, pixels.
    """

    def __init__(self, *, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(channels, width, kernel_size=patch, stride=patch)

    def forward(self, images: Tensor) -> Tensor:
        """Cut images (b, c, h, w) into tokens (b, n, d)."""
        return self.projection(images).flatten(2).transpose(1, 2)  # (b, n, d)


def patch_grid(images: Tensor, patch: int) -> tuple[int, int]:
    """
    Count the rows and columns of patches in images.

    :param images: (..., h, w).
    :param patch: edge of a patch, pixels.
    :raises ValueError: if the images cannot be cut into patches.
    """
    height, width = images.shape[-2:]
    if height % patch or width % patch:
        raise ValueError(
            f'images: expected height and width to be multiples of {patch}, got {height} x {width}'
        )
    return height // patch, width // patch


def grid_positions(rows: int, columns: int, device: torch.device | None = None) -> Tensor:
    """Row and column of every patch, row-major, (rows * columns, 2) int64."""
    return torch.cartesian_prod(
        torch.arange(rows, device=device), torch.arange(columns, device=device)
    ).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Rotary:
    """
    Cosines and sines that turn queries and keys by their token's place.

    Made once for a grid of tokens and shared by every layer, see `rotary_table`.

    :param cosine: (..., n, d); as the channels of a head run: over row and column, over the two
        elements of a pair, over pairs.
    :param sine: the same of the sines, negative for the first element of each pair.
    """

    cosine: Tensor
    sine: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """
        Turn the heads of queries or keys.

        The first half of a head turns with the row, the second with the column; within a half,
        element k is paired with element k + d / 4.

        :param x: (b, heads, n, d); no cast is made if it is of the type of the table.
        :returns: the same shape.
        """
        cosine, sine = self.cosine.to(x.dtype), self.sine.to(x.dtype)
        pairs = x.reshape(*x.shape[:-1], 2, 2, -1)  # (b, heads, n, 2, 2, d / 4)
        partners = pairs.flip(-2).flatten(-3)  # (b, heads, n, d)
        return torch.addcmul(x * cosine, partners, sine)

    def to(self, dtype: torch.dtype) -> 'Rotary':
        """Make the table one of another type."""
        return Rotary(cosine=self.cosine.to(dtype), sine=self.sine.to(dtype))

    def repeated(self, times: int) -> 'Rotary':
        """Make a table for several sets of tokens at the same places, one after the other."""
        return Rotary(cosine=self.cosine.repeat(times, 1), sine=self.sine.repeat(times, 1))


def rotary_table(positions: Tensor, head_width: int, base: float = 100.0) -> Rotary:
    """
    Prepare rotations for tokens at integer places of a grid (OccAny spec, section 3).

    :param positions: row and column of each token, (n, 2), or (b, 1, n, 2) to differ in a batch.
    :param head_width: channels of one attention head, a multiple of 4.
    :param base: the slowest frequency is about ``1 / base`` radians a patch.
    :returns: the table, float32.
    :raises ValueError: if a head cannot be cut into two halves of pairs.
    """
    if head_width % 4:
        raise ValueError(f'head_width: expected a multiple of 4, got {head_width}')
    quarter = head_width // 4
    exponents = torch.arange(quarter, device=positions.device, dtype=torch.float32) / quarter
    angles = positions.float().unsqueeze(-1) * base**-exponents  # (..., n, 2, d / 4)
    cosine, sine = angles.cos(), angles.sin()
    return Rotary(
        cosine=torch.stack((cosine, cosine), dim=-2).flatten(-3),
        sine=torch.stack((-sine, sine), dim=-2).flatten(-3),
    )
