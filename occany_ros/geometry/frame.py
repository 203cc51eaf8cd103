"""Cameras, single images and sets of images taken together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """
    What is known about one camera; everything but its name may be unknown.

    :param name: the camera's name in the parameters, e.g. ``front``.
    :param intrinsics: pinhole matrix in pixels of the image as delivered, (3, 3) float64, or None.
    :param base_from_camera: pose of the optical frame (x right, y down, z forward) in the robot's
        base frame (x forward, y left, z up; origin on the ground), metres, (4, 4) float64, or
        None.
    """

    name: str
    intrinsics: NDArray[np.float64] | None = None
    base_from_camera: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """
    One image of one camera.

    :param camera: the camera that took it.
    :param stamp_ns: time of exposure, nanoseconds.
    :param image: RGB, (h, w, 3) uint8.
    :param mask: which parts of the image are used, at any size, (r, c); None for all.
    """

    camera: Camera
    stamp_ns: int
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameSet:
    """
    Images that belong to one instant, at most one per camera, in the cameras' configured order.

    :param frames: at least one frame; the first is the reference.
    :param external_from_base: pose of the robot by somebody else's odometry, (4, 4) float64, or
        None.
    :param grid_from_base: pose of the base frame in the frame the grid hangs on, (4, 4) float64;
        None where they are one.
    """

    frames: tuple[Frame, ...]
    external_from_base: NDArray[np.float64] | None = None
    grid_from_base: NDArray[np.float64] | None = None

    @property
    def stamp_ns(self) -> int:
        """Time of the newest image, nanoseconds."""
        return max(frame.stamp_ns for frame in self.frames)
