"""Which grid the parameters ask for; loads no network, so that launch files may ask too."""

from typing import Final

from occany_ros.occupancy.grid import GridSpec
from occany_ros.ros.settings.parameters import Parameters

GRIDS: Final = {
    'nuscenes': GridSpec(origin=(-40.0, -40.0, -1.0), resolution=0.4, shape=(200, 200, 16)),
    'kitti': GridSpec(origin=(0.0, -25.6, -2.0), resolution=0.2, shape=(256, 256, 32)),
    'demo': GridSpec(origin=(-40.0, -40.0, -3.6), resolution=0.4, shape=(200, 200, 24)),
    'indoor': GridSpec(origin=(-8.0, -8.0, -0.4), resolution=0.1, shape=(160, 160, 32)),
}
"""Grids by the name of ``grid.preset``; the first two are those of the benchmarks (spec §14)."""


def grid_spec(parameters: Parameters) -> GridSpec:
    """Choose the grid: a preset, or the three parameters."""
    given = parameters.grid
    if given.preset != 'custom':
        return GRIDS[given.preset]
    x, y, z = given.origin
    size_x, size_y, size_z = given.size
    return GridSpec((x, y, z), given.resolution, (size_x, size_y, size_z))
