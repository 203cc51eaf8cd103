"""Dense prediction from the tokens of four depths of a transformer: maps, fused top down."""

from collections.abc import Sequence

from occany_ros.layers.head import tokens_to_map
import torch
from torch import nn, Tensor
from torch.nn.functional import interpolate, relu


class ResidualUnit(nn.Module):
    """
    Two 3x3 convolutions, each after a ReLU, around which the input goes.

    :param width: channels of the map.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.second = nn.Conv2d(width, width, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Refine (b, c, h, w)."""
        return x + self.second(relu(self.first(relu(x))))


class Fusion(nn.Module):
    """
    Add a finer map to what comes from above, refine, and enlarge.

    :param width: channels of the maps.
    :param is_topmost: there is nothing above, so there is nothing to add to.
    """

    def __init__(self, width: int, *, is_topmost: bool) -> None:
        super().__init__()
        self.lateral = None if is_topmost else ResidualUnit(width)
        self.refine = ResidualUnit(width)
        self.output = nn.Conv2d(width, width, kernel_size=1)

    def forward(self, x: Tensor, lateral: Tensor | None, size: tuple[int, int]) -> Tensor:
        """
        Fuse.

        The last 1x1 convolution runs before the map is enlarged, which is the same and four times
        cheaper: the weights of an interpolation sum to one.

        :param x: from above, (b, c, h, w).
        :param lateral: the finer map of the same size; None at the top.
        :param size: rows and columns wanted.
        :returns: (b, c, *size).
        """
        if self.lateral is not None and lateral is not None:
            x = x + self.lateral(lateral)
        x = self.output(self.refine(x))
        return interpolate(x, size, mode='bilinear', align_corners=True)


class FusionChain(nn.Module):
    """
    Fuse four maps, coarsest first.

    :param width: channels of the maps.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(Fusion(width, is_topmost=level == 3) for level in range(4))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """
        Fuse the maps of `Reassembly`.

        :param maps: finest first, (b, c, h, w) each.
        :returns: (b, c, 2 h, 2 w) of the finest.
        """
        x = maps[3]
        for level in (3, 2, 1, 0):
            below = maps[level - 1] if level else maps[0]
            rows, columns = below.shape[-2:]
            size = (rows, columns) if level else (2 * rows, 2 * columns)
            x = self.steps[level](x, None if level == 3 else maps[level], size)
        return x


class Reassembly(nn.Module):
    """
    Make maps of four sizes, 4, 2, 1 and 1/2 cells a patch, of the tokens of four depths.

    :param channels: channels of the tokens.
    :param stages: channels of each map at first.
    :param width: channels of each map at last.
    """

    def __init__(self, *, channels: int, stages: Sequence[int], width: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(
            nn.Conv2d(channels, stage, kernel_size=1) for stage in stages
        )
        finest, fine, _, coarse = stages
        self.resizes = nn.ModuleList(
            (
                nn.ConvTranspose2d(finest, finest, kernel_size=4, stride=4),
                nn.ConvTranspose2d(fine, fine, kernel_size=2, stride=2),
                nn.Identity(),
                nn.Conv2d(coarse, coarse, kernel_size=3, stride=2, padding=1),
            )
        )
        self.narrow = nn.ModuleList(
            nn.Conv2d(stage, width, kernel_size=3, padding=1, bias=False) for stage in stages
        )

    def forward(
        self,
        features: Sequence[Tensor],
        grid: tuple[int, int],
        marks: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        """
        Make the maps.

        :param features: tokens of each depth, row-major, (b, rows * columns, d).
        :param grid: rows and columns of tokens.
        :param marks: added to each map before it is resized, (c, rows, columns); None for
            nothing.
        :returns: finest first, (b, width, h, w).
        """
        maps = []
        for level, tokens in enumerate(features):
            x = self.projections[level](tokens_to_map(tokens, grid))
            if marks is not None:
                x = x + marks[level]
            maps.append(self.narrow[level](self.resizes[level](x)))
        return maps


def place_marks(
    channels: int, size: tuple[int, int], aspect: float, device: torch.device | None = None
) -> Tensor:
    """
    Mark every cell of a map with where it is in the image (OccAny+ spec, section 4.1).

    :param channels: of the map, a multiple of 4.
    :param size: rows and columns of the map.
    :param aspect: width over height of the image.
    :returns: small sines and cosines of column and row, (c, rows, columns) float32.
    """
    diagonal = (aspect * aspect + 1) ** 0.5
    quarter = channels // 4
    exponents = torch.arange(quarter, device=device, dtype=torch.float32) / quarter
    speeds = 100.0**-exponents
    rows, columns = size
    waves = []
    for span, count in ((aspect / diagonal, columns), (1 / diagonal, rows)):
        edge = span * (count - 1) / count
        places = torch.linspace(-edge, edge, count, device=device)
        angles = speeds[:, None] * places  # (c / 4, count)
        waves.append(torch.cat((angles.sin(), angles.cos())))  # (c / 2, count)
    across, down = waves
    half = channels // 2
    return 0.1 * torch.cat(
        (
            across[:, None, :].expand(half, rows, columns),
            down[:, :, None].expand(half, rows, columns),
        )
    )
