"""Rays of one view, cut to a grid and sampled at cell steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec

_EDGE = 1e-3
"""Cells left out at the faces of the grid, so that rounding never leaves it."""


@dataclass(frozen=True, slots=True, eq=False)
class RayBundle:
    """
    What one view saw: a ray from its centre to every point.

    :param origin: optical centre, grid frame, metres, (3,).
    :param points: ends of the rays, grid frame, metres, (p, 3).
    :param confidence: at least 1, (p,).
    :param labels: native class, 255 = none; rays into free space (sky) only carve, (p,) uint8.
    :param spacing: angle between neighbouring rays, radians; 0 if they are no regular image.
    :param is_novel: whether nobody took that view.
    """

    origin: NDArray[np.floating]
    points: NDArray[np.floating]
    confidence: NDArray[np.floating]
    labels: NDArray[np.uint8]
    spacing: float = 0.0
    is_novel: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """
    Rays as directions and lengths.

    :param origin: metres, (3,) float32.
    :param unit: unit vectors, (3, p) float32.
    :param length: metres, (p,) float32.
    """

    origin: NDArray[np.float32]
    unit: NDArray[np.float32]
    length: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """
    Places along rays that lie in the grid.

    :param voxel: row-major index of the cell, (n,) int32.
    :param count: number of samples of each ray, they follow each other ray by ray, (p,).
    :param distance: from the origin, metres, (n,) float32.
    """

    voxel: NDArray[np.int32]
    count: NDArray[np.int64]
    distance: NDArray[np.float32]


def directions_of(origin: NDArray[np.floating], points: NDArray[np.floating]) -> Directions:
    """
    Directions and lengths of rays; a ray without length points nowhere.

    :param origin: metres, (3,).
    :param points: ends of the rays, metres, (p, 3).
    """
    start = origin.astype(np.float32)
    offset = np.ascontiguousarray(points.T, np.float32) - start[:, None]  # (3, p)
    length = np.sqrt((offset * offset).sum(axis=0))
    return Directions(start, offset / np.maximum(length, np.float32(1e-6)), length)


def walk(rays: Directions, until: NDArray[np.floating], spec: GridSpec) -> Samples:
    """
    Sample each ray in the middle of steps as long as a cell, from where it enters the grid.

    :param until: where to stop on each ray at the latest, metres, (p,).
    """
    step = np.float32(spec.resolution)
    start = (rays.origin - np.array(spec.origin, np.float32)) / step  # in cells
    enter = np.zeros(len(rays.length), np.float32)
    leave = (until / step).astype(np.float32)
    for axis, size in enumerate(spec.shape):
        with np.errstate(divide='ignore', invalid='ignore'):
            lower = (np.float32(_EDGE) - start[axis]) / rays.unit[axis]
            upper = (np.float32(size - _EDGE) - start[axis]) / rays.unit[axis]
        if not _EDGE <= start[axis] <= size - _EDGE:  # then a parallel ray never gets in
            upper[rays.unit[axis] == 0] = -np.inf
            lower[rays.unit[axis] == 0] = -np.inf
        enter = np.fmax(enter, np.fmin(lower, upper))
        leave = np.fmin(leave, np.fmax(lower, upper))
    count = np.floor(np.maximum(leave - enter, 0)).astype(np.int64)
    first = np.cumsum(count) - count
    along = np.arange(int(count.sum()), dtype=np.int32) - np.repeat(first.astype(np.int32), count)
    along = along.astype(np.float32) + np.repeat(enter + np.float32(0.5), count)
    voxel = np.zeros(len(along), np.int32)
    for axis, size in enumerate(spec.shape):
        position = np.repeat(rays.unit[axis], count)
        position *= along
        position += start[axis]
        voxel *= np.int32(size)
        voxel += position.astype(np.int32)
    return Samples(voxel, count, along * step)


def locate(
    points: tuple[NDArray[np.float32], ...], spec: GridSpec
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """
    Cells of points, those outside the grid left out.

    :param points: x, y and z in the grid's frame, metres, three arrays of one shape.
    :returns: row-major index of the cell of each point inside (n,), and which points those are.
    """
    kept = np.ones(points[0].shape, np.bool_)
    cells = []
    for axis, size in enumerate(spec.shape):
        lattice = (points[axis] - np.float32(spec.origin[axis])) / np.float32(spec.resolution)
        kept &= (lattice >= 0) & (lattice < size)
        cells.append(lattice)
    voxel = np.zeros(int(kept.sum()), np.int32)
    for lattice, size in zip(cells, spec.shape, strict=True):
        voxel *= np.int32(size)
        voxel += lattice[kept].astype(np.int32)
    return voxel, kept
