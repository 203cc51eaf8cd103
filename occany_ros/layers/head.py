"""From patch tokens back to maps."""

from torch import nn, Tensor
from torch.nn.functional import pixel_shuffle


def unpatchify(x: Tensor, grid: tuple[int, int], patch: int) -> Tensor:
    """
    Lay the channels of patch tokens out as pixels.

    Channels of a token run over map channel, then row, then column inside the patch.

    :param x: (b, rows * columns, c * patch * patch).
    :param grid: rows and columns of patches.
    :param patch: edge of a patch, pixels.
    :returns: (b, c, rows * patch, columns * patch).
    """
    return pixel_shuffle(tokens_to_map(x, grid), patch)


def tokens_to_map(x: Tensor, grid: tuple[int, int]) -> Tensor:
    """Arrange row-major tokens (b, rows * columns, d) as a map (b, d, rows, columns)."""
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], *grid)


class ChannelNorm(nn.Module):
    """
    Layer normalisation over the channels of a map.

    :param channels: channels of the map.
    :param eps: added to the variance.
    """

    def __init__(self, channels: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (b, c, h, w)."""
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)
