"""
The three scores of every table: obstacle IoU, obstacle F1 and mIoU, accumulated over frames.

Plain occupancy IoU is mostly flat ground and proves nothing, so ground classes count as empty
for the obstacle scores. All of them look only at voxels whose truth is known and whose centre is
near the robot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import Classes, GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.metrics import completion_iou, count_voxels, Counts
from occany_ros.occupancy.pooling import dilate
from occany_ros.occupancy.voxels import obstacle_mask

DEFAULT_RADIUS: Final = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """
    Numbers of voxels from which the scores follow; tallies of several frames add up.

    :param labels: occupancy and classes, by grid label.
    :param obstacles: obstacles against everything else, as one class.
    :param predicted_near: predicted obstacles with a true one at most one voxel away.
    :param true_near: true obstacles with a predicted one at most one voxel away.
    """

    labels: Counts
    obstacles: Counts
    predicted_near: int
    true_near: int

    def __add__(self, more: 'Tally') -> 'Tally':
        """Add the voxels of more frames."""
        return Tally(
            self.labels + more.labels,
            self.obstacles + more.obstacles,
            self.predicted_near + more.predicted_near,
            self.true_near + more.true_near,
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """
    What a table shows, each 0 to 1.

    :param obstacle_iou: intersection over union of obstacle voxels.
    :param obstacle_f1: harmonic mean of precision and recall with one voxel of tolerance.
    :param mean_iou: mean IoU of the classes that occur in truth or prediction.
    :param iou: intersection over union of all occupied voxels, ground included.
    """

    obstacle_iou: float
    obstacle_f1: float
    mean_iou: float
    iou: float


def scored_cells(
    truth: OccupancyGrid3d, *, radius: float, visible: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """
    Voxels that count.

    :param truth: ``UNKNOWN`` where it is not known.
    :param radius: largest distance of a voxel's centre from the z axis, metres.
    :param visible: voxels a camera saw, (x, y, z); None for all that are known.
    """
    scored = (truth.labels != UNKNOWN) & _near(truth.spec, radius)[:, :, None]
    return scored if visible is None else scored & visible


def _near(spec: GridSpec, radius: float) -> NDArray[np.bool_]:
    """Columns within a radius of the origin of the frame, (x, y)."""
    x, y = (
        spec.origin[axis] + (np.arange(spec.shape[axis]) + 0.5) * spec.resolution
        for axis in (0, 1)
    )
    return np.hypot(x[:, None], y[None, :]) <= radius


def tally_frame(
    predicted: OccupancyGrid3d,
    truth: OccupancyGrid3d,
    classes: Classes,
    *,
    radius: float = DEFAULT_RADIUS,
    visible: NDArray[np.bool_] | None = None,
) -> Tally:
    """
    Count the voxels of one frame.

    A predicted ``UNKNOWN`` counts as free. Within one voxel means among the 26 neighbours, where
    neighbours outside the scored voxels count for predictions but not for the truth.

    :param radius: metres around the frame's origin.
    :param visible: voxels a camera saw, (x, y, z); None where the truth says so by ``UNKNOWN``.
    :raises ValueError: when the grids are not the same cells.
    """
    if predicted.spec.shape != truth.spec.shape or not np.allclose(
        [*predicted.spec.origin, predicted.spec.resolution],
        [*truth.spec.origin, truth.spec.resolution],
    ):
        raise ValueError(
            f'predicted: expected the cells of the truth {truth.spec}, got {predicted.spec}: '
            'predict on the grid of the truth'
        )
    scored = scored_cells(truth, radius=radius, visible=visible)
    guess = np.where(predicted.labels == UNKNOWN, np.uint8(0), predicted.labels)
    fact = np.where(scored, truth.labels, np.uint8(UNKNOWN))
    blocked_guess = obstacle_mask(guess, classes.grid_traversable)
    blocked_fact = obstacle_mask(fact, classes.grid_traversable)
    return Tally(
        labels=count_voxels(guess, fact, count=len(classes.grid_names), empty=0),
        obstacles=count_voxels(
            blocked_guess.astype(np.uint8),
            np.where(scored, blocked_fact, UNKNOWN).astype(np.uint8),
            count=2,
            empty=0,
        ),
        predicted_near=int((blocked_guess & scored & dilate(blocked_fact)).sum()),
        true_near=int((blocked_fact & dilate(blocked_guess)).sum()),
    )


def added(tallies: Sequence[Tally]) -> Tally:
    """Add up the tallies of several steps or drives, at least one."""
    first, *rest = tallies
    return sum(rest, start=first)


def label_iou(tally: Tally) -> NDArray[np.float64]:
    """Score each grid label but free by its IoU, NaN where it occurs nowhere, (g - 1,)."""
    counts = tally.labels
    union = counts.class_hit + counts.class_false_alarm + counts.class_miss
    occurs = union[1:] > 0
    scores = np.full(len(occurs), np.nan)
    scores[occurs] = counts.class_hit[1:][occurs] / union[1:][occurs]
    return scores


def scores_of(tally: Tally) -> Scores:
    """
    Scores of everything tallied so far; nothing tallied scores 0.

    Unlike the published protocol (`occany_ros.occupancy.metrics.mean_iou`), a class that occurs
    neither in truth nor in prediction is left out of the mean instead of scoring 0, so that a
    perfect prediction of a short drive scores 1.
    """
    obstacles = tally.obstacles
    predicted = obstacles.hit + obstacles.false_alarm
    true = obstacles.hit + obstacles.miss
    precision = tally.predicted_near / predicted if predicted else 0.0
    recall = tally.true_near / true if true else 0.0
    both = precision + recall
    each = label_iou(tally)
    occurring = each[~np.isnan(each)]
    return Scores(
        obstacle_iou=completion_iou(obstacles),
        obstacle_f1=2 * precision * recall / both if both else 0.0,
        mean_iou=float(occurring.mean()) if len(occurring) else 0.0,
        iou=completion_iou(tally.labels),
    )
