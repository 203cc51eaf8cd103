"""One OccAny+ network, seeing or imagining: its backbone and what reads it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from occany_ros.models.plus.backbone import Backbone
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.feature_head import PyramidHead
from occany_ros.models.plus.surface_head import joined, surface_head, Surfaces
from occany_ros.models.ray_maps import RayMapEncoder
import torch
from torch import nn, Tensor

VIEWS_AT_ONCE = 8
"""Views a head reads together: full-size maps of more take memory and are no faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """
    What the heads say of some views.

    :param surfaces: depth and rays.
    :param features: pyramid, finest first, (v, 256, e, e) each; empty where nobody asked.
    """

    surfaces: Surfaces
    features: tuple[Tensor, ...]


class PlusNetwork(nn.Module):
    """
    Backbone and heads; the one that imagines has an encoder of what it is told as well.

    :param config: sizes.
    :param imagines: whether it renders novel views.
    """

    def __init__(self, config: PlusConfig, *, imagines: bool = False) -> None:
        super().__init__()
        self.backbone = Backbone(config.backbone)
        self.surfaces = surface_head(config)
        self.features = None if config.feature_size is None else PyramidHead(config)
        self.encoder = RayMapEncoder(config.conditioning) if imagines else None

    def read(
        self,
        taps: Sequence[Tensor],
        grid: tuple[int, int],
        *,
        with_rays: bool,
        with_features: bool,
    ) -> Read:
        """
        Read views by the heads, a few at a time; none depends on another.

        :param taps: of four depths, (v, n, 2 d).
        :param grid: rows and columns of patches.
        """
        parts = [self.surfaces(few, grid, with_rays=with_rays) for few in _a_few_views(taps)]
        surfaces = parts[0] if len(parts) == 1 else joined(parts)
        return Read(surfaces, self.pyramid(taps, grid) if with_features else ())

    def pyramid(self, taps: Sequence[Tensor], grid: tuple[int, int]) -> tuple[Tensor, ...]:
        """
        Read the features of views.

        :param taps: of four depths, (v, n, 2 d).
        :param grid: rows and columns of patches.
        :returns: see `Read`; empty for a network without.
        """
        if self.features is None:
            return ()
        parts = [self.features(few, grid) for few in _a_few_views(taps)]
        if len(parts) == 1:
            return parts[0]
        return tuple(torch.cat(level) for level in zip(*parts, strict=True))


def _a_few_views(taps: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Take as many views as a head reads together, float32."""
    for few in zip(*(torch.split(tap, VIEWS_AT_ONCE) for tap in taps), strict=True):
        yield [tap.float() for tap in few]
