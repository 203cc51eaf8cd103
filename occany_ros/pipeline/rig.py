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
    :param reference: index of the view the robot was placed by.
    """

    world_from_base: NDArray[np.float64]
    base_from_camera: NDArray[np.float64]
    extrinsics: Extrinsics
    reference: int


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """
    Where the cameras were found to sit so far.

    The first camera without given extrinsics looks along the robot's x axis by assumption, and
    the base is at it; the others follow from images taken at one instant.

    :param found: camera name -> base_from_camera, (4, 4), in the order in which they were seen.
    :param given: those of them somebody told.
    :param scale: metres to the network's unit when the others were found.
    """

    found: Mapping[str, NDArray[np.float64]]
    given: frozenset[str] = frozenset()
    scale: float = 1.0

    def first_name(self, order: Sequence[str]) -> str:
        """
        Name the first camera of those that were seen; empty before any.

        :param order: of the cameras; those it does not name follow as they were seen.
        """
        return next((name for name in (*order, *self.found) if name in self.found), '')

    def first(self, order: Sequence[str]) -> NDArray[np.float64]:
        """
        Tell where the first camera of those that were seen sits, (4, 4); the axis swap before any.

        :param order: see `first_name`.
        """
        return self.found.get(self.first_name(order), BODY_FROM_OPTICAL)

    def reference(self, cameras: Sequence[Camera]) -> int:
        """
        Choose the camera the robot is placed by.

        It is the first camera with given extrinsics, else the first of those found, else the
        first.
        """
        known = (i for i, camera in enumerate(cameras) if camera.name in self.found)
        given = (i for i, camera in enumerate(cameras) if camera.base_from_camera is not None)
        return next(given, next(known, 0))

    def known(self, camera: Camera) -> NDArray[np.float64] | None:
        """Tell where a camera sits, (4, 4); None where nobody knows yet."""
        if camera.base_from_camera is not None:
            return camera.base_from_camera
        return self.found.get(camera.name)

    def place(self, cameras: Sequence[Camera], world_from_camera: NDArray[np.float64]) -> Placed:
        """
        Place a frame set.

        :param cameras: of the set, at least one.
        :param world_from_camera: their poses in the network's world, (v, 4, 4).
        """
        known = [self.known(camera) for camera in cameras]
        given = [camera.base_from_camera is not None for camera in cameras]
        reference = self.reference(cameras)
        base_from_reference = known[reference]
        if base_from_reference is None:
            base_from_reference = BODY_FROM_OPTICAL
        world_from_base = world_from_camera[reference] @ invert(base_from_reference)
        measured = invert(world_from_base) @ world_from_camera  # (v, 4, 4)
        base_from_camera = np.stack(
            [
                own if is_given and own is not None else seen
                for own, seen, is_given in zip(known, measured, given, strict=True)
            ]
        )
        # A given camera may be missing from a set: the base is the given one all the same.
        extrinsics: Extrinsics = 'given' if any(given) or self.given else 'assumed'
        return Placed(world_from_base, base_from_camera, extrinsics, reference)

    def learn(self, cameras: Sequence[Camera], placed: Placed) -> 'Rig':
        """
        Remember where the cameras of a set sit: always what was given, what was seen only once.

        Sets that were taken before somebody gave the extrinsics are thus placed by them too.
        Places that were found by an assumed base end with it.
        """
        told = {camera.name for camera in cameras if camera.base_from_camera is not None}
        is_moved = bool(told) and not self.given
        found = {} if is_moved else self.found
        new = {
            camera.name: matrix
            for camera, matrix in zip(cameras, placed.base_from_camera, strict=True)
            if camera.base_from_camera is not None or camera.name not in found
        }
        return replace(self, found={**found, **new}, given=self.given | told)

    def at_scale(self, scale: float) -> 'Rig':
        """Spread the cameras that were found in images, since the network's unit is longer now."""
        ratio = scale / self.scale
        if ratio == 1.0 or not self.found:
            return replace(self, scale=scale)
        centre = self.found[
            next((n for n in self.found if n in self.given), next(iter(self.found)))
        ]
        return replace(
            self,
            scale=scale,
            found={
                name: matrix if name in self.given else stretched(matrix, centre[:3, 3], ratio)
                for name, matrix in self.found.items()
            },
        )


def stretched(
    parent_from_child: NDArray[np.float64], centre: NDArray[np.float64], ratio: float
) -> NDArray[np.float64]:
    """
    Move a pose away from a point, or towards it.

    :param parent_from_child: (4, 4).
    :param centre: stays where it is, (3,).
    :param ratio: of the distance to it afterwards and before.
    """
    moved = parent_from_child.copy()
    moved[:3, 3] = centre + ratio * (moved[:3, 3] - centre)
    return moved
