"""What the newest set says about the ground under its reference camera."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.ground_plane import fit_ground_plane, GroundPlane, ThinEvidence
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import Classes
from occany_ros.occupancy.points import transform_points
from occany_ros.pipeline.host_maps import HostMaps, NO_LABEL

MOST_POINTS: Final = 4000
"""Points the fit looks at: more cost time and say nothing new."""
_SECTORS: Final = 64
_RINGS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """
    The ground as one set shows it, before any scale is applied.

    :param plane: in the reference camera's optical frame, None where there is no telling.
    :param refused: why there is none; empty where there is one.
    :param reference: that camera, by its place in the set.
    """

    plane: GroundPlane | None
    refused: str = ''
    reference: int = 0


def see_ground(
    maps: HostMaps,
    reference: int,
    up: NDArray[np.float64],
    threshold: float,
    classes: Classes,
) -> Sight:
    """
    Look for the ground in all views of a set.

    Points of traversable classes are asked; where a network gives no labels, the lowest points
    of each direction and distance.

    :param maps: of the set.
    :param reference: view whose camera the plane is given for.
    :param up: unit vector thought to be upward, in that camera's optical frame, (3,).
    :param threshold: points need more confidence.
    """
    is_sure = maps.confidence > threshold
    is_ground = np.zeros(256, np.bool_)
    is_ground[:] = np.isin(classes.grid_from_native, classes.grid_traversable)
    is_labelled = maps.labels != NO_LABEL
    has_labels = bool(is_labelled.any())
    chosen = np.flatnonzero(is_sure & is_ground[maps.labels] if has_labels else is_sure)
    most = MOST_POINTS if has_labels else 4 * MOST_POINTS
    chosen = chosen[:: max(-(-len(chosen) // most), 1)]
    camera_from_world = invert(maps.world_from_camera[reference])
    points = transform_points(maps.world_points.reshape(-1, 3)[chosen], camera_from_world)
    try:
        plane = fit_ground_plane(points if has_labels else _lowest(points, up), up)
    except ThinEvidence as thin:
        return Sight(None, thin.reason, reference)
    return Sight(plane, reference=reference)


def _lowest(points: NDArray[np.float32], up: NDArray[np.float64]) -> NDArray[np.float32]:
    """Take the lower points of each sector and ring around the camera, those below it."""
    height = points @ up.astype(np.float32)
    points, height = points[height < 0], height[height < 0]
    if not len(points):
        return points
    side = np.cross(up, (0.0, 0.0, 1.0) if abs(up[2]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    axes = np.column_stack([np.cross(side, up), side]).astype(np.float32)
    x, y = (points @ axes).T
    sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * _SECTORS).astype(np.int64) % _SECTORS
    distance = np.hypot(x, y)
    far = max(float(np.median(distance)) * 3, 1e-6)
    ring = np.minimum((distance / far * _RINGS).astype(np.int64), _RINGS)
    place = sector * (_RINGS + 1) + ring
    lowest = np.full((_RINGS + 1) * _SECTORS, np.inf, np.float32)
    np.minimum.at(lowest, place, height)
    # Within a tenth of the depth of the lowest one, so that a few outliers do not stand alone.
    return points[height <= lowest[place] * np.float32(0.9)]
