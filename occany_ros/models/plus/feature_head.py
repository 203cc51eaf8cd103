"""Semantic features that imitate the image encoder of SAM 3 (OccAny+ spec, section 5)."""

from collections.abc import Sequence
from itertools import pairwise

from occany_ros.layers.dpt import FusionChain, Reassembly
from occany_ros.models.plus.config import (
    FEATURE_CHANNELS,
    FEATURE_HEAD,
    FEATURE_INPUT,
    PATCH,
    PlusConfig,
)
from torch import nn, Tensor
from torch.nn.functional import gelu, interpolate


class FeatureLevel(nn.Module):
    """
    One level of the pyramid: enlarged by transposed convolutions, then brought to its channels.

    :param widths: channels before, between and after the transposed convolutions.
    """

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(come, go, kernel_size=2, stride=2) for come, go in pairwise(widths)
        )
        self.narrow = nn.Conv2d(widths[-1], FEATURE_CHANNELS, kernel_size=1)
        self.smooth = nn.Conv2d(FEATURE_CHANNELS, FEATURE_CHANNELS, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Make the level of the common map (v, 1024, e, e)."""
        for index, layer in enumerate(self.enlarge):
            x = layer(gelu(x) if index else x)
        return self.smooth(self.narrow(x))


class PyramidHead(nn.Module):
    """
    Semantic features on square grids of three sizes, whatever the aspect of the image.

    :param config: size of the network; it must have semantic features.
    """

    def __init__(self, config: PlusConfig) -> None:
        super().__init__()
        self.edge = (config.feature_size or 0) // PATCH
        width = FEATURE_HEAD.width
        self.reassembly = Reassembly(
            channels=2 * config.backbone.width, stages=FEATURE_HEAD.stages, width=width
        )
        self.chain = FusionChain(width)
        self.projection = nn.Conv2d(width, FEATURE_INPUT, kernel_size=1)
        self.levels = nn.ModuleList(
            (
                FeatureLevel(FEATURE_INPUT, 512, FEATURE_CHANNELS),
                FeatureLevel(FEATURE_INPUT, 512),
                FeatureLevel(FEATURE_INPUT),
            )
        )

    def forward(self, taps: Sequence[Tensor], grid: tuple[int, int]) -> tuple[Tensor, ...]:
        """
        Decode features.

        :param taps: of four depths, (v, n, 2 d) float32.
        :param grid: rows and columns of patches.
        :returns: finest first, (v, 256, 4 e, 4 e), (v, 256, 2 e, 2 e), (v, 256, e, e).
        """
        common = self.common(taps, grid)
        return tuple(level(common) for level in self.levels)

    def common(self, taps: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
        """
        Make the map that every level starts from, (v, 1024, e, e).

        It is brought to its size before its channels are multiplied, which is the same.
        """
        x = self.chain(self.reassembly(taps, grid))
        square = interpolate(x, (self.edge, self.edge), mode='bilinear', align_corners=False)
        return self.projection(square)
