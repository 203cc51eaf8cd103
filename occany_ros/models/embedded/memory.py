"""Views the embedded network has seen, and which of them belong together."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.embedded.network import Encoded
import torch
from torch import Tensor

SAME_INSTANT_NS: Final = 60_000_000
LEAST_BASELINE: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class TinyTokens:
    """
    One encoded view.

    :param camera: name of its camera.
    :param stamp_ns: its time, nanoseconds.
    :param encoded: maps of this view alone, leading axis 1.
    :param grey: its image, for following corners, (h, w) uint8.
    """

    camera: str
    stamp_ns: int
    encoded: Encoded
    grey: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TinyMemory:
    """
    The views that were remembered and where the robot was at each.

    :param views: in the order they were remembered.
    :param world_from_base: pose of the robot at each view's instant, (v, 4, 4) float64; the world
        is the optical frame of the first view.
    """

    views: tuple[TinyTokens, ...]
    world_from_base: Tensor


def grey_of(images: Tensor) -> Tensor:
    """Brightness of RGB images in [-1, 1], (v, 3, h, w), as bytes, (v, h, w) uint8."""
    return ((images.mean(dim=1) + 1) * 127.5).to(torch.uint8)


def stacked(views: Sequence[TinyTokens]) -> Encoded:
    """Join views along the leading axis."""
    return Encoded(
        **{
            f.name: torch.cat([getattr(view.encoded, f.name) for view in views])
            for f in fields(Encoded)
        }
    )


def mount(view: TinyTokens) -> Tensor:
    """Read the pose of a view's optical frame on the robot, (4, 4) float64 on the CPU."""
    return view.encoded.base_from_camera[0].double().cpu()


def instants(tokens: Sequence[TinyTokens]) -> list[list[TinyTokens]]:
    """Put consecutive views of different cameras taken within 60 ms together."""
    groups: list[list[TinyTokens]] = []
    for view in tokens:
        last = groups[-1] if groups else []
        close = last and abs(last[0].stamp_ns - view.stamp_ns) < SAME_INSTANT_NS
        if close and view.camera not in {other.camera for other in last}:
            last.append(view)
        else:
            groups.append([view])
    return groups


def neighbours(memory: TinyMemory, index: int, limit: int) -> list[int]:
    """
    Find the views of the same camera nearest in time from which the robot has moved.

    :param memory: views and poses.
    :param index: the view whose neighbours are wanted.
    :param limit: how many at most.
    :returns: indices into the memory.
    """
    view, pose = memory.views[index], memory.world_from_base[index]
    found = [
        i
        for i, other in enumerate(memory.views)
        if other.camera == view.camera
        and other.encoded.eighth.shape == view.encoded.eighth.shape
        and float((memory.world_from_base[i][:3, 3] - pose[:3, 3]).norm()) > LEAST_BASELINE
    ]
    return sorted(found, key=lambda i: abs(memory.views[i].stamp_ns - view.stamp_ns))[:limit]
