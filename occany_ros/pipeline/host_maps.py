"""A network's answer on the CPU, fetched in one copy and checked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.prediction import Prediction
import torch

NO_LABEL = 255


class NonFiniteOutput(ArithmeticError):  # noqa: N818 - it names an output
    """
    The network answered NaN or infinity.

    :param name: which part of the prediction.
    :param count: how many of its numbers.
    :param total: out of how many.
    """

    def __init__(self, name: str, count: int, total: int) -> None:
        super().__init__(
            f'{name}: expected finite numbers, got {count} of {total} that are not: the frame is '
            'dropped; if it happens often try model.precision fp32'
        )
        self.name = name
        self.count = count


@dataclass(frozen=True, slots=True, eq=False)
class HostMaps:
    """
    A prediction as NumPy arrays.

    :param world_points: network's world, metres, (v, h, w, 3) float32.
    :param depth: along each optical axis, metres, (v, h, w) float32.
    :param confidence: at least 1, (v, h, w) float32.
    :param labels: native classes, 255 = none, (v, h, w) uint8.
    :param world_from_camera: (v, 4, 4) float64.
    :param focal: pixels of the network-sized images, (v,) float32.
    """

    world_points: NDArray[np.float32]
    depth: NDArray[np.float32]
    confidence: NDArray[np.float32]
    labels: NDArray[np.uint8]
    world_from_camera: NDArray[np.float64]
    focal: NDArray[np.float32]

    def part(self, views: slice) -> 'HostMaps':
        """Take views in a row."""
        return HostMaps(
            self.world_points[views],
            self.depth[views],
            self.confidence[views],
            self.labels[views],
            self.world_from_camera[views],
            self.focal[views],
        )


def fetch(prediction: Prediction) -> HostMaps:
    """
    Bring a prediction to the CPU in one copy.

    :raises NonFiniteOutput: points, confidence or poses are not finite.
    """
    labels = prediction.labels
    if labels is None:
        labels = torch.full_like(prediction.confidence, NO_LABEL)
    maps = torch.stack(
        (
            *prediction.world_points.float().unbind(-1),
            prediction.local_points[..., 2].float(),
            prediction.confidence.float(),
            labels.to(prediction.confidence.device).float(),
        ),
        dim=1,
    )  # v 6 h w
    poses = prediction.world_from_camera.to(maps.device, torch.float32)
    focal = prediction.focal.to(maps.device, torch.float32)[:, None]
    packed = torch.cat((maps.flatten(1), poses.flatten(1), focal), dim=1).cpu().numpy()
    numbers = maps.shape[1:].numel()
    fields = packed[:, :numbers].reshape(maps.shape)
    world_from_camera = packed[:, numbers:-1].reshape(-1, 4, 4)
    for name, values in (
        ('world_points', fields[:, :3]),
        ('local_points', fields[:, 3]),
        ('confidence', fields[:, 4]),
        ('world_from_camera', world_from_camera),
        ('focal', packed[:, -1]),
    ):
        wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
        if wrong:
            raise NonFiniteOutput(name, wrong, values.size)
    return HostMaps(
        world_points=np.ascontiguousarray(np.moveaxis(fields[:, :3], 1, -1)),
        depth=fields[:, 3],
        confidence=fields[:, 4],
        labels=fields[:, 5].astype(np.uint8),
        world_from_camera=world_from_camera.astype(np.float64),
        focal=packed[:, -1],
    )
