"""What any prediction must be compared with: flat ground alone, and perfect depth."""

import numpy as np
from occany_ros.occupancy.grid import grid_from_native, GridSpec, OccupancyGrid3d
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.occupancy.voxelize import voxelize
from occany_ros.semantics.classes import ClassSet

GROUND_NAMES = ('driveable_surface', 'road')


def plane_grid(spec: GridSpec, classes: ClassSet) -> OccupancyGrid3d:
    """
    Every voxel at the height of the wheels is road, all else is free.

    :raises ValueError: when the ground is not inside the grid.
    :raises LookupError: when the class set knows no road.
    """
    road = [classes.names.index(name) for name in GROUND_NAMES if name in classes.names]
    if not road:
        raise LookupError(f'class set {classes.name}: expected one of {GROUND_NAMES}')
    layer = int(np.floor(-spec.origin[2] / spec.resolution))
    if not 0 <= layer < spec.shape[2]:
        raise ValueError(f'spec: expected a grid that contains z = 0, got {spec}: move its origin')
    native = np.full(spec.shape, classes.empty, np.uint8)
    native[:, :, layer] = road[0]
    return grid_from_native(native, spec, classes)


def true_points_grid(cloud: LabelledPoints, spec: GridSpec, classes: ClassSet) -> OccupancyGrid3d:
    """
    Voxels that hold a true point: the ceiling for point maps without completion.

    :param cloud: true depth of the cameras in the grid's frame, with native classes; points of
        free space (sky) are left out.
    """
    if cloud.labels is None:
        raise ValueError('cloud: expected true classes, got none: give a label for every point')
    solid = cloud.labels != classes.empty
    kept = LabelledPoints(cloud.points[solid], cloud.confidence[solid], cloud.labels[solid])
    return grid_from_native(voxelize(kept, spec, classes, splat='nearest'), spec, classes)
