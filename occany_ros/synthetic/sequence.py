"""Short sequences for training, light enough for many worker processes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera
from occany_ros.synthetic.drive import Drive, make_drive
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.rig import known
from occany_ros.synthetic.scene import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """
    Images of one camera on a moving vehicle, with the truth at a stride.

    :param image: RGB, (t, h, w, 3) uint8.
    :param depth: along the optical axis, metres, 0 for the sky, (t, h / s, w / s) float32.
    :param label: native Occ3D class, 17 for the sky, (t, h / s, w / s) uint8.
    :param intrinsics: of the full image, (3, 3) float64.
    :param base_from_camera: the camera on the vehicle, (4, 4) float64.
    :param world_from_base: the vehicle, (t, 4, 4) float64.
    :param stamp_ns: nanoseconds, (t,) int64.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    label: NDArray[np.uint8]
    intrinsics: NDArray[np.float64]
    base_from_camera: NDArray[np.float64]
    world_from_base: NDArray[np.float64]
    stamp_ns: NDArray[np.int64]


def render_sequence(
    seed: int,
    frames: int = 4,
    size: tuple[int, int] = (160, 512),
    *,
    stride: int = 1,
    shadows: bool = True,
) -> Sequence:
    """
    Render a sequence: two in three through a front camera, one in three through one of six.

    Time steps vary from 0.1 to 0.5 s between sequences. Pixel ``(i, j)`` of the truth belongs to
    pixel ``(i * stride + stride // 2, j * stride + stride // 2)`` of the image.

    :param seed: decides everything.
    :param frames: number of images.
    :param size: height and width, pixels.
    :param stride: of the truth.
    :param shadows: whether solids cast shadows.
    :returns: the sequence.
    """
    drive, camera = _planned(seed, frames, size)
    intrinsics, base_from_camera = known(camera.intrinsics), known(camera.base_from_camera)
    shots = Shots(
        drive.world_from_base @ base_from_camera,
        np.repeat(intrinsics[None], frames, 0),
        [seed * 131 + k for k in range(frames)],
    )
    seen = render([drive.scene] * frames, shots, size, shadows=shadows)
    first = stride // 2
    return Sequence(
        seen.image,
        np.ascontiguousarray(seen.depth[:, first::stride, first::stride]),
        np.ascontiguousarray(seen.label[:, first::stride, first::stride]),
        intrinsics,
        base_from_camera,
        drive.world_from_base,
        drive.stamp_ns,
    )


def scene_of(seed: int, frames: int, size: tuple[int, int]) -> Scene:
    """Make the street that `render_sequence` drives through."""
    return _planned(seed, frames, size)[0].scene


def _planned(seed: int, frames: int, size: tuple[int, int]) -> tuple[Drive, Camera]:
    """Plan a drive and choose one of its cameras."""
    random = np.random.default_rng([seed, 3])
    front = random.random() < 2 / 3
    rate_hz = 1 / float(random.uniform(0.1, 0.5))
    drive = make_drive(
        seed, rig='front' if front else 'surround', rate_hz=rate_hz, steps=frames, size=size
    )
    return drive, drive.cameras[int(random.integers(len(drive.cameras)))]
