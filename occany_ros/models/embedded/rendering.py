"""The rendering stage of the embedded network: a first and a closer look at imagined views."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from occany_ros.models.embedded.closer import Closer, CloserConfig, CloserNetwork, compared
from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.evidence import gather_evidence, Imagined, Sources
from occany_ros.models.embedded.imagination import (
    Imagination,
    ImaginationConfig,
    ImaginationNetwork,
)
from occany_ros.models.embedded.network import EmbeddedNetwork
from torch import nn, Tensor

CLOSER_LOOKS: Final = 2
"""The closer look is taken so often, each time from the answer of the one before."""
_PREFIX: Final = 'rendering.'
"""Start of the names of this stage's weights in a file."""


class RenderingStage(nn.Module):
    """
    Imagine views from what seen views answered.

    :param imagination: sizes of the first look.
    :param closer: sizes of the second.
    :param embedded: sizes of the first stage.
    """

    def __init__(
        self, imagination: ImaginationConfig, closer: CloserConfig, embedded: EmbeddedConfig
    ) -> None:
        super().__init__()
        self.imagination = ImaginationNetwork(imagination, embedded)
        self.closer = CloserNetwork(closer, imagination.widths[0])

    def forward(self, sources: Sources, cameras: Imagined, reader: EmbeddedNetwork) -> Closer:
        """
        Imagine views.

        :param reader: the first stage, which reads features and classes from hidden maps.
        """
        first = self.look(sources, cameras, reader)
        for _ in range(CLOSER_LOOKS - 1):
            nearer = self.look_closer(sources, cameras, first).imagination.maps.log_depth
            first = replace(first, maps=replace(first.maps, log_depth=nearer))
        return self.look_closer(sources, cameras, first)

    def look(self, sources: Sources, cameras: Imagined, reader: EmbeddedNetwork) -> Imagination:
        """Look at imagined views a first time."""
        evidence = gather_evidence(sources, cameras, self.imagination.depths)
        first: Imagination = self.imagination(evidence, cameras, reader)
        return first

    def look_closer(self, sources: Sources, cameras: Imagined, first: Imagination) -> Closer:
        """Look at fine steps around an answer."""
        offsets = self.closer.offsets
        found = compared(sources, cameras, first.maps.log_depth.detach(), offsets)
        closer: Closer = self.closer(first, *found)
        return closer


def split_stages(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Split the weights of a file into those of the reconstruction and of the rendering."""
    size = len(_PREFIX)
    return (
        {name: value for name, value in state.items() if not name.startswith(_PREFIX)},
        {name[size:]: value for name, value in state.items() if name.startswith(_PREFIX)},
    )


def join_stages(
    seeing: Mapping[str, Tensor], rendering: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Put the weights of both stages into one file."""
    return {**seeing, **{f'{_PREFIX}{name}': value for name, value in rendering.items()}}
