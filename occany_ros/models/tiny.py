"""The embedded default: a small network with the verbs of every OccAny family."""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

from occany_ros.models.embedded.asking import cameras_at, sources_of, stands_free
from occany_ros.models.embedded.closer import CloserConfig
from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.imagination import ImaginationConfig
from occany_ros.models.embedded.localise import motion_between, place
from occany_ros.models.embedded.memory import (
    grey_of,
    instants,
    mount,
    neighbours,
    stacked,
    TinyMemory,
    TinyTokens,
)
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork, joined, Maps, select
from occany_ros.models.embedded.rays import calibration, cell_rays
from occany_ros.models.embedded.rendering import RenderingStage, split_stages
from occany_ros.models.prediction import NovelViews, Prediction
from occany_ros.models.views import Views
from safetensors.torch import load_file
import torch
from torch import Tensor

WEIGHTS: Final = Path(__file__).parent / 'weights' / 'tiny.safetensors'

REMEMBERED_MOTIONS: Final = 8
"""A rolling window is remembered anew at each step, but only one of its motions is new."""

VIEWS_AT_ONCE: Final = 4
"""Views rendered together: more are no faster, and each takes 100 MB at 512x288."""


class TinyOccAny:
    """
    Reconstructor of a few street views by a small network and geometry.

    ``encode`` sees each image alone; ``remember`` finds the motion of the robot from matches
    between images of one camera; ``render`` sweeps each view against its neighbours in memory
    and answers depth, confidence, features and labels at 1/4 of the image.

    :param network: the weights of the reconstruction.
    :param rendering: the weights of the rendering stage, if there are any.
    :param device: where they are.
    :param dtype: of the convolutions; heads and geometry stay in float32.
    """

    def __init__(
        self,
        network: EmbeddedNetwork,
        rendering: RenderingStage | None = None,
        *,
        device: str = 'cpu',
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.network = channels_last(network.to(device)).eval()
        self.rendering = None if rendering is None else channels_last(rendering.to(device)).eval()
        self.device = device
        self.dtype = dtype
        find = partial(motion_between, nowhere=self.network.nowhere)
        self._motion = lru_cache(REMEMBERED_MOTIONS)(find)

    def _precision(self) -> torch.autocast:
        kind = torch.device(self.device).type
        return torch.autocast(kind, dtype=self.dtype, enabled=self.dtype != torch.float32)

    @torch.inference_mode()
    def encode(self, views: Views) -> list[TinyTokens]:
        """
        See each view alone.

        :param views: images whose sides are multiples of 16; unknown calibration is NaN.
        :returns: one entry a view.
        """
        known = calibration(views)
        images = views.images.to(self.device, memory_format=torch.channels_last)
        with self._precision():
            encoded = self.network.encode(
                images,
                known.intrinsics.to(self.device, torch.float32),
                known.base_from_camera.to(self.device, torch.float32),
            )
        grey = grey_of(views.images).cpu().numpy()
        return [
            TinyTokens(camera, stamp_ns, select(encoded, slice(i, i + 1)), grey[i])
            for i, (camera, stamp_ns) in enumerate(
                zip(views.cameras, views.stamps_ns, strict=True)
            )
        ]

    @torch.inference_mode()
    def remember(self, memory: TinyMemory | None, tokens: Sequence[TinyTokens]) -> TinyMemory:
        """
        Append views; each instant is placed by its motion from the nearest known instant.

        :param memory: what is already known, or None.
        :param tokens: views to append.
        :returns: a new memory; poses of known views do not change.
        """
        views = list(memory.views) if memory else []
        poses = list(memory.world_from_base) if memory else []
        for instant in instants(tokens):
            pose = place(views, poses, instant, self._motion)
            views.extend(instant)
            poses.extend([pose] * len(instant))
        return TinyMemory(tuple(views), torch.stack(poses))

    @torch.inference_mode()
    def render(self, memory: TinyMemory, tokens: Sequence[TinyTokens]) -> Prediction:
        """
        Read views back with their neighbours in memory in sight.

        :param memory: must hold the views.
        :param tokens: views to answer for.
        :returns: maps at 1/4 of the image, in the world of the memory.
        :raises LookupError: for a view that was never remembered.
        """
        row_of = {id(view): i for i, view in enumerate(memory.views)}
        missing = [view.camera for view in tokens if id(view) not in row_of]
        if missing:
            raise LookupError(f'tokens: expected remembered views, got new ones of {missing}')
        indices = [row_of[id(view)] for view in tokens]
        target = stacked(tokens)
        waiting = iter(indices)
        groups = iter(lambda: list(islice(waiting, VIEWS_AT_ONCE)), [])
        maps = joined([self._read(memory, group) for group in groups])
        height, width = maps.log_depth.shape[-2:]
        rays = cell_rays(target.intrinsics, (height, width), 4)
        local = rays * maps.log_depth.exp()[..., None]  # v h w 3
        world_from_camera = (
            memory.world_from_base[indices].to(self.device) @ target.base_from_camera.double()
        ).float()
        turned = torch.einsum('vij,vhwj->vhwi', world_from_camera[:, :3, :3], local)
        return Prediction(
            world_points=turned + world_from_camera[:, None, None, :3, 3],
            local_points=local,
            confidence=1 + maps.log_precision.exp(),
            world_from_camera=world_from_camera,
            focal=target.intrinsics[:, 0, 0],
            features=(maps.features.float(), maps.hidden.float()),
            scores=maps.logits,
        )

    @torch.inference_mode()
    def render_novel(
        self,
        memory: TinyMemory,  # noqa: ARG002 - what matters of it is in the answers
        tokens: Sequence[TinyTokens],
        seen: Prediction,
        world_from_camera: Tensor,
    ) -> NovelViews:
        """
        Imagine views from the evidence of seen ones, each independent of the others.

        Each gets the pinhole of the nearest seen view.

        :param memory: not looked at.
        :param tokens: the seen views.
        :param seen: what `render` said of them, in the same order.
        :param world_from_camera: where to look from, (r, 4, 4).
        :returns: maps at 1/4 of the image; a ray that nothing is known about has a confidence
            near 1, all rays from where something is known to stand have 1.
        :raises ValueError: the weights hold no rendering stage.
        """
        stage = self.rendering
        if stage is None:
            raise ValueError(
                'weights: expected a rendering stage, got none: '
                'train one with `occany train --stage rendering`'
            )
        views = list(tokens)
        sources = sources_of(views, seen)
        count = stage.imagination.config.sources
        cameras = cameras_at(views, seen, world_from_camera, count)
        free = stands_free(seen, sources.intrinsics, world_from_camera)
        parts = []
        for first in range(0, len(world_from_camera), VIEWS_AT_ONCE):
            part = cameras.select(slice(first, first + VIEWS_AT_ONCE))
            with self._precision():
                parts.append(stage(sources, part, self.network).imagination.maps)
        maps = joined(parts)
        rays = cell_rays(cameras.intrinsics, cameras.size, 4)
        local = rays * maps.log_depth.exp()[..., None]
        turned = torch.einsum('vij,vhwj->vhwi', world_from_camera[:, :3, :3], local)
        return NovelViews(
            world_points=turned + world_from_camera[:, None, None, :3, 3],
            confidence=1 + maps.log_precision.exp() * free[:, None, None],
            world_from_camera=world_from_camera,
            focal=cameras.intrinsics[:, 0, 0],
            features=(maps.features.float(),),
            scores=maps.logits,
        )

    def _read(self, memory: TinyMemory, indices: list[int]) -> Maps:
        """Answer for some views of a memory."""
        target = stacked([memory.views[i] for i in indices])
        with self._precision():
            return self.network.read(target, self._sweeps(memory, indices))

    def _sweeps(self, memory: TinyMemory, indices: list[int]) -> Tensor:
        """Mean sweep of each view against its neighbours, (v, 2 k, h8, w8)."""
        limit = self.network.config.sources
        jobs = [(row, i, j) for row, i in enumerate(indices) for j in neighbours(memory, i, limit)]
        shape = memory.views[indices[0]].encoded.eighth.shape
        bins = 2 * self.network.config.depths
        total = torch.zeros(len(indices), bins, *shape[-2:], device=self.device)
        if not jobs:
            return total
        rows = torch.tensor([row for row, _, _ in jobs], device=self.device)
        poses = [
            memory.world_from_base[i] @ mount(memory.views[i]) for i in range(len(memory.views))
        ]
        relative = torch.stack([poses[j].inverse() @ poses[i] for _, i, j in jobs]).float()
        sweeps = self.network.sweep(
            stacked([memory.views[i] for _, i, _ in jobs]),
            stacked([memory.views[j] for _, _, j in jobs]),
            relative.to(self.device),
        ).float()
        count = torch.bincount(rows, minlength=len(indices)).clamp(min=1)
        return total.index_add(0, rows, sweeps) / count[:, None, None, None]


def load_tiny(
    *, device: str = 'cpu', dtype: torch.dtype = torch.float32, weights: Path | None = WEIGHTS
) -> TinyOccAny:
    """
    Load the embedded network.

    :param device: where to put it.
    :param dtype: float32, or bfloat16 / float16 for the convolutions.
    :param weights: a safetensors file; None draws deterministic random weights instead, the
        reference that no trained network may be confused with.
    :returns: a reconstructor.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = EmbeddedConfig()
        network = EmbeddedNetwork(config)
        rendering = RenderingStage(ImaginationConfig(), CloserConfig(), config)
    if weights is None:
        return TinyOccAny(network, rendering, device=device, dtype=dtype)
    state = {name: value.float() for name, value in load_file(weights).items()}
    seeing, imagining = split_stages(state)
    network.load_state_dict(seeing, strict=True)
    if not imagining:
        return TinyOccAny(network, device=device, dtype=dtype)
    rendering.load_state_dict(imagining, strict=True)
    return TinyOccAny(network, rendering, device=device, dtype=dtype)
