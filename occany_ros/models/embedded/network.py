"""The embedded network: one trunk, descriptors to compare views, and a head at 1/4."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import log
from typing import Final, TypeVar

from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.matching import correlation, plane_sweep
from occany_ros.models.embedded.rays import calibration_channels, cell_rays, inverse_ground_depth
from occany_ros.models.embedded.trunk import ConvNorm, Residual, Trunk
import torch
from torch import nn, Tensor
from torch.nn import functional

NetworkT = TypeVar('NetworkT', bound=nn.Module)

FARTHEST: Final = 80.0
"""Depth is learned and answered up to here, metres."""
CONFIDENCE_COST: Final = 0.2
"""What confidence costs in the depth loss; it ties the confidence to the error."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """
    What is kept of each view: all of it independent of the other views.

    :param quarter: map at 1/4, (v, d, h4, w4).
    :param eighth: map with context at 1/8, (v, d, h8, w8).
    :param descriptors: for comparing views, (v, d, h8, w8).
    :param log_depth: first estimate from the single image, log metres, (v, h8, w8).
    :param log_precision: of that estimate, as in `Maps`, (v, h8, w8).
    :param log_ground: log of the ground depth at 1/4, clamped to 80 m, (v, h4, w4).
    :param intrinsics: (v, 3, 3), pixels of the image.
    :param base_from_camera: (v, 4, 4).
    """

    quarter: Tensor
    eighth: Tensor
    descriptors: Tensor
    log_depth: Tensor
    log_precision: Tensor
    log_ground: Tensor
    intrinsics: Tensor
    base_from_camera: Tensor


def select(encoded: Encoded, index: Tensor | slice) -> Encoded:
    """Take views of an encoding."""
    return Encoded(**{f.name: getattr(encoded, f.name)[index] for f in fields(encoded)})


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """
    What the head answers, at 1/4 of the image.

    :param log_depth: log metres along the optical axis, (v, h4, w4).
    :param log_precision: confidence is one plus its exponential, (v, h4, w4).
    :param features: semantic features, (v, d, h4, w4).
    :param logits: class scores decoded from the features, (v, c, h4, w4).
    :param hidden: what all of these were read from, (v, d, h4, w4).
    """

    log_depth: Tensor
    log_precision: Tensor
    features: Tensor
    logits: Tensor
    hidden: Tensor


class EmbeddedNetwork(nn.Module):
    """Depth, confidence, descriptors, semantic features and labels of a few views of a street."""

    def __init__(self, config: EmbeddedConfig) -> None:
        super().__init__()
        self.config = config
        _, quarter, eighth, _ = config.widths
        self.trunk = Trunk(config)
        self.descriptor = nn.Conv2d(eighth, config.match_width, 1)
        self.log_scale = nn.Parameter(torch.tensor(log(10.0)))
        self.nowhere = nn.Parameter(torch.tensor(0.0))
        self.first_depth = nn.Conv2d(eighth, 3, 1)
        self.read_sweep = nn.Conv2d(2 * config.depths, eighth, 1)
        self.mix = nn.Sequential(ConvNorm(eighth, eighth), Residual(eighth))
        self.up_quarter = ConvNorm(eighth + quarter, quarter)
        self.at_quarter = Residual(quarter)
        self.geometry = nn.Conv2d(quarter, 3, 1)
        self.to_features = nn.Conv2d(quarter, config.feature_width, 1)
        self.labels = nn.Conv2d(config.feature_width, config.labels, 1)
        near, far = config.depth_range
        steps = torch.linspace(log(near), log(far), config.depths).exp()
        self.register_buffer('depths', steps, persistent=False)
        self.depths: Tensor
        for head in (self.first_depth, self.geometry):
            nn.init.zeros_(head.weight)
            head.bias = nn.Parameter(torch.zeros(head.out_channels))

    def encode(self, images: Tensor, intrinsics: Tensor, base_from_camera: Tensor) -> Encoded:
        """
        See each view alone.

        :param images: RGB in [-1, 1], (v, 3, h, w); h and w multiples of 16.
        :param intrinsics: pinhole matrices, pixels of the images, (v, 3, 3).
        :param base_from_camera: poses of the optical frames over flat ground, (v, 4, 4).
        """
        size = (images.shape[-2] // 4, images.shape[-1] // 4)
        rays = cell_rays(intrinsics, size, 4)
        channels = calibration_channels(rays, base_from_camera)
        eighth_rays = cell_rays(intrinsics, (size[0] // 2, size[1] // 2), 8)
        quarter, eighth = self.trunk(images, channels)
        descriptors = functional.normalize(self.descriptor(eighth).float(), dim=1)
        first = exact(self.first_depth, eighth)
        ground = log_ground_depth(eighth_rays, base_from_camera)
        return Encoded(
            quarter=quarter,
            eighth=eighth,
            descriptors=descriptors * (self.log_scale / 2).exp(),
            log_depth=gated(first[:, 0], first[:, 1], ground),
            log_precision=first[:, 2],
            log_ground=log_ground_depth(rays, base_from_camera),
            intrinsics=intrinsics,
            base_from_camera=base_from_camera,
        )

    def sweep(self, target: Encoded, source: Encoded, source_from_target: Tensor) -> Tensor:
        """
        Agreement of a source view with each depth hypothesis of the target view.

        :param source_from_target: relative poses of the optical frames, (v, 4, 4).
        :returns: agreement and visibility, (v, 2 k, h8, w8).
        """
        height, width = target.eighth.shape[-2:]
        rays = cell_rays(target.intrinsics, (height, width), 8).flatten(1, 2)
        agreement, seen = plane_sweep(
            correlation(target.descriptors, source.descriptors),
            rays,
            self.depths,
            source_from_target,
            source.intrinsics,
        )
        both = torch.cat((agreement, seen.to(agreement.dtype)), dim=-1)
        return both.transpose(1, 2).reshape(both.shape[0], -1, height, width)

    def read(self, view: Encoded, sweeps: Tensor) -> Maps:
        """
        Answer for each view, with what the other views said about its depth.

        :param sweeps: mean of `sweep` over the sources, zeros where there is none,
            (v, 2 k, h8, w8).
        """
        x = self.mix(functional.relu(view.eighth + self.read_sweep(sweeps)))
        x = functional.interpolate(x, scale_factor=2.0, mode='nearest')
        x = self.at_quarter(self.up_quarter(torch.cat((x, view.quarter), dim=1)))
        geometry = exact(self.geometry, x)
        features = self.to_features(x)
        return Maps(
            log_depth=gated(geometry[:, 0], geometry[:, 1], view.log_ground),
            log_precision=geometry[:, 2],
            features=features,
            logits=self.labels(functional.relu(features)).float(),
            hidden=x,
        )


def exact(layer: nn.Module, x: Tensor) -> Tensor:
    """Run a layer in float32: a depth head in bf16 would round its answer to a percent."""
    with torch.autocast(x.device.type, enabled=False):
        answer: Tensor = layer(x.float())
    return answer


def log_ground_depth(rays: Tensor, base_from_camera: Tensor) -> Tensor:
    """Log of the depth of flat ground, kept between 1 and 80 metres, (v, h, w)."""
    inverse = inverse_ground_depth(rays, base_from_camera)
    return -inverse.clamp(min=1 / FARTHEST, max=1.0).log()


def gated(free: Tensor, gate: Tensor, log_ground: Tensor) -> Tensor:
    """
    Log depth between a free guess around ten metres and the depth of flat ground.

    :param free: departure from ten metres, log, any shape.
    :param gate: logit of "this is ground", same shape.
    :param log_ground: log metres, same shape.
    """
    share = gate.sigmoid()
    guess = (log(10.0) + free).clamp(log(0.5), log(2 * FARTHEST))
    return share * log_ground + (1 - share) * guess


def joined(parts: Sequence[Maps]) -> Maps:
    """Join the answers for several groups of views."""
    return Maps(**{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Maps)})


def channels_last(network: NetworkT) -> NetworkT:
    """Lay the convolution weights out with channels last, the fast order, in place."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
