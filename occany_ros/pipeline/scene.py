"""Points, voxels and pictures of one step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import TokensT
from occany_ros.occupancy.fusion import fuse
from occany_ros.occupancy.grid import Classes, OccupancyGrid3d
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.pipeline.clouds import camera_views, coloured_cloud, points_in_base, solid
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.grids import merged_grid, pooled, ray_bundles, trilinear_grid
from occany_ros.pipeline.hanging import Joint
from occany_ros.pipeline.host_maps import Fetched, ViewMaps
from occany_ros.pipeline.localisation import Located
from occany_ros.pipeline.occupancy_update import CameraView, Cloud
from occany_ros.pipeline.window import views_of


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """
    What a step shows.

    :param grid: around the robot at the newest set, base frame.
    :param cloud: the points it was made of, base frame.
    :param views: the newest set.
    """

    grid: OccupancyGrid3d
    cloud: Cloud
    views: tuple[CameraView, ...]


def fill(
    maps: Fetched,
    located: Located[TokensT],
    newest: int,
    joint: Joint,
    classes: Classes,
    config: MapperConfig,
) -> Scene:
    """
    Bring the points of a window to the grid's frame at the newest set and fill the grid.

    :param maps: of every view of the window, in memory order, and of novel views.
    :param located: the window's poses.
    :param newest: index of the newest set in the window.
    :param joint: how what is mounted hangs on the base frame and the grid's.
    """
    is_solid = solid(maps.seen, config.confidence, classes)
    grid_from_world = joint.grid_from_mounted @ invert(located.newest.world_from_base)
    cloud = points_in_base(maps.seen, is_solid, grid_from_world)
    frames = [frame for entry in located.window for frame in entry.frames]
    here = views_of(located.window, newest)
    if config.fusion == 'carve':
        width = frames[0].image.shape[1]
        grid = _carved(maps, grid_from_world, width, classes, config)
    else:
        grid = _splatted(maps.novel, cloud, grid_from_world, classes, config)
    return Scene(
        grid=pooled(grid, classes, config.pooling),
        cloud=coloured_cloud(cloud, frames, is_solid, classes, config.max_points),
        views=camera_views(
            frames[here],
            maps.seen.part(here),
            is_solid[here],
            joint.base_from_mounted @ located.newest.base_from_camera,
            classes,
        ),
    )


def _splatted(
    novel: ViewMaps | None,
    seen: LabelledPoints,
    grid_from_world: NDArray[np.float64],
    classes: Classes,
    config: MapperConfig,
) -> OccupancyGrid3d:
    """Let points mark the cells around them."""
    if novel is None:
        return trilinear_grid(seen, config.grid, classes)
    is_solid = solid(novel, config.novel_confidence, classes)
    imagined = points_in_base(novel, is_solid, grid_from_world)
    return merged_grid(seen, imagined, config.grid, classes, config.merge)


def _carved(
    maps: Fetched,
    grid_from_world: NDArray[np.float64],
    image_width: int,
    classes: Classes,
    config: MapperConfig,
) -> OccupancyGrid3d:
    """Let rays mark cells and clear others."""
    bundles = [
        bundle
        for views in (maps.seen, maps.novel)
        if views is not None
        for bundle in ray_bundles(
            views,
            grid_from_world,
            classes,
            config,
            image_width=image_width,
            is_novel=views is not maps.seen,
        )
    ]
    return fuse(bundles, config.grid, config.carving, classes)
