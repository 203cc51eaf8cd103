"""From a network's maps to points in the base frame, and to pictures of the newest cameras."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.occupancy.grid import Classes
from occany_ros.occupancy.points import LabelledPoints, transform_points
from occany_ros.pipeline.host_maps import HostMaps, NO_LABEL, ViewMaps
from occany_ros.pipeline.occupancy_update import CameraView, Cloud

ScalarT = TypeVar('ScalarT', bound=np.generic)


def solid(maps: ViewMaps, threshold: float, classes: Classes) -> NDArray[np.bool_]:
    """Pixels that show something: confidence strictly above the threshold, and not sky."""
    return (maps.confidence > threshold) & (maps.labels != classes.empty)


def points_in_base(
    maps: ViewMaps, is_solid: NDArray[np.bool_], base_from_world: NDArray[np.float64]
) -> LabelledPoints:
    """
    Collect the solid points of all views.

    :param is_solid: (v, h, w).
    :param base_from_world: pose of the network's world in the base frame, (4, 4).
    """
    return LabelledPoints(
        points=transform_points(maps.world_points[is_solid], base_from_world),
        confidence=maps.confidence[is_solid],
        labels=maps.labels[is_solid],
    )


def coloured_cloud(
    cloud: LabelledPoints,
    frames: Sequence[Frame],
    is_solid: NDArray[np.bool_],
    classes: Classes,
    max_points: int,
) -> Cloud:
    """
    Colour points by their pixels, and thin them evenly where there are too many.

    :param cloud: solid points, base frame.
    :param frames: the network-sized image of each view, in the order of the maps.
    :param is_solid: where the points come from, (v, h, w).
    :param max_points: most that are kept.
    :returns: points; one without a label is ``other``, as the voxel it lies in.
    """
    shape = (is_solid.shape[1], is_solid.shape[2])
    rgb = np.stack([resampled(frame.image, shape) for frame in frames])[is_solid]
    count = len(cloud.points)
    kept = min(count, max_points)
    chosen = np.arange(kept) * count // max(kept, 1)
    excess = cloud.confidence[chosen] - np.float32(1)
    labels = np.zeros(0, np.uint8) if cloud.labels is None else cloud.labels[chosen]
    return Cloud(
        points=cloud.points[chosen],
        rgb=rgb[chosen],
        labels=classes.grid_from_native[np.where(labels == NO_LABEL, classes.other, labels)],
        confidence=(excess / (excess + np.float32(1))).astype(np.float32),
    )


def camera_views(
    frames: Sequence[Frame],
    maps: HostMaps,
    is_solid: NDArray[np.bool_],
    base_from_camera: NDArray[np.float64],
    classes: Classes,
) -> tuple[CameraView, ...]:
    """
    Show the newest set camera by camera, at the size of the network's images.

    :param frames: of the newest set.
    :param maps: of the same views.
    :param is_solid: of the same views, (v, h, w).
    :param base_from_camera: (v, 4, 4).
    """
    depth = np.where(is_solid, maps.depth, np.float32(np.nan))
    labels = classes.grid_from_native[maps.labels]
    return tuple(
        CameraView(
            name=frame.camera.name,
            stamp_ns=frame.stamp_ns,
            image=frame.image,
            depth=resampled(view_depth, frame.image.shape[:2]),
            labels=resampled(view_labels, frame.image.shape[:2]),
            base_from_camera=pose,
            focal=float(focal),
            calibrated_focal=_focal(frame),
        )
        for frame, view_depth, view_labels, pose, focal in zip(
            frames, depth, labels, base_from_camera, maps.focal, strict=True
        )
    )


def _focal(frame: Frame) -> float | None:
    intrinsics = frame.camera.intrinsics
    return None if intrinsics is None else float(np.sqrt(intrinsics[0, 0] * intrinsics[1, 1]))


def resampled(image: NDArray[ScalarT], shape: tuple[int, ...]) -> NDArray[ScalarT]:
    """
    Take the nearest pixels at another size.

    :param image: (h, w, ...).
    :param shape: rows and columns.
    """
    height, width = shape
    rows = ((np.arange(height) + 0.5) * image.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * image.shape[1] / width).astype(np.intp)
    return image[rows[:, None], columns]
