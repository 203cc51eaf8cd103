"""Where cameras sit on the robot: as given, or else as their own reconstruction says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.points import BODY_FROM_OPTICAL
from occany_ros.pipeline.occupancy_update import Extrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """
    A frame set placed in the network's world.

    :param world_from_base: pose of the robot, (4, 4) float64.
    :param base_from_camera: of each view, as given or as found, (v, 4, 4) float64.
    :param extrinsics: whether the base was given or is assumed at the reference camera.
    """

    world_from_base: NDArray[np.float64]
    base_from_camera: NDArray[np.float64]
    extrinsics: Extrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """
    Where the cameras were found to sit so far.

    The first camera without given extrinsics looks along the robot's x axis by assumption, with
    the base ``height_m`` below it; the others follow from images taken at one instant.

    :param height_m: of the assumed reference camera over the base.
    :param found: camera name -> base_from_camera, (4, 4).
    """

    height_m: float
    found: Mapping[str, NDArray[np.float64]]

    def place(self, cameras: Sequence[Camera], world_from_camera: NDArray[np.float64]) -> Placed:
        """
        Place a frame set.

        The reference is the first camera with given extrinsics, else the first of those found,
        else the first.

        :param cameras: of the set, at least one.
        :param world_from_camera: their poses in the network's world, (v, 4, 4).
        """
        known = [self._known(camera) for camera in cameras]
        given = [camera.base_from_camera is not None for camera in cameras]
        reference = next(
            (i for i, is_given in enumerate(given) if is_given),
            next((i for i, matrix in enumerate(known) if matrix is not None), 0),
        )
        base_from_reference = known[reference]
        if base_from_reference is None:
            base_from_reference = BODY_FROM_OPTICAL.copy()
            base_from_reference[2, 3] = self.height_m
        world_from_base = world_from_camera[reference] @ invert(base_from_reference)
        measured = invert(world_from_base) @ world_from_camera  # (v, 4, 4)
        base_from_camera = np.stack(
            [
                own if is_given and own is not None else seen
                for own, seen, is_given in zip(known, measured, given, strict=True)
            ]
        )
        return Placed(world_from_base, base_from_camera, 'given' if any(given) else 'assumed')

    def learn(self, cameras: Sequence[Camera], placed: Placed) -> 'Rig':
        """
        Remember where the cameras of a set sit: always what was given, what was seen only once.

        Sets that were taken before somebody gave the extrinsics are thus placed by them too.
        """
        new = {
            camera.name: matrix
            for camera, matrix in zip(cameras, placed.base_from_camera, strict=True)
            if camera.base_from_camera is not None or camera.name not in self.found
        }
        return replace(self, found={**self.found, **new})

    def _known(self, camera: Camera) -> NDArray[np.float64] | None:
        if camera.base_from_camera is not None:
            return camera.base_from_camera
        return self.found.get(camera.name)
