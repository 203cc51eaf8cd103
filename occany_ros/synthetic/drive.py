"""A vehicle with cameras that drives through a street."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.rig import draw_rig, known, Rig
from occany_ros.synthetic.scene import make_scene, Scene
import torch

_START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class DriveStep:
    """
    One instant of a drive, with the truth.

    :param frames: the images, with calibrated cameras.
    :param depth: along each optical axis, metres, 0 for the sky, (v, h, w) float32.
    :param label: native Occ3D class, 17 for the sky, (v, h, w) uint8.
    :param world_from_base: pose of the vehicle, metres, (4, 4) float64.
    :param stamp_ns: the instant, nanoseconds.
    """

    frames: FrameSet
    depth: NDArray[np.float32]
    label: NDArray[np.uint8]
    world_from_base: NDArray[np.float64]
    stamp_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """
    A planned drive; images are rendered when a step is asked for.

    :param seed: the number everything follows from.
    :param scene: the street.
    :param cameras: the vehicle's cameras, calibrated.
    :param size: height and width of the images, pixels.
    :param world_from_base: pose at each step, metres, (steps, 4, 4) float64.
    :param stamp_ns: time of each step, nanoseconds, (steps,) int64.
    :param shadows: whether solids cast shadows.
    :param device: where images are rendered.
    """

    seed: int
    scene: Scene
    cameras: tuple[Camera, ...]
    size: tuple[int, int]
    world_from_base: NDArray[np.float64]
    stamp_ns: NDArray[np.int64]
    shadows: bool = True
    device: torch.device | str = 'cpu'

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.stamp_ns)

    def __iter__(self) -> Iterator[DriveStep]:
        """Render one step after another."""
        return (self.step(number) for number in range(len(self)))

    def step(self, number: int) -> DriveStep:
        """
        Render an instant.

        :param number: which step, from 0.
        :returns: images and truth.
        :raises IndexError: the drive has no such step.
        """
        base = self.world_from_base[number]
        count = len(self.cameras)
        shots = Shots(
            np.stack([base @ known(camera.base_from_camera) for camera in self.cameras]),
            np.stack([known(camera.intrinsics) for camera in self.cameras]),
            [self.seed * 131 + number * count + k for k in range(count)],
        )
        seen = render(
            [self.scene] * count, shots, self.size, shadows=self.shadows, device=self.device
        )
        stamp_ns = int(self.stamp_ns[number])
        frames = tuple(
            Frame(camera, stamp_ns, image)
            for camera, image in zip(self.cameras, seen.image, strict=True)
        )
        return DriveStep(FrameSet(frames), seen.depth, seen.label, base, stamp_ns)


def _speeds(steps: int, interval: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Speed at each step, metres a second, between 4 and 12."""
    time = np.arange(steps) * interval
    mean, swing = random.uniform(5.5, 10.5), random.uniform(0.0, 1.5)
    period, phase = random.uniform(6, 20), random.uniform(0, 2 * np.pi)
    return np.clip(mean + swing * np.sin(2 * np.pi * time / period + phase), 4.0, 12.0)


def _poses(
    scene: Scene, along: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    ground = scene.ground
    total = max(scene.length, 1e-6)
    turn = random.uniform(0.0, 0.5) * total
    reach = min(max(0.45 * total, 25.0), 45.0)
    sway, wave, phase = random.uniform(0, 0.12), random.uniform(25, 60), random.uniform(0, 6.28)

    def place(s: float) -> NDArray[np.float64]:
        share = float(np.clip((s - turn) / reach, 0, 1))
        share = share * share * (3 - 2 * share)
        left = scene.lane_start + share * (scene.lane_end - scene.lane_start)
        left += sway * float(np.sin(2 * np.pi * s / wave + phase))
        x, y, _ = ground.world(s, left)
        return np.array([x, y])

    poses = np.tile(np.eye(4), (len(along), 1, 1))
    for pose, s in zip(poses, along, strict=True):
        ahead = place(s + 0.05) - place(s - 0.05)
        heading = np.arctan2(ahead[1], ahead[0])
        cos, sin = np.cos(heading), np.sin(heading)
        pose[:2, :2] = [[cos, -sin], [sin, cos]]
        pose[:2, 3] = place(s)
    return poses


def make_drive(
    seed: int,
    *,
    rig: Rig = 'front',
    rate_hz: float = 2.0,
    steps: int = 4,
    size: tuple[int, int] = (160, 512),
) -> Drive:
    """
    Plan a drive through the street of a seed.

    :param seed: any non-negative number; equal arguments give equal drives.
    :param rig: ``front`` or ``surround``.
    :param rate_hz: steps a second.
    :param steps: how many.
    :param size: height and width of the images, pixels.
    :returns: the drive, nothing rendered yet.
    :raises ValueError: a rate or a number of steps that is not positive.
    """
    if not rate_hz > 0:
        raise ValueError(f'rate_hz: expected more than 0 steps a second, got {rate_hz}')
    if steps < 1:
        raise ValueError(f'steps: expected at least 1, got {steps}')
    random = np.random.default_rng([seed, 2])
    interval = 1.0 / rate_hz
    travelled = np.concatenate(
        [[0.0], np.cumsum(_speeds(steps, interval, random) * interval)[:-1]]
    )
    scene = make_scene(seed, float(travelled[-1]))
    poses = _poses(scene, travelled, random)
    stamps = _START_NS + np.round(np.arange(steps) * interval * 1e9).astype(np.int64)
    return Drive(seed, scene, draw_rig(rig, size, random), size, poses, stamps)
