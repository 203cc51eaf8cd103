"""Occupied voxels as lists: all of them, the visible shell, obstacles and ground."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import cell_at, centre_of, FREE, OccupancyGrid3d, UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class VoxelList:
    """
    Some voxels of a grid, in row-major order of their cells.

    :param cells: x, y, z indices, (n, 3) int64.
    :param centres: grid frame, metres, (n, 3) float32.
    :param labels: grid label, (n,) uint8.
    :param confidence: 0 to 255, (n,) uint8.
    """

    cells: NDArray[np.int64]
    centres: NDArray[np.float32]
    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]


def occupied_mask(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Cells that hold something: neither free nor unknown."""
    return (labels != FREE) & (labels != UNKNOWN)


def _listed(grid: OccupancyGrid3d, flat: NDArray[np.int64]) -> VoxelList:
    """Voxels at row-major positions."""
    cells = cell_at(flat, grid.spec)
    return VoxelList(
        cells,
        centre_of(cells, grid.spec).astype(np.float32),
        grid.labels.ravel()[flat],
        grid.confidence.ravel()[flat],
    )


def occupied_voxels(grid: OccupancyGrid3d) -> VoxelList:
    """Every occupied voxel."""
    return _listed(grid, np.flatnonzero(occupied_mask(grid.labels)))


def surface_voxels(grid: OccupancyGrid3d) -> VoxelList:
    """Occupied voxels with a face that is not covered by another one; the border covers none."""
    occupied = occupied_mask(grid.labels)
    covered = occupied.copy()
    padded = np.pad(occupied, 1)
    inner = slice(1, -1)
    for side in (slice(0, -2), slice(2, None)):
        covered &= padded[side, inner, inner]
        covered &= padded[inner, side, inner]
        covered &= padded[inner, inner, side]
    return _listed(grid, np.flatnonzero(occupied & ~covered))


def layers_between(grid: OccupancyGrid3d, z_min: float, z_max: float) -> slice:
    """Layers of the grid whose centres lie in ``[z_min, z_max]``, metres."""
    _, _, size_z = grid.spec.shape
    lowest, step = grid.spec.origin[2], grid.spec.resolution
    tolerance = 1e-6
    first = int(np.ceil((z_min - lowest) / step - 0.5 - tolerance))
    last = int(np.floor((z_max - lowest) / step - 0.5 + tolerance))
    first = min(max(first, 0), size_z)
    return slice(first, min(max(last + 1, first), size_z))


def obstacle_mask(labels: NDArray[np.uint8], traversable: tuple[int, ...]) -> NDArray[np.bool_]:
    """
    Occupied cells one cannot move over.

    :param traversable: grid labels of the ground.
    """
    blocks = np.ones(256, np.bool_)
    blocks[[FREE, UNKNOWN, *traversable]] = False
    return blocks[labels]


def _nearest(voxels: VoxelList, limit: int) -> VoxelList:
    """At most so many voxels, those nearest to the z axis, in their order."""
    if len(voxels.cells) <= limit:
        return voxels
    distance = np.hypot(voxels.centres[:, 0], voxels.centres[:, 1])
    keep = np.sort(np.argpartition(distance, limit)[:limit])
    return VoxelList(
        voxels.cells[keep], voxels.centres[keep], voxels.labels[keep], voxels.confidence[keep]
    )


def obstacle_voxels(
    grid: OccupancyGrid3d,
    traversable: tuple[int, ...],
    *,
    z_min: float,
    z_max: float,
    max_points: int,
) -> VoxelList:
    """
    Occupied voxels that are no ground, between two heights.

    :param traversable: grid labels of the ground.
    :param z_min: lowest centre, metres.
    :param z_max: highest centre, metres.
    :param max_points: most voxels; the nearest ones stay.
    """
    chosen = np.zeros(grid.spec.shape, np.bool_)
    layers = layers_between(grid, z_min, z_max)
    chosen[:, :, layers] = obstacle_mask(grid.labels[:, :, layers], traversable)
    return _nearest(_listed(grid, np.flatnonzero(chosen)), max_points)


def ground_voxels(
    grid: OccupancyGrid3d, traversable: tuple[int, ...], *, max_points: int
) -> VoxelList:
    """
    Occupied voxels one can move on.

    :param traversable: grid labels of the ground.
    :param max_points: most voxels; the nearest ones stay.
    """
    chosen = occupied_mask(grid.labels) & ~obstacle_mask(grid.labels, traversable)
    return _nearest(_listed(grid, np.flatnonzero(chosen)), max_points)
