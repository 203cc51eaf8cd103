"""Depth and classes of a street from any pose, without its colours: a tenth of the work."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.render import look, Shots
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.shade import SKY
from occany_ros.synthetic.sight import assemble, Sight
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """
    What cameras would see.

    :param depth: along the optical axis, metres, 0 for the sky, (b, h, w) float32.
    :param label: Occ3D class, 17 for the sky, (b, h, w) uint8.
    """

    depth: NDArray[np.float32]
    label: NDArray[np.uint8]


def survey(scenes: Sequence[Scene], shots: Shots, size: tuple[int, int]) -> Survey:
    """
    Measure each scene from a camera.

    From inside a solid that solid is not seen.

    :param scenes: the scene of each camera, b of them.
    :param shots: the cameras, b of them; their numbers do not matter.
    :param size: height and width of the images, pixels.
    """
    sight = look(scenes, shots, size)
    label = _labels(sight)
    return Survey(assemble(sight.depth, size).numpy(), assemble(label, size).numpy())


def _labels(sight: Sight) -> Tensor:
    """Class of every pixel, (b, t, n) uint8."""
    packed = sight.packed
    cameras, width = packed.kind.shape
    first = torch.arange(cameras)[:, None, None] * width
    label = packed.label.flatten()[sight.solid.clamp(min=0) + first]
    bare, seen = sight.solid < 0, sight.depth > 0
    label[bare] = SKY
    points = sight.rays[:, :, :2] * sight.depth[:, :, None] + packed.camera[:, None, :2, None]
    camera, tile, pixel = (bare & seen).nonzero(as_tuple=True)
    numbers = packed.ground.T
    rows = GroundRows(numbers if len(packed.ground) == 1 else numbers[:, camera])
    place = locate(rows, points[camera, tile, 0, pixel], points[camera, tile, 1, pixel])
    label[camera, tile, pixel] = place.label
    return label.to(torch.uint8)


def is_inside(scene: Scene, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """
    Tell which points lie inside the box around a solid, or under the ground.

    :param points: world, metres, (n, 3).
    :returns: (n,).
    """
    solids = scene.solids
    offset = points[:, None] - solids.centre  # n p 3
    unit = np.einsum('pij,npj->npi', solids.axes, offset) / solids.half
    within: NDArray[np.bool_] = (np.abs(unit) < 1).all(axis=-1).any(axis=-1)
    return within | (points[:, 2] <= 0)
