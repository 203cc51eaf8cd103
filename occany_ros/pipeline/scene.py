"""Points, voxels and pictures of one step."""

from dataclasses import dataclass

from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import TokensT
from occany_ros.occupancy.fusion import fuse
from occany_ros.occupancy.grid import Classes, OccupancyGrid3d
from occany_ros.pipeline.clouds import camera_views, coloured_cloud, points_in_base, solid
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.grids import ray_bundles, trilinear_grid
from occany_ros.pipeline.host_maps import HostMaps
from occany_ros.pipeline.localisation import Located
from occany_ros.pipeline.occupancy_update import CameraView, Cloud


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
    maps: HostMaps,
    located: Located[TokensT],
    newest: int,
    classes: Classes,
    config: MapperConfig,
) -> Scene:
    """
    Bring the points of a window to the newest base frame and fill the grid with them.

    :param maps: of every view of the window, in memory order.
    :param located: the window's poses.
    :param newest: index of the newest set in the window.
    """
    is_solid = solid(maps, config.confidence, classes)
    base_from_world = invert(located.newest.world_from_base)
    cloud = points_in_base(maps, is_solid, base_from_world)
    frames = [frame for entry in located.window for frame in entry.frames]
    first = sum(len(entry.frames) for entry in located.window[:newest])
    here = slice(first, first + len(located.window[newest].frames))
    if config.fusion == 'carve':
        bundles = ray_bundles(maps, frames, base_from_world, classes, config)
        grid = fuse(bundles, config.grid, config.carving, classes)
    else:
        grid = trilinear_grid(cloud, config.grid, classes)
    return Scene(
        grid=grid,
        cloud=coloured_cloud(cloud, frames, is_solid, classes, config.max_points),
        views=camera_views(
            frames[here],
            maps.part(here),
            is_solid[here],
            located.newest.base_from_camera,
            classes,
        ),
    )
