"""
A second look at imagined views: fine depth from what seen views far apart show in common.

The first look knows shapes well and distances to some percent. Fine steps around its answer are
many pixels apart in views metres away, so comparing their brightness there tells the steps apart,
once the comparison is spread over a surface.
"""

from dataclasses import dataclass, replace
from typing import Final

from occany_ros.models.embedded.evidence import Imagined, rays_of, Sources, summed
from occany_ros.models.embedded.imagination import around_best, Imagination
from occany_ros.models.embedded.trunk import ConvNorm, Residual
import torch
from torch import nn, Tensor
from torch.nn import functional

HALF: Final = 2
"""Image pixels to a patch."""
_AROUND: Final = 5
_FAINT: Final = 1e-4
"""Variance of the brightness, 0 to 1, that is noise."""
_WINDOWS: Final = (1, 5, 9)
"""Cells over which the comparison is spread before each hypothesis hears of it."""
_CUE_SCALE: Final = 8.0


@dataclass(frozen=True, slots=True)
class CloserConfig:
    """
    Sizes of the second look.

    :param widths: channels at 1/4 and 1/8.
    :param hypotheses: depths tried around the first answer.
    :param reach: how far to both sides they go, log metres.
    """

    widths: tuple[int, int] = (48, 64)
    hypotheses: int = 25
    reach: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Closer:
    """
    The second answer.

    :param imagination: with finer depth and its confidence.
    :param chances: log probability of each hypothesis around the first answer, (r, k, h4, w4).
    """

    imagination: Imagination
    chances: Tensor


def halved(grey: Tensor) -> Tensor:
    """
    Halve images.

    :param grey: brightness, (v, h, w) uint8.
    :returns: 0 to 1, (v, 1, h / 2, w / 2).
    """
    return functional.avg_pool2d(grey[:, None].float() / 255, 2)


def patches_of(half: Tensor) -> Tensor:
    """
    Brightness of 3 x 3 pixels around each, relative to mean and contrast of 5 x 5 around each.

    :param half: brightness, (v, 1, h, w).
    :returns: those nine, of mean square one where there is contrast, and, last, the sum of their
        squares, (v, 10, h, w).
    """
    around = functional.pad(half, (_AROUND // 2,) * 4, mode='replicate')
    mean = functional.avg_pool2d(around, _AROUND, 1)
    spread = functional.avg_pool2d(around.square(), _AROUND, 1) - mean.square()
    even = (half - mean) / (spread.clamp(min=0) + _FAINT).sqrt() / 3
    padded = functional.pad(even, (1, 1, 1, 1), mode='replicate')
    height, width = half.shape[2:]
    nine = [padded[:, :, i:][:, :, :height, j:][..., :width] for i in range(3) for j in range(3)]
    patches = torch.cat(nine, dim=1)
    return torch.cat((patches, patches.square().sum(dim=1, keepdim=True)), dim=1)


@torch.no_grad()
def compared(
    sources: Sources, cameras: Imagined, log_depth: Tensor, offsets: Tensor
) -> tuple[Tensor, Tensor]:
    """
    Compare what the sources show at hypotheses around an answer.

    :param log_depth: the answer, log metres, (r, h4, w4).
    :param offsets: of the hypotheses, log metres, (k,).
    :returns: mean correlation of each two sources, and the share of the sources that show the
        hypothesis, both (r, k, h4, w4).
    """
    rays = rays_of(cameras, cameras.size, 4)
    depths = (log_depth.flatten(1)[..., None] + offsets).exp()  # r n k
    total, count = summed(sources.patches, HALF, sources, cameras, (rays, depths))
    pairs = (count * (count - 1)).clamp(min=1)
    alike = (total[..., :-1].square().sum(dim=-1) - total[..., -1]) / pairs * (count > 1)
    shape = (len(rays), len(offsets), *cameras.size)
    return (
        alike.transpose(1, 2).reshape(shape),
        (count / cameras.source.shape[1]).transpose(1, 2).reshape(shape),
    )


class CloserNetwork(nn.Module):
    """
    Choose among fine steps around the first answer.

    :param config: sizes.
    :param context: channels of the first look's context.
    """

    def __init__(self, config: CloserConfig, context: int) -> None:
        super().__init__()
        self.config = config
        quarter, eighth = config.widths
        count = config.hypotheses
        self.read_alike = nn.Conv2d(3 * count, quarter, 1)
        self.read_context = nn.Conv2d(context + 1, quarter, 1)
        self.at_quarter = Residual(quarter)
        self.to_eighth = ConvNorm(quarter, eighth, stride=2)
        self.at_eighth = nn.Sequential(Residual(eighth), Residual(eighth))
        self.up_quarter = ConvNorm(eighth + quarter, quarter)
        self.after = Residual(quarter)
        self.scores = nn.Conv2d(quarter, count, 1)
        self.cues = nn.Conv2d(len(_WINDOWS) * count, count, 1, groups=count)
        self.precision = nn.Conv2d(quarter + 2, 1, 1)
        offsets = torch.linspace(-config.reach, config.reach, count)
        self.register_buffer('offsets', offsets, persistent=False)
        self.offsets: Tensor
        for head in (self.scores, self.cues, self.precision):
            nn.init.zeros_(head.weight)
            head.bias = nn.Parameter(torch.zeros(head.out_channels))
        with torch.no_grad():
            self.cues.weight[:, 1] = 1.0

    def forward(self, first: Imagination, alike: Tensor, sharing: Tensor) -> Closer:
        """
        Refine an answer.

        :param alike: from `compared`.
        :param sharing: from `compared`.
        """
        spread = [functional.avg_pool2d(alike, size, 1, size // 2) for size in _WINDOWS]
        sure = first.maps.log_precision[:, None]
        x = self.read_alike(torch.cat((alike, spread[1], sharing), dim=1))
        x = x + self.read_context(torch.cat((first.context.float(), sure), dim=1))
        quarter = self.at_quarter(functional.relu(x))
        eighth = self.at_eighth(self.to_eighth(quarter))
        up = functional.interpolate(eighth, scale_factor=2.0, mode='nearest')
        x = self.after(self.up_quarter(torch.cat((up, quarter), dim=1)))
        with torch.autocast(x.device.type, enabled=False):
            cues = self.cues(torch.stack(spread, dim=2).flatten(1, 2).float())
            chances = (self.scores(x.float()) + _CUE_SCALE * cues).log_softmax(dim=1)
            shift, mass = around_best(chances.exp(), self.offsets)
            known = torch.cat((x.float(), sure, mass.clamp(min=1e-4).log()[:, None]), dim=1)
            precision = self.precision(known)[:, 0] + first.maps.log_precision
        maps = replace(first.maps, log_depth=first.maps.log_depth + shift, log_precision=precision)
        return Closer(replace(first, maps=maps), chances)
