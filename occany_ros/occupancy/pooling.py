"""
3x3x3 pooling of grids and the demo's rule for merging two of them.

Grids hold native class ids; the neighbourhood includes the voxel itself and cells outside the
grid count as empty. Source: spec §12.
"""

from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import NativeClasses

Pooling = Literal['none', 'geometry', 'classes', 'unified']
Filling = Literal['dilate', 'majority']
ScalarT = TypeVar('ScalarT', np.bool_, np.uint8)
_MAJORITY: Final = 14


def _outer(axis: int, side: slice) -> tuple[slice, ...]:
    """Index that takes a slice of one of three axes."""
    return tuple(side if dimension == axis else slice(None) for dimension in range(3))


def dilate(occupied: NDArray[np.bool_], *, times: int = 1) -> NDArray[np.bool_]:
    """Grow a set of voxels (x, y, z) by its 26-neighbours, once or several times."""
    grown = occupied
    for _ in range(times):
        grown = largest_around(grown)
    return grown


def largest_around(values: NDArray[ScalarT]) -> NDArray[ScalarT]:
    """Take the largest value among the 27 around each voxel, itself included, (x, y, z)."""
    largest = values.copy()
    for axis in range(3):
        before = largest.copy()
        for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            view = largest[_outer(axis, here)]
            np.maximum(view, before[_outer(axis, there)], out=view)
    return largest


def count_neighbours(occupied: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Occupied voxels among the 27 around each one, itself included, (x, y, z)."""
    count = occupied.astype(np.uint8)
    for axis in range(3):
        before = count.copy()
        count[_outer(axis, slice(1, None))] += before[_outer(axis, slice(None, -1))]
        count[_outer(axis, slice(None, -1))] += before[_outer(axis, slice(1, None))]
    return count


def fill(occupied: NDArray[np.bool_], rule: Filling) -> NDArray[np.bool_]:
    """
    Fill empty voxels.

    :param rule: ``dilate`` where any of the 27 is occupied, ``majority`` where most of them are.
    :returns: a superset of ``occupied``.
    """
    if rule == 'dilate':
        return dilate(occupied)
    return occupied | (count_neighbours(occupied) >= _MAJORITY)


def pool_geometry(
    native: NDArray[np.uint8], classes: NativeClasses, *, rule: Filling = 'dilate'
) -> NDArray[np.uint8]:
    """
    Fill the geometry and forget the classes: what geometry presets are scored with.

    :param native: class of every voxel, (x, y, z) uint8.
    :returns: ``classes.empty`` or one value for occupied: 0, or 1 where 0 means empty.
    """
    occupied = fill(native != classes.empty, rule)
    mark = 1 if classes.empty == 0 else 0
    return np.where(occupied, np.uint8(mark), np.uint8(classes.empty))


def pool_classes(
    native: NDArray[np.uint8], classes: NativeClasses, *, only_other: bool = False
) -> NDArray[np.uint8]:
    """
    Give each occupied voxel the most frequent real class around it; occupancy stays as it is.

    Empty and other do not vote; ties go to the lowest id; a voxel with no real class around it
    keeps its own.

    :param native: class of every voxel, (x, y, z) uint8.
    :param only_other: relabel only voxels of class other.
    """
    changes = native == classes.other if only_other else native != classes.empty
    where = np.flatnonzero(changes)
    silent = classes.count  # column of the ids that do not vote
    column = np.full(256, silent, np.uint8)
    column[: classes.count] = np.arange(classes.count)
    column[[classes.empty, classes.other]] = silent
    padded = np.pad(column[native], 1, constant_values=np.uint8(silent))
    x, y, z = np.unravel_index(where, native.shape)
    _, size_y, size_z = padded.shape
    corner = (x * size_y + y) * size_z + z
    steps = np.array([(i * size_y + j) * size_z + k for i, j, k in np.ndindex(3, 3, 3)])
    around = padded.ravel()[corner[:, None] + steps]  # (n, 27)
    rows = np.arange(len(where))[:, None] * (silent + 1)
    table = np.bincount((rows + around).ravel(), minlength=len(where) * (silent + 1))
    counts = table.reshape(-1, silent + 1)[:, :silent]
    pooled = native.copy().ravel()
    heard = counts.any(axis=-1)
    pooled[where[heard]] = counts[heard].argmax(axis=-1)
    return pooled.reshape(native.shape)


def pool_unified(
    native: NDArray[np.uint8], classes: NativeClasses, *, rule: Filling = 'dilate'
) -> NDArray[np.uint8]:
    """Fill with voxels of class other, then `pool_classes` over all occupied voxels."""
    added = fill(native != classes.empty, rule) & (native == classes.empty)
    return pool_classes(np.where(added, np.uint8(classes.other), native), classes)


def merge_demo(
    seen: NDArray[np.uint8], imagined: NDArray[np.uint8], classes: NativeClasses
) -> NDArray[np.uint8]:
    """
    Lay the grid of real views over the grid of novel views, as the released demo does.

    The evaluation instead concatenates the points of both and voxelizes once:
    `occany_ros.occupancy.points.concatenate`, real views first.
    """
    return np.where(seen != classes.empty, seen, imagined)
