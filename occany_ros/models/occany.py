"""OccAny: reconstruction of any set of plain cameras with one growing memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from occany_ros.layers.embedding import patch_grid
from occany_ros.models.conditioning import nearest_pixels, ray_map_tokens, seen_pixels
from occany_ros.models.config import OccAnyConfig, PATCH
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.heads import Heads
from occany_ros.models.memory import Memory
from occany_ros.models.novel_batch import even_groups, views_that_fit
from occany_ros.models.novel_decoder import poseless_heads, reading_decoder
from occany_ros.models.passes import Passes
from occany_ros.models.postprocess import (
    point_maps,
    registered_poses,
    shared_focal,
    surface_maps,
)
from occany_ros.models.prediction import NovelViews, Prediction
from occany_ros.models.ray_maps import RayMapEncoder
from occany_ros.models.views import Views
import torch
from torch import nn, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ImageTokens:
    """
    One encoded image.

    :param tokens: one for every patch, row-major, (n, d).
    :param grid: rows and columns of patches.
    :param image: RGB in [-1, 1], (3, h, w); novel views are told its colours.
    """

    tokens: Tensor
    grid: tuple[int, int]
    image: Tensor


class OccAny(nn.Module):
    """
    The network: image encoder, decoder with memory, heads, and those of novel views.

    Implements `occany_ros.models.prediction.NovelViewRenderer`. All images of one memory must
    have the same size. Weights start untrained. What novel views need is None in a network of
    the reconstruction stage.

    :param config: sizes of its parts.
    :param precision: type of the weights of the transformers, and of what passes through them;
        their last normalisation, heads and what follows stay float32.

    :ivar views_at_once: most novel views rendered together; 0 for as many as fit in memory. It
        changes time and memory, never the result.
    :ivar novel_features: whether novel views get their feature pyramid.
    :ivar passes: how the transformers are run.
    """

    def __init__(self, config: OccAnyConfig, *, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.precision = precision
        self.views_at_once = 0
        self.novel_features = False
        self.passes = Passes()
        self.encoder = ImageEncoder(config.encoder)
        self.decoder = MemoryDecoder(config.decoder)
        self.heads = Heads(config.decoder)
        self.ray_maps: RayMapEncoder | None = None
        self.novel_decoder: MemoryDecoder | None = None
        self.novel_heads: Heads | None = None
        if config.ray_maps is not None:
            self.ray_maps = RayMapEncoder(config.ray_maps)
            self.novel_decoder = reading_decoder(config.decoder)
            self.novel_heads = poseless_heads(config.decoder)
        for part in (self.encoder, self.decoder, self.novel_decoder):
            if part is not None:
                part.to(precision)
        for decoder in (self.decoder, self.novel_decoder):
            if decoder is not None:
                decoder.norm.float()

    @torch.inference_mode()
    def encode(self, views: Views) -> list[ImageTokens]:
        """
        Encode each view independently of the others.

        :param views: images (v, 3, h, w) whose height and width are multiples of 16.
        :returns: one entry a view.
        :raises ValueError: if the images cannot be cut into patches.
        """
        grid = patch_grid(views.images, PATCH)
        tokens = self.passes.encode(self.encoder, views.images.to(self.precision))
        return [
            ImageTokens(tokens=x, grid=grid, image=image)
            for x, image in zip(tokens, views.images, strict=True)
        ]

    @torch.inference_mode()
    def remember(self, memory: Memory | None, tokens: Sequence[ImageTokens]) -> Memory:
        """
        Append views to a memory, in order.

        An empty memory starts with the first two views at once and goes on one by one. One view
        alone starts a monocular memory, in which it saw itself; going on from there differs from
        starting with two.

        :param memory: from an earlier call, None to start one.
        :param tokens: of at least one view.
        :returns: the longer memory.
        :raises ValueError: if there is no view, or their sizes differ.
        """
        stacked, grid = _stacked(tokens)
        (_, end), *rest = groups(stacked.shape[1], is_empty=memory is None)
        grown = self.passes.remember(self.decoder, memory, stacked[:, :end], grid)
        for first, last in rest:
            views = stacked[:, first:last]
            grown = self.passes.remember(self.decoder, grown, views, grid)
        return grown

    @torch.inference_mode()
    def render(self, memory: Memory, tokens: Sequence[ImageTokens]) -> Prediction:
        """
        Reconstruct views with the whole memory in sight.

        :param memory: from `remember`.
        :param tokens: of the views wanted, usually all that were remembered. The focal length is
            that of the first of them.
        :returns: geometry, and the feature pyramid (v, 256, e, e), (v, 64, 2 e, 2 e),
            (v, 32, 4 e, 4 e); no labels.
        :raises ValueError: if there is no view, or their sizes differ.
        """
        stacked, grid = _stacked(tokens)
        decoded = self.passes.render(self.decoder, memory, stacked, grid)
        maps = point_maps(self.heads.points(decoded, grid)[0], self.config.decoder.activation)
        return Prediction(
            world_points=maps.world_points,
            local_points=maps.local_points,
            confidence=maps.confidence,
            world_from_camera=registered_poses(maps),
            focal=shared_focal(maps.local_points),
            features=tuple(x[0] for x in self.heads.features(decoded, grid)),
        )

    @torch.inference_mode()
    def render_novel(
        self,
        memory: Memory,
        tokens: Sequence[ImageTokens],
        seen: Prediction,
        world_from_camera: Tensor,
    ) -> NovelViews:
        """
        Imagine views nobody took (OccAny spec, sections 8 to 10).

        Each is independent of the others; they are rendered `views_at_once` at a time.

        :param memory: from `remember`.
        :param tokens: of views that were remembered; they tell novel views what they saw.
        :param seen: what `render` said of them, in the same order.
        :param world_from_camera: poses of the novel views, (r, 4, 4) float32.
        :returns: geometry of the novel views; their feature pyramid too if `novel_features`.
        :raises ValueError: for a network of the reconstruction stage, or if there is no seen view.
        """
        if self.ray_maps is None or self.novel_decoder is None or self.novel_heads is None:
            raise ValueError(
                'render_novel: expected a network with a rendering stage, got one that only '
                'reconstructs; load weights that have one, such as occany.pth'
            )
        _, grid = _stacked(tokens)
        images = torch.stack([entry.image for entry in tokens])
        pixels = seen_pixels(
            images,
            seen.world_points,
            seen.confidence,
            seen.features,
            seen.focal[0],
            dtype=self.precision,
        )
        height, width = pixels.size
        at_once = self.views_at_once or views_that_fit(height * width, images.device)
        points, confidence, features = [], [], []
        for first, end in even_groups(len(world_from_camera), at_once):
            poses = world_from_camera[first:end]
            nearest = nearest_pixels(pixels, poses)
            known = ray_map_tokens(self.ray_maps, pixels, nearest, poses).to(self.precision)
            known = known.unsqueeze(0)
            decoded = self.passes.render(self.novel_decoder, memory, known, grid)
            raw = self.novel_heads.surfaces(decoded, grid)[0]
            maps = surface_maps(raw, self.config.decoder.activation)
            points.append(maps[0])
            confidence.append(maps[1])
            if self.novel_features:
                features.append([x[0] for x in self.novel_heads.features(decoded, grid)])
        none = pixels.surface.new_zeros(0, height, width, 3)
        return NovelViews(
            world_points=torch.cat([none, *points]),
            confidence=torch.cat([none[..., 0], *confidence]),
            world_from_camera=world_from_camera,
            focal=seen.focal[:1].expand(len(world_from_camera)),
            features=tuple(torch.cat(level) for level in zip(*features, strict=True)),
        )


def groups(num_views: int, *, is_empty: bool) -> list[tuple[int, int]]:
    """
    First index and end of each group of views that enters a memory at once.

    :param num_views: views to come.
    :param is_empty: whether nothing is remembered yet; then the first two come together.
    :returns: consecutive index ranges that cover all views.
    """
    start = min(2, num_views) if is_empty else 0
    pair = [(0, start)] if start else []
    return pair + [(index, index + 1) for index in range(start, num_views)]


def _stacked(tokens: Sequence[ImageTokens]) -> tuple[Tensor, tuple[int, int]]:
    """Batch of one with all views, (1, v, n, d), and their common grid."""
    if not tokens:
        raise ValueError('tokens: expected at least one view, got none')
    grids = {entry.grid for entry in tokens}
    if len(grids) > 1:
        raise ValueError(f'tokens: expected views of one size, got grids {sorted(grids)}')
    return torch.stack([entry.tokens for entry in tokens]).unsqueeze(0), tokens[0].grid
