"""
Points to voxels: trilinear splat with class votes, or plain counting.

Source: spec §12. The lattice nodes of the trilinear splat are voxel indices, without a half-voxel
shift, so a point marks the eight voxels ``floor(g) + {0, 1}^3``. Scores are the maximum inside one
corner offset and the sum across offsets; they are held as (offset, cell, class) maxima only.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec, NativeClasses
from occany_ros.occupancy.points import LabelledPoints

Splat = Literal['trilinear', 'nearest']
UNLABELLED_CLASS: Final = 1
"""The class every point votes for where no classes are known (spec §12)."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """
    What points say about the voxels they touch, and only about those.

    :param voxels: row-major index of every occupied voxel, ascending, (n,) int64.
    :param weight: total weight of the points there, (n,) float32.
    :param scores: score of every native class there, 0 where nobody voted, (n, c) float32.
    """

    voxels: NDArray[np.int64]
    weight: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """
    Points sorted by the cell they are based in and the class they vote for.

    :param base: cell of each group, may be -1 along an axis, (3, g).
    :param label: native class of each group, (g,).
    :param start: first point of each group, (g,).
    :param upper: position of each point inside its cell, 0 to 1, group by group, (3, p) float32.
    :param score: what each point's vote is worth, group by group, (p,) float32.
    """

    base: NDArray[np.int64]
    label: NDArray[np.int64]
    start: NDArray[np.int64]
    upper: NDArray[np.float32]
    score: NDArray[np.float32]


def _vote_labels(
    cloud: LabelledPoints, classes: NativeClasses
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Class index each point votes for, and whether it votes at all."""
    if cloud.labels is None:
        count = len(cloud.points)
        return np.full(count, UNLABELLED_CLASS, np.int64), np.ones(count, np.bool_)
    votes = cloud.labels < classes.count
    votes &= (cloud.labels != classes.empty) & (cloud.labels != classes.other)
    return np.where(votes, cloud.labels, 0).astype(np.int64), votes


def _group(cloud: LabelledPoints, spec: GridSpec, classes: NativeClasses) -> _Groups:
    """Sort points that touch the grid by base cell and class."""
    lattice = (cloud.points - np.array(spec.origin, np.float32)) / np.float32(spec.resolution)
    lattice = np.ascontiguousarray(lattice.T)  # (3, p)
    label, votes = _vote_labels(cloud, classes)
    score = np.where(votes, cloud.confidence - np.float32(1), np.float32(0))
    np.maximum(score, 0, out=score)
    near = np.ones(len(score), np.bool_)
    for position, size in zip(lattice, spec.shape, strict=True):
        near &= (position >= -1) & (position < size)
    lattice, label, score = lattice[:, near], label[near], score[near]
    floor = np.floor(lattice)
    base = floor.astype(np.int64)
    size_y, size_z = spec.shape[1] + 1, spec.shape[2] + 1
    key = ((base[0] + 1) * size_y + base[1] + 1) * size_z + base[2] + 1
    key = key * classes.count + label
    bits = max(len(key), 1).bit_length()  # room for the point's number below its key
    packed = np.sort((key << bits) | np.arange(len(key)))
    order = packed & ((1 << bits) - 1)
    start = np.flatnonzero(np.diff(packed >> bits, prepend=-1))
    first = order[start]
    return _Groups(base[:, first], label[first], start, (lattice - floor)[:, order], score[order])


def _trilinear(groups: _Groups, spec: GridSpec, classes: int) -> Votes:
    """Spread every point over the eight lattice nodes around it."""
    size_x, size_y, size_z = spec.shape
    sides = (np.float32(1) - groups.upper, groups.upper)  # 2 x (3, p)
    corners = []
    total = np.zeros(size_x * size_y * size_z, np.float32)
    for offset_x, offset_y, offset_z in np.ndindex(2, 2, 2):
        weight = sides[offset_x][0] * sides[offset_y][1] * sides[offset_z][2]
        x, y, z = groups.base[0] + offset_x, groups.base[1] + offset_y, groups.base[2] + offset_z
        valid = (x >= 0) & (x < size_x) & (y >= 0) & (y < size_y) & (z >= 0) & (z < size_z)
        voxel = ((x * size_y + y) * size_z + z)[valid]
        np.add.at(total, voxel, np.add.reduceat(weight, groups.start)[valid])
        best = np.maximum.reduceat(weight * groups.score, groups.start)[valid]
        corners.append((voxel, groups.label[valid], best))
    voxels = np.flatnonzero(total)
    compact = np.zeros(len(total), np.int32)
    compact[voxels] = np.arange(len(voxels))
    scores = np.zeros((len(voxels), classes), np.float32)
    for voxel, label, best in corners:
        voted = best > 0
        scores[compact[voxel[voted]], label[voted]] += best[voted]
    return Votes(voxels, total[voxels], scores)


def _without_classes(cloud: LabelledPoints, spec: GridSpec, classes: int) -> Votes:
    """Do what `_group` and `_trilinear` do, where no point votes for a class: without sorting."""
    lattice = (cloud.points - np.array(spec.origin, np.float32)) / np.float32(spec.resolution)
    lattice = np.ascontiguousarray(lattice.T)  # (3, p)
    near = np.ones(lattice.shape[1], np.bool_)
    for position, size in zip(lattice, spec.shape, strict=True):
        near &= (position >= -1) & (position < size)
    lattice = lattice[:, near]
    floor = np.floor(lattice)
    upper = lattice - floor
    sides = (np.float32(1) - upper, upper)  # 2 x (3, p)
    around = tuple(size + 2 for size in spec.shape)  # a margin for corners outside the grid
    base = (floor + 1).astype(np.int32)
    cell = (base[0] * around[1] + base[1]) * around[2] + base[2]
    total = np.zeros(int(np.prod(around)), np.float32)
    for offset_x, offset_y in np.ndindex(2, 2):
        column = sides[offset_x][0] * sides[offset_y][1]
        for offset_z in (0, 1):
            first = (offset_x * around[1] + offset_y) * around[2] + offset_z
            np.add.at(total[first:], cell, column * sides[offset_z][2])
    inner = slice(1, -1)
    weight = total.reshape(around)[inner, inner, inner].reshape(-1)
    voxels = np.flatnonzero(weight)
    return Votes(voxels, weight[voxels], np.zeros((len(voxels), classes), np.float32))


def _nearest(groups: _Groups, spec: GridSpec, classes: int) -> Votes:
    """Count every point for the one cell it lies in."""
    _, size_y, size_z = spec.shape
    x, y, z = groups.base
    valid = (x >= 0) & (y >= 0) & (z >= 0)
    cell = ((x * size_y + y) * size_z + z)[valid]
    count = np.diff(groups.start, append=len(groups.score)).astype(np.float32)
    score = np.add.reduceat(groups.score, groups.start)
    voxels, compact = np.unique(cell, return_inverse=True)
    weight = np.zeros(len(voxels), np.float32)
    np.add.at(weight, compact, count[valid])
    scores = np.zeros((len(voxels), classes), np.float32)
    scores[compact, groups.label[valid]] = score[valid]
    return Votes(voxels, weight, scores)


def collect_votes(
    cloud: LabelledPoints, spec: GridSpec, classes: NativeClasses, *, splat: Splat = 'trilinear'
) -> Votes:
    """
    Let points vote for voxels.

    Points labelled empty, other or none mark voxels but do not vote for a class; points that are
    not finite or touch no voxel are dropped.

    :param splat: ``trilinear`` as the released models are evaluated, ``nearest`` for a point
        that marks only the cell it lies in.
    """
    if splat == 'trilinear' and not _vote_labels(cloud, classes)[1].any():
        return _without_classes(cloud, spec, classes.count)
    groups = _group(cloud, spec, classes)
    if not len(groups.start):
        empty = np.zeros(0, np.float32)
        return Votes(np.zeros(0, np.int64), empty, np.zeros((0, classes.count), np.float32))
    spread = _trilinear if splat == 'trilinear' else _nearest
    return spread(groups, spec, classes.count)


def label_votes(
    votes: Votes, spec: GridSpec, classes: NativeClasses, *, min_evidence: float = 0.0
) -> NDArray[np.uint8]:
    """
    Give every occupied voxel its best class, or ``other`` where nobody voted.

    :param min_evidence: a voxel needs more total weight than this (points, for ``nearest``).
    :returns: native class of every voxel, ``classes.empty`` where free, (x, y, z) uint8.
    """
    grid = np.full(int(np.prod(spec.shape)), classes.empty, np.uint8)
    enough = votes.weight > min_evidence
    scores = votes.scores[enough]
    best = scores.argmax(axis=-1)
    voted = scores.any(axis=-1) & (best != classes.empty)
    grid[votes.voxels[enough]] = np.where(voted, best, classes.other)
    return grid.reshape(spec.shape)


def voxelize(
    cloud: LabelledPoints,
    spec: GridSpec,
    classes: NativeClasses,
    *,
    splat: Splat = 'trilinear',
    min_evidence: float = 0.0,
) -> NDArray[np.uint8]:
    """
    Grid of native classes from points: `collect_votes`, then `label_votes`.

    :returns: native class of every voxel, ``classes.empty`` where free, (x, y, z) uint8.
    """
    votes = collect_votes(cloud, spec, classes, splat=splat)
    return label_votes(votes, spec, classes, min_evidence=min_evidence)
