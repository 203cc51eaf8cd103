"""The two-dimensional grid planners read, from the three-dimensional one."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import FREE, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.voxels import layers_between, obstacle_mask, occupied_mask

COST_UNKNOWN: Final = -1
COST_FREE: Final = 0
COST_OCCUPIED: Final = 100


@dataclass(frozen=True, slots=True)
class CostmapParameters:
    """
    What makes a cell occupied.

    :param z_min: obstacles start this high, metres in the grid's frame.
    :param z_max: obstacles end this high, metres.
    :param min_voxels: obstacle voxels in a column that make its cell occupied.
    """

    z_min: float = 0.2
    z_max: float = 2.0
    min_voxels: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Costmap:
    """
    A two-dimensional grid, its axes those of its frame.

    :param cells: -1 unknown, 0 free, 100 occupied, (x, y) int8.
    :param origin: minimum corner of cell (0, 0), metres, whole multiples of the resolution.
    :param resolution: edge of a cell, metres.
    """

    cells: NDArray[np.int8]
    origin: tuple[float, float]
    resolution: float


def _snapped(value: float, resolution: float) -> float:
    """Nearest whole multiple of the resolution."""
    return round(value / resolution) * resolution


def flatten(
    grid: OccupancyGrid3d, traversable: tuple[int, ...], parameters: CostmapParameters
) -> NDArray[np.int8]:
    """
    One value for every column of the grid.

    Occupied: enough obstacle voxels between the heights. Free: ground and no obstacle, or a free
    voxel between the heights in a grid that tells free from unknown; a grid without a single
    unknown voxel does not, and there only ground makes a cell free. Unknown: the rest.

    :param traversable: grid labels of the ground.
    :returns: -1, 0 or 100, (x, y) int8.
    """
    band = grid.labels[:, :, layers_between(grid, parameters.z_min, parameters.z_max)]
    blocked = obstacle_mask(band, traversable).sum(axis=-1) >= max(parameters.min_voxels, 1)
    ground = occupied_mask(grid.labels) & ~obstacle_mask(grid.labels, traversable)
    free = ground.any(axis=-1)
    if (grid.labels == UNKNOWN).any():
        free |= (band == FREE).any(axis=-1)
    cells = np.where(free, np.int8(COST_FREE), np.int8(COST_UNKNOWN))
    cells[blocked] = COST_OCCUPIED
    return cells


def costmap_in_grid(
    grid: OccupancyGrid3d, traversable: tuple[int, ...], parameters: CostmapParameters
) -> Costmap:
    """
    Costmap in the grid's own frame.

    Its origin moves by up to half a cell where the grid's is no multiple of the resolution.
    """
    x, y, _ = grid.spec.origin
    step = grid.spec.resolution
    origin = (_snapped(x, step), _snapped(y, step))
    return Costmap(flatten(grid, traversable, parameters), origin, step)


def costmap_in_odom(
    grid: OccupancyGrid3d,
    traversable: tuple[int, ...],
    parameters: CostmapParameters,
    odom_from_base: NDArray[np.float64],
) -> Costmap:
    """
    Costmap along the axes of the odometry frame, turned there by the robot's heading.

    Its size is the diagonal of the grid, so it does not change as the robot turns. Every occupied
    column of the grid keeps at least the cell its centre falls into.

    :param odom_from_base: pose of the grid's frame, (4, 4); only heading and position count.
    """
    source = flatten(grid, traversable, parameters)
    step = grid.spec.resolution
    corner = np.array(grid.spec.origin[:2])
    shape = np.array(source.shape)
    heading = np.arctan2(odom_from_base[1, 0], odom_from_base[0, 0])
    cosine, sine = np.cos(heading), np.sin(heading)
    turn = np.array([(cosine, -sine), (sine, cosine)])  # odom_from_base in the plane
    shift = odom_from_base[:2, 3]
    size = int(np.ceil(np.hypot(*shape))) + 1
    middle = turn @ (corner + shape * step / 2) + shift
    first = np.round(middle / step - size / 2)  # cell (0, 0) counted from the odometry origin

    along = (first[:, None] + np.arange(size) + 0.5) * step - shift[:, None]  # (2, size)
    x = cosine * along[0][:, None] + sine * along[1][None, :]
    y = cosine * along[1][None, :] - sine * along[0][:, None]
    column = np.floor((x - corner[0]) / step).astype(np.int64)
    row = np.floor((y - corner[1]) / step).astype(np.int64)
    inside = (column >= 0) & (column < shape[0]) & (row >= 0) & (row < shape[1])
    cells = np.full((size, size), COST_UNKNOWN, np.int8)
    cells[inside] = source[column[inside], row[inside]]

    centres = corner + (np.argwhere(source == COST_OCCUPIED) + 0.5) * step
    marked = np.floor((centres @ turn.T + shift) / step - first).astype(np.int64)
    cells[marked[:, 0], marked[:, 1]] = COST_OCCUPIED
    origin = first * step
    return Costmap(cells, (float(origin[0]), float(origin[1])), step)
