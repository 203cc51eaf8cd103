"""
A network whose answers get the true geometry of the drive it is shown.

With random weights nothing sensible is reconstructed, so novel views would see nothing and grids
stay empty: cheaper than in use. Everything the network does is still done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from occany_ros.evaluation.bench.street import lifted, with_geometry
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import NovelViewRenderer, NovelViews, Prediction
from occany_ros.models.views import Views
from occany_ros.synthetic.drive import DriveStep
from occany_ros.synthetic.rig import known
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """
    The truth about one image.

    :param local_points: its points in its own optical frame, metres, (h, w, 3) float32.
    :param world_from_camera: its pose, metres, (4, 4) float64.
    :param focal: pixels.
    """

    local_points: Tensor
    world_from_camera: Tensor
    focal: float


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTokens:
    """Tokens of one image, with the truth about it."""

    tokens: Any
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class PlacedMemory:
    """A memory, with the pose of the first view in it, (4, 4)."""

    memory: Any
    world_from_first: Tensor


Places = Mapping[tuple[str, int], Place]


def places(steps: Iterable[DriveStep], device: torch.device) -> Places:
    """
    Write down the truth about every image of a drive.

    :returns: camera and stamp in nanoseconds -> its truth.
    """
    found = {}
    for step in steps:
        for frame, depth in zip(step.frames.frames, step.depth, strict=True):
            intrinsics = known(frame.camera.intrinsics)
            pose = step.world_from_base @ known(frame.camera.base_from_camera)
            found[frame.camera.name, frame.stamp_ns] = Place(
                torch.from_numpy(lifted(depth, intrinsics)).to(device),
                torch.from_numpy(pose).to(device),
                float(intrinsics[0, 0]),
            )
    return found


class TrueGeometry:
    """
    Does what a network does, and answers the truth.

    Implements `occany_ros.models.prediction.NovelViewRenderer`.

    :param network: the network.
    :param truth: about every image it will be shown.
    """

    def __init__(self, network: NovelViewRenderer[Any, Any], truth: Places) -> None:
        self._network = network
        self._truth = truth

    def encode(self, views: Views) -> list[PlacedTokens]:
        """Encode each view."""
        keys = zip(views.cameras, views.stamps_ns, strict=True)
        tokens = self._network.encode(views)
        return [
            PlacedTokens(entry, self._truth[key]) for entry, key in zip(tokens, keys, strict=True)
        ]

    def remember(
        self, memory: PlacedMemory | None, tokens: Sequence[PlacedTokens]
    ) -> PlacedMemory:
        """Append views to a memory."""
        old = None if memory is None else memory.memory
        first = tokens[0].place.world_from_camera if memory is None else memory.world_from_first
        return PlacedMemory(self._network.remember(old, _inner(tokens)), first)

    def render(self, memory: PlacedMemory, tokens: Sequence[PlacedTokens]) -> Prediction:
        """Read views back, and put the truth in their place."""
        prediction = self._network.render(memory.memory, _inner(tokens))
        first_from_world = torch.from_numpy(invert(np.asarray(memory.world_from_first.cpu())))
        poses = torch.stack([entry.place.world_from_camera for entry in tokens])
        return with_geometry(
            prediction,
            torch.stack([entry.place.local_points for entry in tokens]),
            (first_from_world.to(poses.device) @ poses).float(),
            tokens[0].place.focal,
        )

    def render_novel(
        self,
        memory: PlacedMemory,
        tokens: Sequence[PlacedTokens],
        seen: Prediction,
        world_from_camera: Tensor,
    ) -> NovelViews:
        """Render novel views; their geometry is the network's own."""
        return self._network.render_novel(memory.memory, _inner(tokens), seen, world_from_camera)


def _inner(tokens: Sequence[PlacedTokens]) -> list[Any]:
    return [entry.tokens for entry in tokens]
