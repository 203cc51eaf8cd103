"""What all tables of one network start from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from occany_ros.evaluation.bench.cost import Effort
from occany_ros.evaluation.bench.preset import Preset
from occany_ros.evaluation.bench.report import Yardstick
from occany_ros.evaluation.bench.street import Street
from occany_ros.evaluation.bench.subject import RANDOM
from occany_ros.models.factory import LoadedModel
from occany_ros.models.novel_batch import full_groups
from occany_ros.models.prediction import (
    NovelViewRenderer,
    NovelViews,
    Prediction,
    Reconstructor,
)
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """
    A network before the images of a preset.

    :param model: the network.
    :param preset: which images, which novel views.
    :param street: where they were taken.
    :param effort: how often things are run.
    :param yardstick: what costs are measured against.
    """

    model: LoadedModel
    preset: Preset
    street: Street
    effort: Effort
    yardstick: Yardstick

    @property
    def network(self) -> Reconstructor[Any, Any]:
        """Return the network itself."""
        return self.model.reconstructor

    @property
    def renderer(self) -> NovelViewRenderer[Any, Any] | None:
        """Return the network again if it can render novel views."""
        network = self.model.reconstructor
        if self.model.stage == 'rendering' and isinstance(network, NovelViewRenderer):
            return network
        return None

    @property
    def title(self) -> str:
        """Say what is measured."""
        model = self.model
        how = (
            model.precision
            if model.acceleration == 'off'
            else (f'{model.precision}, {model.acceleration}')
        )
        return f'{model.variant} ({model.weights} weights, {how}), {self.preset.title}'

    @property
    def accelerated(self) -> tuple[object, ...]:
        """Return the network if accelerated, see `occany_ros.evaluation.bench.cost.costs`."""
        return () if self.model.acceleration == 'off' else (self.network,)

    def reconstruct(self) -> 'Reconstruction':
        """Reconstruct all views of the preset."""
        tokens = self.network.encode(self.street.views)
        memory = self.network.remember(None, tokens)
        return Reconstruction(tokens, memory, self.network.render(memory, tokens))

    def novel_poses(self, count: int) -> Tensor:
        """Choose novel views of the preset's plan, (count, 4, 4)."""
        return self.street.poses(self.preset.plan or self.model.plan, count)

    def rendering(self, given: Prediction | None = None) -> 'Rendering':
        """
        Reconstruct, and make ready to render novel views.

        :param given: geometry they are rendered from; None for the street's where weights are
            random, else for what was reconstructed.
        :raises ValueError: the network renders none.
        """
        renderer = self.renderer
        if renderer is None:
            raise ValueError(
                f'{self.model.variant}: expected weights with a rendering stage, got those of '
                'reconstruction alone; take `--variant occany --random`, or a file that has one'
            )
        known = self.reconstruct()
        seen = known.prediction
        if given is not None:
            seen = given
        elif self.model.weights == RANDOM:
            seen = self.street.true(seen)
        # What a network prepares once, at its first novel view, is no part of the others.
        renderer.render_novel(known.memory, known.tokens, seen, self.novel_poses(1))
        return Rendering(renderer, known, seen, self.model.novel_batch)


@dataclass(frozen=True, slots=True, eq=False)
class Reconstruction:
    """
    Everything a reconstruction leaves behind.

    :param tokens: of each view.
    :param memory: of all views.
    :param prediction: of all views.
    """

    tokens: Sequence[Any]
    memory: Any
    prediction: Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """
    A network that is ready to render novel views.

    :param renderer: the network.
    :param known: what it reconstructed.
    :param seen: geometry the novel views are rendered from.
    :param batch: novel views that see each other; 0 where they do not, however many come at once.
    """

    renderer: NovelViewRenderer[Any, Any]
    known: Reconstruction
    seen: Prediction
    batch: int = 0

    def views(self, world_from_camera: Tensor) -> NovelViews:
        """Render novel views at poses (r, 4, 4)."""
        memory, tokens = self.known.memory, self.known.tokens
        return joined(
            [
                self.renderer.render_novel(memory, tokens, self.seen, world_from_camera[first:end])
                for first, end in full_groups(len(world_from_camera), self.batch)
            ]
        )


def joined(parts: Sequence[NovelViews]) -> NovelViews:
    """Make one answer of answers to consecutive questions; labels and scores are left out."""
    if len(parts) == 1:
        return parts[0]
    levels = zip(*(part.features for part in parts), strict=True)
    return NovelViews(
        world_points=torch.cat([part.world_points for part in parts]),
        confidence=torch.cat([part.confidence for part in parts]),
        world_from_camera=torch.cat([part.world_from_camera for part in parts]),
        focal=torch.cat([part.focal for part in parts]),
        features=tuple(torch.cat(level) for level in levels),
    )
