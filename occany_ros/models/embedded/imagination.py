"""The rendering stage of the embedded network: from evidence along rays to what they meet."""

from dataclasses import dataclass
from math import log
from typing import Final

from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.evidence import Evidence, Imagined
from occany_ros.models.embedded.network import EmbeddedNetwork, exact, log_ground_depth, Maps
from occany_ros.models.embedded.rays import calibration_channels, cell_rays, RAY_CHANNELS
from occany_ros.models.embedded.trunk import ConvNorm, Residual
import torch
from torch import nn, Tensor
from torch.nn import functional

_CUES: Final = 4
"""Kinds of evidence that are handed straight to the hypothesis they are about."""
_CUE_SCALE: Final = 8.0
_RARELY: Final = -4.0
"""Logit of ending at a hypothesis about which nothing is known."""


@dataclass(frozen=True, slots=True)
class ImaginationConfig:
    """
    Sizes of the rendering stage.

    :param widths: channels at 1/4, 1/8 and 1/16.
    :param hypotheses: depths tried on each ray, log-spaced.
    :param depth_range: nearest and farthest of them, metres.
    :param sources: seen views that are asked about an imagined one, at most.
    """

    widths: tuple[int, int, int] = (48, 96, 128)
    hypotheses: int = 48
    depth_range: tuple[float, float] = (1.2, 48.0)
    sources: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class Imagination:
    """
    What imagined views show.

    :param maps: as the reconstruction answers for seen views.
    :param chances: log probability of each hypothesis and, last, of none, (r, k + 1, h4, w4).
    :param context: what led there, (r, c, h4, w4).
    """

    maps: Maps
    chances: Tensor
    context: Tensor


class ImaginationNetwork(nn.Module):
    """
    A U-shaped network that decides where every ray of an imagined view ends.

    A ray meets one hypothesis after another and may end at each. The answer is not a mean of all
    but of the three around the likeliest, so that outlines stay sharp.
    """

    def __init__(self, config: ImaginationConfig, embedded: EmbeddedConfig) -> None:
        super().__init__()
        self.config = config
        quarter, eighth, sixteenth = config.widths
        count, hidden = config.hypotheses, embedded.widths[1]
        self.read_surfaces = nn.Conv2d(3 * count, quarter, 1)
        self.read_hidden = nn.Conv2d(hidden, quarter, 1)
        self.read_rays = nn.Conv2d(RAY_CHANNELS + 3, quarter, 1)
        self.at_quarter = Residual(quarter)
        self.to_eighth = ConvNorm(quarter, eighth, stride=2)
        self.read_agreement = nn.Conv2d(2 * count, eighth, 1)
        self.at_eighth = nn.Sequential(Residual(eighth), Residual(eighth))
        self.to_sixteenth = ConvNorm(eighth, sixteenth, stride=2)
        self.at_sixteenth = nn.Sequential(Residual(sixteenth), Residual(sixteenth))
        self.up_eighth = ConvNorm(sixteenth + eighth, eighth)
        self.up_quarter = ConvNorm(eighth + quarter, quarter)
        self.after = Residual(quarter)
        self.hazard = nn.Conv2d(quarter, count, 1)
        self.cues = nn.Conv2d(_CUES * count, count, 1, groups=count)
        self.precision = nn.Conv2d(quarter + 1, 1, 1)
        self.to_hidden = nn.Conv2d(quarter, hidden, 1)
        near, far = config.depth_range
        steps = torch.linspace(log(near), log(far), count)
        self.register_buffer('log_depths', steps, persistent=False)
        self.log_depths: Tensor
        for head in (self.hazard, self.cues, self.precision, self.to_hidden):
            nn.init.zeros_(head.weight)
            head.bias = nn.Parameter(torch.zeros(head.out_channels))
        with torch.no_grad():
            self.cues.weight[:, 0] = 1.0
            self.cues.weight[:, 2] = -1.0
        self.hazard.bias = nn.Parameter(torch.full((count,), _RARELY))

    @property
    def depths(self) -> Tensor:
        """Hypotheses, metres, (k,)."""
        return self.log_depths.exp()

    def forward(
        self, evidence: Evidence, cameras: Imagined, reader: EmbeddedNetwork
    ) -> Imagination:
        """
        Decide what imagined views show.

        :param reader: the first stage, which reads features and classes from hidden maps.
        """
        near, seen = (part / (part + 1) for part in (evidence.near, evidence.seen))
        alike = evidence.alike / 10
        x = self.read_surfaces(torch.cat((near, seen, evidence.signed), dim=1))
        x = x + self.read_hidden(evidence.hidden) + self.read_rays(_rays(evidence, cameras))
        quarter = self.at_quarter(functional.relu(x))
        x = self.to_eighth(quarter)
        x = x + self.read_agreement(torch.cat((alike, evidence.sharing), dim=1))
        eighth = self.at_eighth(functional.relu(x))
        x = self.at_sixteenth(self.to_sixteenth(eighth))
        x = self.up_eighth(torch.cat((_doubled(x), eighth), dim=1))
        x = self.after(self.up_quarter(torch.cat((_doubled(x), quarter), dim=1)))
        cues = torch.stack((near, seen, evidence.signed, _doubled(alike)), dim=2).flatten(1, 2)
        with torch.autocast(x.device.type, enabled=False):
            hazard = self.hazard(x.float()) + _CUE_SCALE * self.cues(cues.float())
        chances = first_ends(hazard)
        log_depth, mass = around_best(chances[:, :-1].exp(), self.log_depths)
        sure = torch.cat((x.float(), mass.clamp(min=1e-4).log()[:, None]), dim=1)
        hidden = evidence.hidden + self.to_hidden(x)
        features = reader.to_features(hidden)
        maps = Maps(
            log_depth=log_depth,
            log_precision=exact(self.precision, sure)[:, 0],
            features=features,
            logits=reader.labels(functional.relu(features)).float(),
            hidden=hidden,
        )
        return Imagination(maps, chances, x)


def first_ends(hazard: Tensor) -> Tensor:
    """
    Where rays end that run through one hypothesis after another.

    :param hazard: logit of ending at a hypothesis once it is reached, (r, k, h, w).
    :returns: log probability of each hypothesis and, last, of passing all, (r, k + 1, h, w).
    """
    passed = functional.logsigmoid(-hazard).cumsum(dim=1)
    reached = torch.cat((torch.zeros_like(passed[:, :1]), passed[:, :-1]), dim=1)
    return torch.cat((functional.logsigmoid(hazard) + reached, passed[:, -1:]), dim=1)


def around_best(chances: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """
    Mean place of the three hypotheses around the likeliest, and the probability there.

    :param chances: probabilities, (r, k, h, w).
    :param places: evenly spaced, (k,).
    :returns: both (r, h, w).
    """
    padded = functional.pad(chances, (0, 0, 0, 0, 1, 1))
    around = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    best = around.argmax(dim=1, keepdim=True)
    mass = around.gather(1, best)[:, 0]
    before, after = (padded.gather(1, best + shift)[:, 0] for shift in (0, 2))
    step = places[1] - places[0]
    return places[best[:, 0]] + step * (after - before) / mass.clamp(min=1e-6), mass


def _doubled(x: Tensor) -> Tensor:
    """Double the size of maps."""
    return functional.interpolate(x, scale_factor=2.0, mode='nearest')


def _rays(evidence: Evidence, cameras: Imagined) -> Tensor:
    """Calibration channels, ground against first surface, and its weight, (r, 8, h4, w4)."""
    rays = cell_rays(cameras.intrinsics, cameras.size, 4)
    ground = log_ground_depth(rays, cameras.base_from_camera)
    more = torch.stack(
        (
            evidence.log_depth / 2,
            (ground - evidence.log_depth).clamp(-1, 1) * 3,
            evidence.support / (evidence.support + 1),
        ),
        dim=1,
    )
    return torch.cat((calibration_channels(rays, cameras.base_from_camera), more), dim=1)
