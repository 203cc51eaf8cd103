"""
Labels of one place, over time: grids that stood elsewhere vote on the voxels of this one.

A vote belongs to a place in the world, not to a place in front of the robot: every earlier grid
is read where the centre of a voxel was in it, by the ego motion in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import (
    cell_at,
    cell_of,
    centre_of,
    Classes,
    flat_index,
    FREE,
    GridSpec,
    inside,
    UNKNOWN,
)
from occany_ros.occupancy.points import transform_points

_ITSELF: Final = 1.5
_NO_OPINION: Final = 0.5
_FACES: Final = np.array(
    [(0, 0, -1), (0, 0, 1), (-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0)], np.int64
)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLabels:
    """
    The labels of a grid and where it stood.

    :param spec: its cells.
    :param labels: (x, y, z) uint8.
    :param odom_from_grid: pose of its frame in one that stays, (4, 4), metres.
    """

    spec: GridSpec
    labels: NDArray[np.uint8]
    odom_from_grid: NDArray[np.float64]


def labels_at(
    placed: PlacedLabels, points: NDArray[np.float32], odom_from_points: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """
    Read the labels of the cells that points lie in; outside the grid they are unknown.

    :param points: metres, in a frame of their own, (p, 3).
    :param odom_from_points: pose of that frame, (4, 4).
    :returns: (p,).
    """
    return _labels_in(placed, _cells(placed, points, odom_from_points))


def labels_near(
    placed: PlacedLabels, points: NDArray[np.float32], odom_from_points: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """
    Read as `labels_at`, and beside a cell that holds nothing in the six that touch its faces.

    Depth is never the same twice, so a surface may have been in the next cell; the cells below
    and above come first.
    """
    cells = _cells(placed, points, odom_from_points)
    found = _labels_in(placed, cells)
    for step in _FACES:
        empty = np.flatnonzero((found == FREE) | (found == UNKNOWN))
        beside = _labels_in(placed, cells[empty] + step)
        holds = (beside != FREE) & (beside != UNKNOWN)
        found[empty[holds]] = beside[holds]
    return found


def voted_labels(
    newest: PlacedLabels,
    earlier: Sequence[PlacedLabels],
    classes: Classes,
    moving: tuple[int, ...],
) -> NDArray[np.uint8]:
    """
    Give every occupied voxel the class most grids saw there; the newest decides a tie.

    Only labels change: no voxel becomes free or occupied. Ground is elected among grounds and
    obstacles among obstacles, so a vote never opens or closes a way. Classes that move neither
    vote nor are voted on, and ``other`` has no opinion.

    :param newest: the grid whose voxels are asked about; it has a vote too.
    :param earlier: grids before it, as they were labelled then.
    :param moving: grid labels of things that move by themselves.
    :returns: labels of the newest grid, (x, y, z) uint8.
    """
    votes = np.ones(256, np.bool_)
    votes[[FREE, UNKNOWN, *moving]] = False
    is_ground = np.zeros(256, np.bool_)
    is_ground[list(classes.grid_traversable)] = True
    other = int(classes.grid_from_native[classes.other])
    flat = np.flatnonzero(votes[newest.labels])
    own = newest.labels.reshape(-1)[flat]
    rows = np.arange(len(flat))
    ballots = np.zeros((len(flat), len(classes.grid_names)), np.float32)
    ballots[rows, own] = np.where(own == other, np.float32(_NO_OPINION), np.float32(_ITSELF))
    centres = centre_of(cell_at(flat, newest.spec), newest.spec).astype(np.float32)
    votes[other] = False
    for past in earlier:
        then = labels_at(past, centres, newest.odom_from_grid)
        counts = votes[then] & (is_ground[then] == is_ground[own])
        ballots[rows[counts], then[counts]] += 1
    labels = newest.labels.copy()
    labels.reshape(-1)[flat] = ballots.argmax(axis=-1)
    return labels


def _cells(
    placed: PlacedLabels, points: NDArray[np.float32], odom_from_points: NDArray[np.float64]
) -> NDArray[np.int64]:
    there = transform_points(points, invert(placed.odom_from_grid) @ odom_from_points)
    return cell_of(there, placed.spec)


def _labels_in(placed: PlacedLabels, cells: NDArray[np.int64]) -> NDArray[np.uint8]:
    found = np.full(len(cells), UNKNOWN, np.uint8)
    known = inside(cells, placed.spec)
    found[known] = placed.labels.reshape(-1)[flat_index(cells[known], placed.spec)]
    return found
