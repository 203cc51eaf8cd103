"""Pictures, depth and classes of scenes, for any pinhole cameras."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.air import develop
from occany_ros.synthetic.cast import first_hits, screen_bounds
from occany_ros.synthetic.packing import pack
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.shade import shade
from occany_ros.synthetic.sight import assemble, cut, Sight
import torch
from torch import Tensor

GROUND_FAR = 160.0
"""The ground ends here, metres along the optical axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """
    Cameras at the moment of exposure.

    :param world_from_camera: poses of the optical frames, metres, (b, 4, 4) float64.
    :param intrinsics: pinhole matrices in pixels; whole numbers are pixel centres, (b, 3, 3).
    :param numbers: decide the sensor noise, b of them.
    """

    world_from_camera: NDArray[np.float64]
    intrinsics: NDArray[np.float64]
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """
    What cameras see.

    :param image: RGB, (b, h, w, 3) uint8.
    :param depth: along the optical axis, metres, 0 for the sky, (b, h, w) float32.
    :param label: Occ3D class, 17 for the sky, (b, h, w) uint8.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    label: NDArray[np.uint8]


def render(
    scenes: Sequence[Scene],
    shots: Shots,
    size: tuple[int, int],
    *,
    shadows: bool = True,
    device: torch.device | str = 'cpu',
) -> Rendering:
    """
    Render each scene through a camera.

    :param scenes: the scene of each camera, b of them (the same one may come again and again).
    :param shots: the cameras, b of them.
    :param size: height and width of the images, pixels.
    :param shadows: whether solids cast shadows.
    :param device: where to compute.
    :returns: images, depths and classes.
    :raises ValueError: not as many scenes as cameras.
    """
    with torch.no_grad():
        sight = look(scenes, shots, size, device)
        planes, label = shade(sight, shadows=shadows)
        colours = torch.stack([assemble(plane, size) for plane in planes], 1)
        light = sight.packed.light.expand(len(scenes), -1)
        image = develop(colours, assemble(sight.solid, size), light, shots.numbers)
    return Rendering(
        image.cpu().numpy(),
        assemble(sight.depth, size).cpu().numpy(),
        assemble(label, size).cpu().numpy(),
    )


@torch.no_grad()
def look(
    scenes: Sequence[Scene],
    shots: Shots,
    size: tuple[int, int],
    device: torch.device | str = 'cpu',
) -> Sight:
    """
    Find what every pixel sees, without colours.

    :param scenes: as for `render`.
    :param shots: as for `render`; the numbers do not matter.
    :param size: height and width of the images, pixels.
    :param device: where to compute.
    :raises ValueError: not as many scenes as cameras.
    """
    if len(scenes) != len(shots.intrinsics):
        raise ValueError(
            f'scenes: expected {len(shots.intrinsics)}, one a camera, got {len(scenes)}'
        )
    pose = shots.world_from_camera
    packed = pack(scenes, pose[:, :3, 3], device)
    rotation = torch.from_numpy(pose[:, :3, :3].astype(np.float32)).to(device)
    pinhole = torch.from_numpy(shots.intrinsics.astype(np.float32)).to(device)
    tiles = cut(rotation, pinhole, size)
    ground = _ground(tiles.rays, packed.camera[:, None, None, 2])
    bounds = screen_bounds(packed, rotation.transpose(1, 2), pinhole)
    depth, solid = first_hits(packed, tiles, bounds, ground)
    depth = depth.masked_fill_(depth.isinf(), 0.0)
    return Sight(packed, tiles.rays, depth, solid, pinhole[:, 0, 0])


def _ground(rays: Tensor, height: Tensor) -> Tensor:
    """Depth of the ground below cameras of a height, infinite for none, (b, t, n)."""
    down = rays[:, :, 2]
    depth = -height / down.clamp(max=-1e-4)
    return depth.masked_fill_((down > -1e-4) | (depth > GROUND_FAR), torch.inf)
