"""What goes out: one function for every topic, from one value; knows no node."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry, Path
import numpy as np
from numpy.typing import NDArray
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.occupancy.costmap import costmap_in_grid, costmap_in_odom, CostmapParameters
from occany_ros.occupancy.voxels import (
    ground_voxels,
    obstacle_voxels,
    occupied_voxels,
    surface_voxels,
    VoxelList,
)
from occany_ros.pipeline.feature_colours import feature_colours, fits
from occany_ros.pipeline.occupancy_update import CameraView, Cloud
from occany_ros.ros.messages import convert
from occany_ros.ros.messages.ego_motion import odometry_message
from occany_ros.ros.messages.markers import markers
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.classes import ClassSet
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

OWN_ODOMETRY: Final = 'occany_odom'


def occupancy(scene: Scene) -> SemanticOccupancyGrid:
    """Dense semantic grid."""
    return convert.grid_message(scene.occupancy.grid, scene.head())


def voxels(scene: Scene) -> PointCloud2:
    """Every occupied voxel."""
    return _coloured(scene, occupied_voxels(scene.occupancy.grid))


def voxels_surface(scene: Scene) -> PointCloud2:
    """Occupied voxels with a free face."""
    return _coloured(scene, surface_voxels(scene.occupancy.grid))


def points(scene: Scene) -> PointCloud2:
    """Points the grid was made of."""
    return convert.cloud_message(scene.occupancy.cloud, scene.head())


def obstacles(scene: Scene) -> PointCloud2:
    """Voxels a robot cannot pass."""
    limits = scene.parameters.obstacles
    found = obstacle_voxels(
        scene.occupancy.grid,
        scene.traversable,
        z_min=limits.z_min,
        z_max=limits.z_max,
        max_points=limits.max_points,
    )
    head = scene.head(scene.parameters.base_frame)
    return convert.labels_message(scene.in_base(found.centres), found.labels, head)


def ground(scene: Scene) -> PointCloud2:
    """Voxels a robot can drive on."""
    limit = scene.parameters.obstacles.max_points
    found = ground_voxels(scene.occupancy.grid, scene.traversable, max_points=limit)
    head = scene.head(scene.parameters.base_frame)
    return convert.labels_message(scene.in_base(found.centres), found.labels, head)


def costmap(scene: Scene) -> OccupancyGrid:
    """Two-dimensional grid, along the odometry's axes where somebody publishes it."""
    given = scene.parameters.costmap
    limits = CostmapParameters(given.z_min, given.z_max, given.min_voxels)
    grid, traversable = scene.occupancy.grid, scene.traversable
    external = scene.external_grid
    if external is None:
        flat, frame = costmap_in_grid(grid, traversable, limits), ''
    else:
        flat = costmap_in_odom(grid, traversable, limits, external)
        frame = scene.parameters.odom_frame
    return convert.costmap_message(flat.cells, flat.origin, flat.resolution, scene.head(frame))


def odometry(scene: Scene) -> Odometry:
    """Accumulated ego motion and speed of the base frame."""
    head = scene.head(scene.odom_frame)
    return odometry_message(scene.occupancy.motion, head, scene.parameters.base_frame)


def pose(scene: Scene) -> PoseStamped:
    """Newest pose."""
    return convert.pose_stamped_message(
        scene.occupancy.odom_from_base, scene.head(scene.odom_frame)
    )


def path(scene: Scene) -> Path:
    """Poses since the last reset."""
    return Path(header=scene.head(scene.odom_frame), poses=list(scene.path))


def depth(scene: Scene, view: CameraView) -> Image:
    """Metres along the optical axis, NaN where unknown."""
    return convert.image_message(view.depth, '32FC1', _camera_head(scene, view))


def semantic(scene: Scene, view: CameraView) -> Image | None:
    """Class of every pixel; None where nobody labelled any."""
    if not view.is_labelled:
        return None
    return convert.image_message(view.labels, 'mono8', _camera_head(scene, view))


def semantic_color(scene: Scene, view: CameraView) -> Image | None:
    """Class of every pixel in its colour; None where nobody labelled any."""
    if not view.is_labelled:
        return None
    pixels = _palette(scene.classes)[view.labels]
    return convert.image_message(pixels, 'rgb8', _camera_head(scene, view))


def features(scene: Scene, view: CameraView) -> Image | None:
    """Semantic features as colours, alike where things are alike; None where there are none."""
    basis = scene.feature_basis
    if basis is None or view.features is None or not fits(basis, view.features):
        return None
    height, width = view.image.shape[:2]
    pixels = cv2.resize(feature_colours(view.features, basis), (width, height))
    return convert.image_message(pixels, 'rgb8', _camera_head(scene, view))


SCENE_OUTPUTS: Final[dict[str, tuple[Any, Callable[[Scene], Any]]]] = {
    'occupancy': (SemanticOccupancyGrid, occupancy),
    'voxels': (PointCloud2, voxels),
    'voxels_surface': (PointCloud2, voxels_surface),
    'points': (PointCloud2, points),
    'obstacles': (PointCloud2, obstacles),
    'ground': (PointCloud2, ground),
    'costmap': (OccupancyGrid, costmap),
    'odom': (Odometry, odometry),
    'pose': (PoseStamped, pose),
    'path': (Path, path),
    'markers': (MarkerArray, markers),
}
"""Topic below ``~/`` -> message type and its maker."""

CAMERA_OUTPUTS: Final[dict[str, Callable[[Scene, CameraView], Image | None]]] = {
    'depth': depth,
    'semantic': semantic,
    'semantic_color': semantic_color,
    'features': features,
}
"""Topic below ``~/<camera>/`` -> its maker; all are images, None where there is nothing."""

LATCHED: Final = frozenset({'costmap'})
"""Outputs a late subscriber gets at once: made whether or not somebody listens."""


def odometry_frame(parameters: Parameters, *, is_refused: bool = False) -> str:
    """
    Name the frame that the ego motion is given in.

    :param is_refused: somebody else publishes what ``publish_tf`` asks for: then that frame is
        theirs, and ours has a name of its own.
    """
    if is_refused:
        return OWN_ODOMETRY
    frames = {'odom_to_base': parameters.odom_frame, 'map_to_odom': parameters.map_frame}
    return frames.get(parameters.publish_tf, OWN_ODOMETRY)


def traversable(classes: ClassSet, names: Sequence[str]) -> tuple[int, ...]:
    """Grid labels of the ground: of the classes named, else of those the class set calls so."""
    known = tuple(name for name in names if name in classes.names)
    return classes.grid_labels(classes.indices(known)) if known else classes.grid_traversable


def _coloured(scene: Scene, found: VoxelList) -> PointCloud2:
    cloud = Cloud(
        points=found.centres,
        rgb=_palette(scene.classes)[found.labels],
        labels=found.labels,
        confidence=found.confidence.astype(np.float32) / np.float32(255),
    )
    return convert.cloud_message(cloud, scene.head())


def _palette(classes: ClassSet) -> NDArray[np.uint8]:
    """Colour of every grid label, unknown ones black, (256, 3)."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(classes.grid_colours)] = classes.grid_colours
    return table


def _camera_head(scene: Scene, view: CameraView) -> Any:
    return convert.header(view.stamp_ns, scene.frame_ids.get(view.name, ''))
