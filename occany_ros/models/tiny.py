"""The embedded default: a small network with the verbs of every OccAny family."""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.localise import motion_between, place
from occany_ros.models.embedded.memory import (
    instants,
    mount,
    neighbours,
    stacked,
    TinyMemory,
    TinyTokens,
)
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork, joined, Maps, select
from occany_ros.models.embedded.rays import calibration, cell_rays
from occany_ros.models.prediction import Prediction
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

    :param network: the weights.
    :param device: where they are.
    :param dtype: of the convolutions; heads and geometry stay in float32.
    """

    def __init__(
        self, network: EmbeddedNetwork, *, device: str = 'cpu', dtype: torch.dtype = torch.float32
    ) -> None:
        self.network = channels_last(network.to(device)).eval()
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
        grey = ((views.images.mean(dim=1) + 1) * 127.5).to(torch.uint8).cpu().numpy()
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
            labels=maps.logits.argmax(dim=1).to(torch.uint8),
            features=(maps.features.float(),),
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
        network = EmbeddedNetwork(EmbeddedConfig())
    if weights is not None:
        state = {name: value.float() for name, value in load_file(weights).items()}
        network.load_state_dict(state, strict=True)
    return TinyOccAny(network, device=device, dtype=dtype)
