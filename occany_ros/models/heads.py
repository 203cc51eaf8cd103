"""What decoded tokens say: points, confidence, colour, pose, features (OccAny spec, 5.7)."""

from occany_ros.layers.block import Mlp
from occany_ros.layers.head import ChannelNorm, tokens_to_map, unpatchify
from occany_ros.layers.linear import Linear, product
from occany_ros.models.config import (
    DecoderConfig,
    FEATURE_CHANNELS,
    HIDDEN_RATIO,
    PATCH,
    POINT_CHANNELS,
)
import torch
from torch import nn, Tensor
from torch.nn.functional import gelu, interpolate


class FeatureHead(nn.Module):
    """
    Semantic features on square grids of three sizes, whatever the aspect of the image.

    :param config: size of the decoder it sits on.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        coarse, middle, fine = FEATURE_CHANNELS
        self.edge = config.feature_size // PATCH
        self.projection = Mlp(width=config.width, hidden=config.width, out=coarse)
        self.middle = nn.Conv2d(coarse, middle, kernel_size=3, padding=1)
        self.middle_norm = ChannelNorm(middle)
        self.fine = nn.Conv2d(middle, fine, kernel_size=3, padding=1)

    def forward(self, x: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """
        Decode features.

        :param x: patch tokens, (b, n, d).
        :param grid: rows and columns of patches.
        :returns: (b, 256, e, e), (b, 64, 2 e, 2 e), (b, 32, 4 e, 4 e).
        """
        square = interpolate(
            tokens_to_map(x, grid), (self.edge, self.edge), mode='bilinear', align_corners=False
        )
        coarse = self.projection(square.movedim(1, -1)).movedim(-1, 1)
        middle = gelu(self.middle_norm(self.middle(_doubled(coarse))))
        return coarse, middle, gelu(self.fine(_doubled(middle)))


class Heads(nn.Module):
    """
    All heads of one decoder; each can be asked alone, so nothing is computed for nobody.

    Decoded tokens are (b, v, 1 + n, d), the pose token first. Plain MUSt3R has no pose token, and
    of these heads only the one for points.

    :param config: size of the decoder they sit on.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.point = Linear(width, POINT_CHANNELS * PATCH * PATCH)
        self.point_task: nn.Parameter | None = None
        self.has_more = config.family == 'occany'
        if not self.has_more:
            return
        self.point_task = nn.Parameter(torch.zeros(1, 1, width))
        self.colour_task = nn.Parameter(torch.zeros(1, 1, width))
        self.feature_task = nn.Parameter(torch.zeros(1, 1, width))
        self.colour = Mlp(width=width, hidden=width, out=3 * PATCH * PATCH)
        self.pose = Mlp(width=width, hidden=HIDDEN_RATIO * width, out=7)
        self.feature = FeatureHead(config)

    def points(self, decoded: Tensor, grid: tuple[int, int]) -> Tensor:
        """World point, local point and confidence logit of every pixel, (b, v, h, w, 7)."""
        if self.point_task is None:
            return self._map(self.point(decoded), grid)
        return self._map(self.point(decoded[:, :, 1:] + self.point_task), grid)

    def surfaces(self, decoded: Tensor, grid: tuple[int, int]) -> Tensor:
        """World point and confidence logit of every pixel alone, (b, v, h, w, 4)."""
        x = decoded if self.point_task is None else decoded[:, :, 1:] + self.point_task
        weight, bias = (_surface_rows(part) for part in (self.point.weight, self.point.bias))
        return self._map(product(x, weight, bias), grid)

    def colours(self, decoded: Tensor, grid: tuple[int, int]) -> Tensor:
        """RGB logits of every pixel, (b, v, h, w, 3)."""
        return self._map(self.colour(decoded[:, :, 1:] + self.colour_task), grid)

    def poses(self, decoded: Tensor) -> Tensor:
        """Raw pose vectors: translation and a quaternion, real part first, (b, v, 7)."""
        return self.pose(decoded[:, :, 0])

    def features(self, decoded: Tensor, grid: tuple[int, int]) -> tuple[Tensor, ...]:
        """Feature pyramid, coarsest first, each (b, v, c, e, e); empty for plain MUSt3R."""
        if not self.has_more:
            return ()
        patches = (decoded[:, :, 1:] + self.feature_task).flatten(0, 1)
        maps = self.feature(patches, grid)
        return tuple(x.reshape(*decoded.shape[:2], *x.shape[1:]) for x in maps)

    @staticmethod
    def _map(x: Tensor, grid: tuple[int, int]) -> Tensor:
        maps = unpatchify(x.flatten(0, 1), grid, PATCH).movedim(1, -1)  # (b v, h, w, c)
        return maps.reshape(*x.shape[:2], *maps.shape[1:])


def _surface_rows(x: Tensor) -> Tensor:
    """Rows of the point head for the world point and the confidence, of its 7 channels."""
    channels = x.reshape(POINT_CHANNELS, PATCH * PATCH, *x.shape[1:])
    return torch.cat((channels[:3], channels[6:])).flatten(0, 1)


def _doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
