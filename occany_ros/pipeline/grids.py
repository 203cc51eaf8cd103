"""Two ways from a network's maps to a grid, the released splat and rays that carve; pooling."""

from dataclasses import replace
import math

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import Classes, FREE, GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.points import concatenate, LabelledPoints, transform_points
from occany_ros.occupancy.pooling import dilate, largest_around, pool_classes, Pooling
from occany_ros.occupancy.rays import RayBundle
from occany_ros.occupancy.voxelize import collect_votes, label_votes
from occany_ros.pipeline.config import MapperConfig, Merge
from occany_ros.pipeline.host_maps import ViewMaps


def trilinear_grid(cloud: LabelledPoints, spec: GridSpec, classes: Classes) -> OccupancyGrid3d:
    """
    Fill a grid as the released models are evaluated (OccAny §12).

    :param cloud: solid points, base frame.
    :returns: cells no point touches are free; confidence grows with the weight of points.
    """
    votes = collect_votes(cloud, spec, classes)
    labels = classes.grid_from_native[label_votes(votes, spec, classes)]
    confidence: NDArray[np.uint8] = np.zeros(spec.shape, np.uint8)
    share = votes.weight / (votes.weight + np.float32(1))
    confidence.reshape(-1)[votes.voxels] = np.ceil(255 * share)
    return OccupancyGrid3d(spec, labels, confidence, classes.grid_names)


def merged_grid(
    seen: LabelledPoints,
    novel: LabelledPoints,
    spec: GridSpec,
    classes: Classes,
    merge: Merge,
) -> OccupancyGrid3d:
    """
    Fill a grid with the points of seen and of novel views (OccAny §12).

    :param merge: ``evaluation`` or ``demo``, see `occany_ros.pipeline.config.MapperConfig`.
    """
    if merge == 'evaluation':
        return trilinear_grid(concatenate((seen, novel)), spec, classes)
    over, under = (trilinear_grid(cloud, spec, classes) for cloud in (seen, novel))
    is_seen = over.labels != FREE
    return replace(
        over,
        labels=np.where(is_seen, over.labels, under.labels),
        confidence=np.where(is_seen, over.confidence, under.confidence),
    )


def ray_bundles(
    maps: ViewMaps,
    base_from_world: NDArray[np.float64],
    classes: Classes,
    config: MapperConfig,
    *,
    image_width: int,
    is_novel: bool,
) -> tuple[RayBundle, ...]:
    """
    Turn every view into rays in the base frame, for `occany_ros.occupancy.fusion`.

    Large maps are thinned to about ``config.max_rays`` rays a view, evenly in rows and columns.
    Rays into the sky come along, since they clear what they pass; those of novel views only if the
    network is sure, because it may also not know at all what lies in a direction.

    :param maps: of every view.
    :param base_from_world: (4, 4).
    :param image_width: of the network-sized images, which ``maps.focal`` is measured in.
    :param is_novel: whether nobody took these views.
    """
    threshold = config.novel_confidence if is_novel else config.confidence
    height, width = maps.confidence.shape[1:]
    step = max(math.ceil(math.sqrt(height * width / config.max_rays)), 1)
    every = slice(step // 2, None, step)
    grid = (every, every)
    bundles = []
    for view, pose in enumerate(maps.world_from_camera):
        labels = maps.labels[view][grid]
        confidence = maps.confidence[view][grid]
        kept = confidence > threshold
        if not is_novel:
            kept |= labels == classes.empty
        focal = max(float(maps.focal[view]), 1.0)
        bundles.append(
            RayBundle(
                origin=(base_from_world @ pose)[:3, 3],
                points=transform_points(maps.world_points[view][grid][kept], base_from_world),
                confidence=confidence[kept],
                labels=labels[kept],
                spacing=image_width / width * step / focal,
                is_novel=is_novel,
            )
        )
    return tuple(bundles)


def pooled(grid: OccupancyGrid3d, classes: Classes, pooling: Pooling) -> OccupancyGrid3d:
    """
    Let voxels hear their 26 neighbours (OccAny §12).

    ``geometry`` also occupies every voxel beside an occupied one: geometry is scored like that.
    The new voxels are of class ``other`` and as certain as their most certain neighbour.
    ``classes`` gives each occupied voxel the class most frequent around it. ``unified`` does the
    one and then the other. ``none`` changes nothing.
    """
    if pooling == 'none':
        return grid
    if pooling == 'unified':
        return pooled(pooled(grid, classes, 'geometry'), classes, 'classes')
    is_occupied = (grid.labels != FREE) & (grid.labels != UNKNOWN)
    if pooling == 'geometry':
        is_new = dilate(is_occupied) & ~is_occupied
        other = classes.grid_from_native[classes.other]
        certainty = largest_around(np.where(is_occupied, grid.confidence, np.uint8(0)))
        return replace(
            grid,
            labels=np.where(is_new, other, grid.labels),
            confidence=np.where(is_new, certainty, grid.confidence),
        )
    empty = np.uint8(classes.empty)
    native = np.where(is_occupied, classes.native_from_grid[grid.labels], empty)
    labels = classes.grid_from_native[pool_classes(native, classes)]
    return replace(grid, labels=np.where(is_occupied, labels, grid.labels))
