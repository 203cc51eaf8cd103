"""OccAny+: reconstruction of any set of plain cameras, all views of a window at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from occany_ros.layers.colour import standardised, uncentred
from occany_ros.layers.embedding import patch_grid
from occany_ros.models.later import LaterFeatures
from occany_ros.models.plus.config import PATCH, PlusConfig
from occany_ros.models.plus.network import PlusNetwork
from occany_ros.models.plus.novel import imagined, Imagining, Told, told_by
from occany_ros.models.plus.ray_pose import cameras_from_rays
from occany_ros.models.prediction import NovelViews, Prediction
from occany_ros.models.views import Views
import torch
from torch import nn, Tensor

LEVELS = 3
"""Of semantic features."""
SEED = 0
"""Of the samples poses are found with: the same views always give the same."""


@dataclass(frozen=True, slots=True, eq=False)
class PlusTokens:
    """
    One view, as far as it can be seen alone.

    :param tokens: the special token first, (1 + n, d).
    :param grid: rows and columns of patches.
    :param image: as the network takes it, (3, h, w); novel views are told its colours.
    """

    tokens: Tensor
    grid: tuple[int, int]
    image: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PlusMemory:
    """
    The views of a window, in order; all that is joint is found when they are read.

    :param views: the first one is the origin of the world.
    """

    views: tuple[PlusTokens, ...]


class OccAnyPlus(nn.Module):
    """
    The network that sees, and the one that imagines where there is one.

    Implements `occany_ros.models.prediction.NovelViewRenderer`, with one difference: novel views
    of one group look at each other, so how many are asked for together changes the answer
    (OccAny+ spec, section 8). Weights start untrained.

    :param config: sizes.
    :param precision: type of the weights of the transformer, and of what passes through it; its
        last normalisation, heads, poses and what follows stay float32.

    :ivar views_at_once: novel views of a group.
    :ivar novel_features: whether novel views get their feature pyramid.
    """

    def __init__(self, config: PlusConfig, *, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.precision = precision
        self.views_at_once = config.views_at_once
        self.novel_features = False
        self.seeing = PlusNetwork(config)
        self.imagining = PlusNetwork(config, imagines=True) if config.imagines else None
        self._told: WeakKeyDictionary[Prediction, Told] = WeakKeyDictionary()
        for network in (self.seeing, self.imagining):
            if network is not None:
                network.backbone.to(precision)
                network.backbone.norm.float()

    @torch.inference_mode()
    def encode(self, views: Views) -> list[PlusTokens]:
        """
        Run the part of the transformer in which each view is alone.

        :param views: images (v, 3, h, w) whose height and width are multiples of 14.
        :returns: one entry a view.
        :raises ValueError: if the images cannot be cut into patches.
        """
        grid = patch_grid(views.images, PATCH)
        images = standardised(uncentred(views.images))
        backbone = self.seeing.backbone
        tokens = backbone.alone(backbone.embed(images.to(self.precision)), grid)
        return [
            PlusTokens(tokens=x, grid=grid, image=image)
            for x, image in zip(tokens, images, strict=True)
        ]

    @torch.inference_mode()
    def remember(self, memory: PlusMemory | None, tokens: Sequence[PlusTokens]) -> PlusMemory:
        """
        List more views.

        :param memory: from an earlier call, None to start one.
        :param tokens: of at least one view.
        :returns: the longer list.
        :raises ValueError: if there is no view, or their sizes differ.
        """
        views = (*(memory.views if memory else ()), *tokens)
        _grid_of(views)
        return PlusMemory(views)

    @torch.inference_mode()
    def render(self, memory: PlusMemory, tokens: Sequence[PlusTokens]) -> Prediction:
        """
        Reconstruct views with all views of the memory in sight.

        The world is the optical frame of the first view, as the network has it: its own pose is
        near identity, not identity.

        :param memory: from `remember`.
        :param tokens: of the views wanted, each once; all must be in the memory.
        :returns: geometry, and the feature pyramid (v, 256, 4 e, 4 e), (v, 256, 2 e, 2 e),
            (v, 256, e, e) where the network has one, decoded when it is looked at; no labels.
        :raises LookupError: for a view that was never remembered, or comes twice.
        """
        row_of = {id(view): row for row, view in enumerate(memory.views)}
        rows = [row_of[id(view)] for view in tokens if id(view) in row_of]
        if len(set(rows)) < len(tokens) or not rows:
            raise LookupError(
                'tokens: expected remembered views, each once, got others, none or one twice'
            )
        grid = _grid_of(memory.views)
        taps = self.taps(torch.stack([view.tokens for view in memory.views]), grid, rows)
        return self._prediction([tap[0] for tap in taps], grid)

    @torch.inference_mode()
    def render_novel(
        self,
        memory: PlusMemory,  # noqa: ARG002 - what matters of it is in the answers
        tokens: Sequence[PlusTokens],
        seen: Prediction,
        world_from_camera: Tensor,
    ) -> NovelViews:
        """
        Imagine views nobody took, `views_at_once` at a time (OccAny+ spec, section 8).

        What the seen views tell is kept for as long as ``seen`` is: asking for one group after
        the other costs no more than asking for all.

        :param memory: not looked at.
        :param tokens: of the seen views; they tell novel views what they saw.
        :param seen: what `render` said of them, in the same order.
        :param world_from_camera: poses of the novel views, (r, 4, 4) float32.
        :returns: geometry of the novel views; their feature pyramid too if `novel_features`.
        :raises ValueError: without a network that imagines, or without features of seen views.
        """
        if self.imagining is None:
            raise ValueError(
                'render_novel: expected a network with a rendering stage, got one that only '
                'reconstructs; set model.render_checkpoint to occany_plus_gen.pth'
            )
        if not seen.features:
            raise ValueError(
                'seen: expected semantic features, got none; pass on what render said'
            )
        told = self._told.get(seen)
        if told is None:
            images = torch.stack([view.image for view in tokens])
            told = self._told[seen] = told_by(self.imagining, images, seen, self.precision)
        how = Imagining(self.views_at_once, self.precision, self.novel_features)
        return imagined(self.imagining, told, world_from_camera, how)

    def taps(
        self, alone: Tensor, grid: tuple[int, int], rows: Sequence[int] | None = None
    ) -> list[Tensor]:
        """
        Run the part of the transformer in which all views are seen.

        :param alone: tokens of all views, (v, 1 + n, d).
        :param grid: rows and columns of patches.
        :param rows: views that are read, in this order; None for all.
        :returns: what the heads read, of four depths, (1, r, n, 2 d).
        """
        backbone, config = self.seeing.backbone, self.config.backbone
        every = list(range(len(alone)))
        rows = every if rows is None else list(rows)
        stream = backbone.joined(alone.unsqueeze(0))
        if rows != every:
            stream = stream.views([*rows, *(row for row in every if row not in rows)])
        first, depth = config.first_turned, config.depth
        return backbone.together(stream, grid, first, depth, wanted=len(rows))[1]

    def _prediction(self, taps: list[Tensor], grid: tuple[int, int]) -> Prediction:
        read = self.seeing.read(taps, grid, with_rays=True, with_features=False)
        surfaces = read.surfaces.scaled(self.config.metres)
        world_points = surfaces.points()
        size = (grid[0] * PATCH, grid[1] * PATCH)
        draws = torch.Generator().manual_seed(SEED)
        cameras = cameras_from_rays(surfaces.rays, surfaces.ray_confidence, size, draws)
        pose = cameras.world_from_camera
        local = torch.einsum(
            'vji,vhwj->vhwi', pose[:, :3, :3], world_points - pose[:, None, None, :3, 3]
        )
        return Prediction(
            world_points=world_points,
            local_points=local,
            confidence=surfaces.confidence,
            world_from_camera=pose,
            focal=cameras.intrinsics[:, 0, 0],
            features=self._later(taps, grid),
        )

    def _later(self, taps: list[Tensor], grid: tuple[int, int]) -> Sequence[Tensor]:
        """Decode features of seen views when, and if, somebody wants them."""
        if self.seeing.features is None:
            return ()

        def decode(views: slice) -> tuple[Tensor, ...]:
            return self.seeing.pyramid([tap[views] for tap in taps], grid)

        return LaterFeatures(decode, LEVELS)


def _grid_of(views: Sequence[PlusTokens]) -> tuple[int, int]:
    grids = {view.grid for view in views}
    if len(grids) != 1:
        got = f'grids {sorted(grids)}' if grids else 'none'
        raise ValueError(f'tokens: expected at least one view, all of one size, got {got}')
    return grids.pop()
