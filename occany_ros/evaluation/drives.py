"""A network measured on synthetic drives it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.street import steps_with_truth
from occany_ros.evaluation.scores import added, Tally, tally_frame
from occany_ros.evaluation.trajectory import Drift, drift
from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.occupancy_update import CameraView
from occany_ros.semantics.classes import ClassSet
from occany_ros.synthetic.drive import Drive

NEAR = 20.0
"""Radius of the depth error, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class DriveResult:
    """
    What a drive showed.

    :param tally: voxels counted over all steps.
    :param drift: of the ego motion over the whole drive.
    :param depth_error: mean relative error of the depth of obstacles nearer than 20 m.
    :param seconds: what each set took.
    :param novel_views: rendered for the last set.
    :param stamps_ns: of the sets, nanoseconds.
    :param estimated: poses of the base, (n, 4, 4).
    :param true: the same, (n, 4, 4).
    """

    tally: Tally
    drift: Drift
    depth_error: float
    seconds: tuple[float, ...]
    novel_views: int
    stamps_ns: tuple[int, ...]
    estimated: NDArray[np.float64]
    true: NDArray[np.float64]


def measure(
    mapper: Mapper[TokensT, MemoryT],
    classes: ClassSet,
    drive: Drive,
    on_step: Callable[[int], None] | None = None,
) -> DriveResult:
    """
    Map a drive and compare each step with its truth.

    :param mapper: fresh state is taken for the drive.
    :param classes: of the labels.
    :param on_step: called with the number of steps done.
    """
    state = mapper.initial()
    tallies: list[Tally] = []
    estimated, true, errors, seconds, stamps_ns = [], [], [], [], []
    novel_views = 0
    for number, (step, truth) in enumerate(steps_with_truth(drive)):
        state, occupancy = mapper.step(state, step.frames)
        tallies.append(tally_frame(occupancy.grid, truth.grid, classes))
        estimated.append(occupancy.odom_from_base)
        true.append(truth.odom_from_base)
        stamps_ns.append(occupancy.stamp_ns)
        seconds.append(sum(occupancy.seconds.values()))
        novel_views = occupancy.imagined.views
        for view, depth, label in zip(occupancy.views, step.depth, step.label, strict=True):
            solid = np.isin(label, tuple(classes.traversable), invert=True)
            errors.append(relative_errors(view, depth, solid))
        if on_step is not None:
            on_step(number + 1)
    together = np.concatenate(errors)
    return DriveResult(
        tally=added(tallies),
        drift=drift(np.stack(estimated), np.stack(true)),
        stamps_ns=tuple(stamps_ns),
        estimated=np.stack(estimated),
        true=np.stack(true),
        depth_error=float(together.mean()) if len(together) else float('nan'),
        seconds=tuple(seconds),
        novel_views=novel_views,
    )


def relative_errors(
    view: CameraView, depth: NDArray[np.float32], solid: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """
    Error of predicted depth over true depth, where a near obstacle was answered.

    :param view: the answer, at any size.
    :param depth: true depth of the image, metres, (h, w).
    :param solid: whether a pixel shows an obstacle, (h, w).
    :returns: one value a pixel that counts.
    """
    rows, columns = (
        ((np.arange(count) + 0.5) * size / count).astype(int)
        for count, size in zip(view.depth.shape, depth.shape, strict=True)
    )
    place = np.ix_(rows, columns)
    truth = depth[place]
    counts = solid[place] & (truth > 0) & (truth < NEAR)
    counts &= np.isfinite(view.depth)
    error: NDArray[np.float32] = np.abs(view.depth - truth)[counts] / truth[counts]
    return error
