"""
What moved away: older points of things that move, where a newer image looks past them.

A rolling window shows one place at several times. What stands still is the better for it; a
pedestrian would leave a trail. So every point of a class that moves by itself is held against
the newer images: where they see something clearly farther in its direction, it has left. A
parked car is seen again where it was, and keeps the points of all images; what no newer image
looks at stays until it leaves the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.geometry.projection import resized_intrinsics
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import Classes
from occany_ros.pipeline.host_maps import Fetched, HostMaps

FARTHER: Final = 1.25
"""A view looks past a point where it sees this many times as far."""
FARTHER_M: Final = 0.5
"""And so many metres farther."""
_NEAREST_M: Final = 0.3
_NO_CONFIDENCE: Final = np.float32(1)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """
    How far one view sees.

    :param camera_from_world: (4, 4).
    :param intrinsics: pinhole matrix, pixels of ``reach``, (3, 3).
    :param reach: least depth among the 3 x 3 pixels around, metres; infinite for sky, 0 where
        nothing is known, (h, w) float32.
    """

    camera_from_world: NDArray[np.float64]
    intrinsics: NDArray[np.float64]
    reach: NDArray[np.float32]


def looks_past(look: Look, points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """
    Tell which points a view looks past, so that nothing can be there any more.

    :param points: world frame, metres, (p, 3).
    :returns: (p,); False for points the view does not look at.
    """
    rotation = look.camera_from_world[:3, :3].astype(np.float32)
    x, y, depth = (points @ rotation.T + look.camera_from_world[:3, 3].astype(np.float32)).T
    ahead = depth > _NEAREST_M
    height, width = look.reach.shape
    safe = np.where(ahead, depth, np.float32(1))
    column = np.round(look.intrinsics[0, 0] * x / safe + look.intrinsics[0, 2])
    row = np.round(look.intrinsics[1, 1] * y / safe + look.intrinsics[1, 2])
    ahead &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
    past = np.zeros(len(points), np.bool_)
    pixel = row[ahead].astype(np.intp), column[ahead].astype(np.intp)
    past[ahead] = look.reach[pixel] > depth[ahead] * FARTHER + FARTHER_M
    return past


def looks_of(
    maps: HostMaps, frames: Sequence[Frame], threshold: float, classes: Classes
) -> tuple[Look, ...]:
    """
    Say how far each view sees.

    :param frames: the network-sized image of each view; a camera without intrinsics has the
        focal length of the maps and its centre in the middle.
    :param threshold: points below this confidence say nothing.
    """
    reach = np.where(maps.confidence > threshold, maps.depth, np.float32(0))
    reach = np.where(maps.labels == classes.empty, np.float32(np.inf), reach)
    height, width = reach.shape[1:]
    looks = []
    for view, frame in enumerate(frames):
        rows, columns = frame.image.shape[:2]
        matrix = frame.camera.intrinsics
        if matrix is None:
            focal = float(maps.focal[view])
            matrix = np.array(
                [(focal, 0, (columns - 1) / 2), (0, focal, (rows - 1) / 2), (0, 0, 1)]
            )
        scale = (width / columns, height / rows)
        looks.append(
            Look(
                camera_from_world=invert(maps.world_from_camera[view]),
                intrinsics=resized_intrinsics(matrix, scale),
                reach=_least_around(reach[view]),
            )
        )
    return tuple(looks)


def without_moved(
    fetched: Fetched,
    frames: Sequence[Frame],
    ages: Sequence[int],
    moving: frozenset[int],
    threshold: float,
    classes: Classes,
) -> Fetched:
    """
    Take the confidence from points of things that have moved away since.

    Novel views have no time of their own: theirs are held against the newest set.

    :param frames: the network-sized image of each seen view.
    :param ages: of each seen view, 0 for the newest set.
    :param moving: native ids of the classes that move by themselves.
    :param threshold: points of seen views with more confidence are used.
    :returns: the same maps where nothing moves.
    """
    table = np.zeros(256, np.bool_)
    table[list(moving)] = True
    seen, novel = fetched.seen, fetched.novel
    suspects = table[seen.labels] & (seen.confidence > threshold)
    suspects &= (np.asarray(ages) > 0)[:, None, None]
    imagined = None if novel is None else table[novel.labels]
    if not suspects.any() and (imagined is None or not imagined.any()):
        return fetched
    looks = looks_of(seen, frames, threshold, classes)
    confidence = seen.confidence.copy()
    for age in sorted(set(ages) - {0}):
        older = suspects & (np.asarray(ages) == age)[:, None, None]
        newer = [look for look, own in zip(looks, ages, strict=True) if own < age]
        confidence[older] = _weakened(seen.world_points[older], confidence[older], newer)
    if novel is not None and imagined is not None:
        newest = [look for look, own in zip(looks, ages, strict=True) if own == 0]
        weaker = novel.confidence.copy()
        weaker[imagined] = _weakened(novel.world_points[imagined], weaker[imagined], newest)
        novel = replace(novel, confidence=weaker)
    return Fetched(replace(seen, confidence=confidence), novel)


def _weakened(
    points: NDArray[np.float32], confidence: NDArray[np.float32], looks: Sequence[Look]
) -> NDArray[np.float32]:
    """Confidence of points, none where a view looks past them."""
    gone = np.zeros(len(points), np.bool_)
    for look in looks:
        gone |= looks_past(look, points)
    return np.where(gone, _NO_CONFIDENCE, confidence)


def _least_around(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least of the 3 x 3 pixels around each: outlines are never sharper than a pixel, (h, w)."""
    least = depth
    for axis in (0, 1):
        padded = np.pad(least, [(1, 1) if axis == side else (0, 0) for side in (0, 1)], 'edge')
        count = depth.shape[axis]
        parts = [np.take(padded, np.arange(first, first + count), axis) for first in range(3)]
        least = np.minimum(np.minimum(parts[0], parts[1]), parts[2])
    return least
