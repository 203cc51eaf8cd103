"""Two ways from a network's maps to a grid: the released splat, and rays that carve."""

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.occupancy.grid import Classes, GridSpec, OccupancyGrid3d
from occany_ros.occupancy.points import LabelledPoints, transform_points
from occany_ros.occupancy.rays import RayBundle
from occany_ros.occupancy.voxelize import collect_votes, label_votes
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.host_maps import HostMaps


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


def ray_bundles(
    maps: HostMaps,
    frames: Sequence[Frame],
    base_from_world: NDArray[np.float64],
    classes: Classes,
    config: MapperConfig,
) -> tuple[RayBundle, ...]:
    """
    Turn every view into rays in the base frame, for `occany_ros.occupancy.fusion`.

    Large maps are thinned to about ``config.max_rays`` rays a view, evenly in rows and columns.
    Rays into the sky come along, since they clear what they pass.

    :param maps: of every view.
    :param frames: the network-sized image of each view.
    :param base_from_world: (4, 4).
    """
    height, width = maps.depth.shape[1:]
    step = max(math.ceil(math.sqrt(height * width / config.max_rays)), 1)
    every = slice(step // 2, None, step)
    grid = (every, every)
    bundles = []
    for view, frame in enumerate(frames):
        labels = maps.labels[view][grid]
        confidence = maps.confidence[view][grid]
        kept = (confidence > config.confidence) | (labels == classes.empty)
        pixels = frame.image.shape[1] / width * step
        focal = max(float(maps.focal[view]), 1.0)
        bundles.append(
            RayBundle(
                origin=(base_from_world @ maps.world_from_camera[view])[:3, 3],
                points=transform_points(maps.world_points[view][grid][kept], base_from_world),
                confidence=confidence[kept],
                labels=labels[kept],
                spacing=pixels / focal,
            )
        )
    return tuple(bundles)
