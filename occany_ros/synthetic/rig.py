"""Cameras on a vehicle."""

from typing import get_args, Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera

Rig = Literal['front', 'surround']

SURROUND = (
    ('CAM_FRONT', 0.0, 70.0, (1.70, 0.00, 1.51)),
    ('CAM_FRONT_RIGHT', -55.0, 70.0, (1.55, -0.49, 1.50)),
    ('CAM_FRONT_LEFT', 55.0, 70.0, (1.52, 0.49, 1.51)),
    ('CAM_BACK', 180.0, 110.0, (0.03, 0.00, 1.57)),
    ('CAM_BACK_LEFT', 110.0, 70.0, (1.04, 0.48, 1.59)),
    ('CAM_BACK_RIGHT', -110.0, 70.0, (1.04, -0.48, 1.56)),
)
"""Name, heading and opening in degrees, place in the base frame in metres."""


def base_from_camera(
    position: tuple[float, float, float], yaw: float, pitch: float, roll: float
) -> NDArray[np.float64]:
    """
    Pose of an optical frame on the vehicle.

    :param position: in the base frame, metres.
    :param yaw: heading, to the left, radians.
    :param pitch: downwards, radians.
    :param roll: clockwise as seen by the camera, radians.
    :returns: (4, 4).
    """
    ahead = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    level = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    below = np.cross(ahead, level)
    right = np.cos(roll) * level + np.sin(roll) * below
    down = np.cross(ahead, right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, down, ahead], 1)
    pose[:3, 3] = position
    return pose


def pinhole(opening: float, size: tuple[int, int], rise: float = 0.0) -> NDArray[np.float64]:
    """
    Pinhole matrix of an image; whole pixel coordinates are pixel centres.

    :param opening: horizontal field of view, radians.
    :param size: height and width, pixels.
    :param rise: how far the principal point lies below the middle, share of the height.
    :returns: (3, 3).
    """
    height, width = size
    focal = width / 2 / np.tan(opening / 2)
    return np.array(
        [
            [focal, 0.0, (width - 1) / 2],
            [0.0, focal, (height - 1) / 2 + rise * height],
            [0.0, 0.0, 1.0],
        ]
    )


def known(part: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """
    Insist on a part of a calibration.

    :param part: a matrix of a :class:`~occany_ros.geometry.frame.Camera`.
    :returns: the matrix.
    :raises ValueError: it is missing.
    """
    if part is None:
        raise ValueError(
            'camera: expected a calibrated one, got none: set intrinsics and base_from_camera'
        )
    return part


def draw_rig(rig: Rig, size: tuple[int, int], random: np.random.Generator) -> tuple[Camera, ...]:
    """
    Draw the cameras of a vehicle.

    :param rig: ``front``: one camera of random height, tilt and opening; ``surround``: six as on
        a nuScenes car, slightly displaced.
    :param size: height and width of the images, pixels.
    :param random: source of chance.
    :returns: the cameras, calibrated.
    :raises ValueError: there is no such rig.
    """
    if rig == 'front':
        place = (float(random.uniform(0.8, 1.8)), 0.0, float(random.uniform(1.4, 1.9)))
        pitch, yaw, roll = np.radians(random.normal(0.0, (1.0, 0.5, 0.4)))
        pose = base_from_camera(place, float(yaw), float(pitch), float(roll))
        opening = np.radians(random.uniform(55, 90))
        rise = float(random.uniform(-0.08, 0.08))
        return (Camera('front', pinhole(opening, size, rise), pose),)
    if rig != 'surround':
        raise ValueError(f'rig: expected one of {get_args(Rig)}, got {rig!r}')
    cameras = []
    for name, heading, wide, place in SURROUND:
        yaw, pitch, roll = np.radians(random.normal((heading, 0.0, 0.0), (0.6, 0.5, 0.3)))
        pose = base_from_camera(place, float(yaw), float(pitch), float(roll))
        opening = np.radians(wide + random.uniform(-1.5, 1.5))
        cameras.append(Camera(name, pinhole(opening, size), pose))
    return tuple(cameras)
