"""OccAny: reconstruction of any set of plain cameras with one growing memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from occany_ros.models.config import OccAnyConfig, PATCH
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.heads import Heads
from occany_ros.models.memory import Memory
from occany_ros.models.novel_decoder import poseless_heads, reading_decoder
from occany_ros.models.postprocess import point_maps, registered_poses, shared_focal
from occany_ros.models.prediction import Prediction
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
    :param precision: type the transformers compute in; heads and what follows stay float32.
    """

    def __init__(self, config: OccAnyConfig, *, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.precision = precision
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

    @torch.inference_mode()
    def encode(self, views: Views) -> list[ImageTokens]:
        """
        Encode each view independently of the others.

        :param views: images (v, 3, h, w) whose height and width are multiples of 16.
        :returns: one entry a view.
        :raises ValueError: if the images cannot be cut into patches.
        """
        height, width = views.images.shape[-2:]
        if height % PATCH or width % PATCH:
            raise ValueError(
                f'images: expected height and width to be multiples of {PATCH}, '
                f'got {height} x {width}'
            )
        with self._autocast(views.images):
            tokens = self.encoder(views.images)
        grid = (height // PATCH, width // PATCH)
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
        with self._autocast(stacked):
            grown = self.decoder.remember(memory, stacked[:, :end], grid)
            for first, last in rest:
                grown = self.decoder.remember(grown, stacked[:, first:last], grid)
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
        with self._autocast(stacked):
            decoded = self.decoder.render(memory, stacked, grid).float()
        maps = point_maps(self.heads.points(decoded, grid)[0], self.config.decoder.activation)
        return Prediction(
            world_points=maps.world_points,
            local_points=maps.local_points,
            confidence=maps.confidence,
            world_from_camera=registered_poses(maps),
            focal=shared_focal(maps.local_points),
            features=tuple(x[0] for x in self.heads.features(decoded, grid)),
        )

    def _autocast(self, x: Tensor) -> torch.autocast:
        return torch.autocast(
            x.device.type, dtype=self.precision, enabled=self.precision != torch.float32
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
