"""What the demo's scores stand beside: flat ground, perfect depth, and an untrained network."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from occany_ros.bags.street import LOOK_BACK, steps_with_truth, Truth
from occany_ros.evaluation.demo_report import tally_of_pairs
from occany_ros.evaluation.references import plane_grid, true_points_grid
from occany_ros.evaluation.scores import Scores, scores_of, Tally
from occany_ros.models.factory import load_model
from occany_ros.models.tiny import load_tiny
from occany_ros.occupancy.grid import OccupancyGrid3d
from occany_ros.occupancy.points import concatenate, LabelledPoints, transform_points
from occany_ros.pipeline.mapper import config_for, mapper_of
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import Drive, DriveStep
from occany_ros.synthetic.truth import unproject

Pairs = list[tuple[OccupancyGrid3d, OccupancyGrid3d]]

RANDOM_VIEWS: Final = 8  # images at most that the untrained network is given; it is slow as any


def reference_scores(
    drive: Drive, on_step: Callable[[int], None] | None = None
) -> dict[str, Scores]:
    """
    Score the three references on a drive.

    :param on_step: called with the number of steps done.
    :returns: name of the reference -> scores.
    """
    return {name: scores_of(tally) for name, tally in reference_tallies(drive, on_step).items()}


def reference_tallies(
    drive: Drive, on_step: Callable[[int], None] | None = None
) -> dict[str, Tally]:
    """
    Count the voxels of the three references on a drive, so that drives can be added up.

    :param on_step: called with the number of steps done.
    :returns: name of the reference -> tally.
    """
    planes: Pairs = []
    points: Pairs = []
    seen: deque[tuple[DriveStep, LabelledPoints]] = deque(maxlen=LOOK_BACK)
    first: list[tuple[DriveStep, Truth]] = []
    for number, (step, truth) in enumerate(steps_with_truth(drive)):
        spec = truth.grid.spec
        seen.append((step, true_points(drive, step)))
        planes.append((plane_grid(spec, OCC3D), truth.grid))
        points.append((true_points_grid(_gathered(seen), spec, OCC3D), truth.grid))
        if number < max(2, RANDOM_VIEWS // len(drive.cameras)):
            first.append((step, truth))
        if on_step is not None:
            on_step(number + 1)
    return {
        'plane only': tally_of_pairs(planes, OCC3D),
        'true point maps': tally_of_pairs(points, OCC3D),
        f'random weights ({len(first)} sets a drive)': tally_of_pairs(untrained(first), OCC3D),
    }


def true_points(drive: Drive, step: DriveStep) -> LabelledPoints:
    """Place every pixel's true point, in the base frame of its step."""
    clouds = []
    for camera, depth, label in zip(drive.cameras, step.depth, step.label, strict=True):
        if camera.intrinsics is None or camera.base_from_camera is None:
            raise ValueError(f'camera {camera.name}: expected a calibrated camera of a drive')
        points = unproject(depth, camera.intrinsics, camera.base_from_camera)[depth > 0]
        clouds.append(
            LabelledPoints(points, np.full(len(points), 2.0, np.float32), label[depth > 0])
        )
    return concatenate(clouds)


def untrained(steps: list[tuple[DriveStep, Truth]]) -> Pairs:
    """Map some steps with a network of random weights, in the way the trained one is used."""
    trained = load_model('tiny', checkpoint=None, device='cpu', precision='fp32')
    model = replace(trained, reconstructor=load_tiny(weights=None))
    mapper = mapper_of(model, OCC3D, replace(config_for(model), min_interval_s=0.2))
    mapped = map_recording(mapper, (step.frames for step, _ in steps))
    return [
        (result.occupancy.grid, truth.grid)
        for result, (_, truth) in zip(mapped, steps, strict=True)
        if result.occupancy is not None
    ]


def _gathered(seen: deque[tuple[DriveStep, LabelledPoints]]) -> LabelledPoints:
    """Bring the points of the last steps into the base frame of the newest."""
    base_from_world = np.linalg.inv(seen[-1][0].world_from_base)
    return concatenate(
        [
            LabelledPoints(
                transform_points(cloud.points, base_from_world @ step.world_from_base),
                cloud.confidence,
                cloud.labels,
            )
            for step, cloud in seen
        ]
    )
