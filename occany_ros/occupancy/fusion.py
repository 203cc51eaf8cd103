"""
Fusion of several views: what their rays hit, minus what they passed through.

One noisy point map marks the wrong cells; several views agree on the right ones. Each ray spreads
its hit over the cells its depth error may cover and counts against the cells in front of that.
Rays are weighted by the share of a cell's face they cover, so evidence is in "views that saw the
whole cell". Ground is kept apart: rays graze it for metres before they end, so it is only
collected, stretched along the ground to where the next image row would fall.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.fusion_parameters import FusionParameters
from occany_ros.occupancy.grid import Classes, FREE, GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.rays import Directions, directions_of, locate, RayBundle, walk

_SPREAD: Final = 1.5
_SPREAD_SAMPLES: Final = 9
_FOOT_SAMPLES: Final = 5
_CONFIDENCE_RANGE: Final = (0.2, 5.0)
_NO_CONFIDENCE: Final = 1e-6
_LEAST_DROP: Final = 0.3
_GROUND_DOUBT: Final = 0.2

_Weights = tuple[NDArray[np.int32], NDArray[np.float32]]
_Votes = tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """
    What all rays say about the cells of a grid.

    :param hits: of obstacles, per cell in row-major order, (n,).
    :param passes: of any ray, (n,).
    :param ground: of ground, (n,).
    :param vote_voxels: cell each vote is for, row-major, (m,).
    :param vote_labels: grid label it is for, (m,) uint8.
    :param vote_weights: what it is worth, (m,).
    """

    hits: NDArray[np.float32]
    passes: NDArray[np.float32]
    ground: NDArray[np.float32]
    vote_voxels: NDArray[np.int32]
    vote_labels: NDArray[np.uint8]
    vote_weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One view, ready to be spread: labels in grid numbers, and what each ray weighs."""

    rays: Directions
    labels: NDArray[np.uint8]
    weight: NDArray[np.float32]
    error: NDArray[np.float32]
    is_ground: NDArray[np.bool_]
    is_sky: NDArray[np.bool_]
    per_cell: float
    """Angle between rays over the edge of a cell, 1 / metres."""
    pass_weight: NDArray[np.float32]

    def coverage(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of a cell's face that one ray covers at a distance."""
        if not self.per_cell:
            return np.ones_like(distance)
        share = distance * np.float32(self.per_cell)
        return np.minimum(share * share, np.float32(1))


def _relative_confidence(bundles: Sequence[RayBundle], power: float) -> list[NDArray[np.float32]]:
    """Weight of every ray: confidence above 1, over the median of all seen views."""
    excess = [np.maximum(bundle.confidence - 1, 0).astype(np.float32) for bundle in bundles]
    seen = [e for e, bundle in zip(excess, bundles, strict=True) if not bundle.is_novel and len(e)]
    middle = float(np.median(np.concatenate(seen))) if seen else 0.0
    if not power or middle < _NO_CONFIDENCE:
        return [np.ones_like(values) for values in excess]
    low, high = _CONFIDENCE_RANGE
    return [np.clip(values / middle, low, high) ** np.float32(power) for values in excess]


def _view(
    bundle: RayBundle,
    weight: NDArray[np.float32],
    spec: GridSpec,
    parameters: FusionParameters,
    classes: Classes,
) -> _View:
    """Drop rays that are not finite and look the labels up."""
    finite = np.isfinite(bundle.points).all(axis=-1) & np.isfinite(bundle.confidence)
    labels = classes.grid_from_native[bundle.labels[finite]]
    rays = directions_of(bundle.origin, bundle.points[finite])
    depth_error = parameters.novel_depth_error if bundle.is_novel else parameters.depth_error
    return _View(
        rays=rays,
        labels=labels,
        weight=weight[finite] * np.float32(parameters.novel_weight if bundle.is_novel else 1),
        error=np.maximum(rays.length * depth_error, parameters.least_error).astype(np.float32),
        is_ground=np.isin(labels, classes.grid_traversable),
        is_sky=labels == FREE,
        per_cell=bundle.spacing / spec.resolution,
        pass_weight=weight[finite]
        * np.float32(parameters.novel_pass_weight if bundle.is_novel else 1),
    )


def _passes(view: _View, spec: GridSpec, parameters: FusionParameters) -> _Weights:
    """Cells in front of the ends of the rays, and how much of each was looked through."""
    until = view.rays.length - view.error * np.float32(parameters.margin)
    drop = np.maximum(-view.rays.unit[2] * view.rays.length, np.float32(1e-6))
    high = view.rays.length * (1 - np.float32(parameters.ground_clearance) / drop)
    until = np.where(view.is_ground, np.minimum(until, high), until)
    until = np.where(view.is_sky, np.float32(parameters.max_range), until)
    samples = walk(view.rays, np.minimum(until, parameters.max_range), spec)
    weight = np.repeat(view.pass_weight, samples.count)
    weight *= view.coverage(samples.distance)
    return samples.voxel, weight


def _obstacle_hits(view: _View, spec: GridSpec, parameters: FusionParameters) -> _Votes:
    """Cells around the ends of rays on obstacles, spread along the ray."""
    chosen = ~view.is_ground & ~view.is_sky & (view.rays.length <= parameters.max_range)
    offsets = np.linspace(-_SPREAD, _SPREAD, _SPREAD_SAMPLES, dtype=np.float32)
    shares = np.exp(-0.5 * offsets**2)
    shares /= shares.sum()
    shifted = offsets + np.float32(parameters.depth_shift)
    distance = view.rays.length[chosen] + shifted[:, None] * view.error[chosen]  # (samples, p)
    points = tuple(
        view.rays.origin[axis] + view.rays.unit[axis][chosen] * distance for axis in range(3)
    )
    voxel, kept = locate(points, spec)
    weight = view.weight[chosen] * shares[:, None] * view.coverage(distance)
    labels = np.broadcast_to(view.labels[chosen], kept.shape)
    return voxel, labels[kept], weight[kept]


def _ground_hits(view: _View, spec: GridSpec, parameters: FusionParameters) -> _Votes:
    """Cells around the ends of rays on the ground, spread along it."""
    chosen = view.is_ground & (view.rays.length <= parameters.max_range)
    unit, length = view.rays.unit[:, chosen], view.rays.length[chosen]
    drop = np.maximum(-unit[2] * length, np.float32(_LEAST_DROP))
    row_gap = np.float32(view.per_cell * spec.resolution) * length * length / drop
    stretch = np.minimum(row_gap, np.float32(parameters.ground_stretch))
    level = np.maximum(np.hypot(unit[0], unit[1]), np.float32(1e-6))
    offsets = np.linspace(-0.5, 0.5, _FOOT_SAMPLES, dtype=np.float32)[:, None]
    ends = view.rays.origin[:, None] + unit * length
    points = (
        ends[0] + unit[0] / level * stretch * offsets,  # (samples, p)
        ends[1] + unit[1] / level * stretch * offsets,
        np.broadcast_to(ends[2], (_FOOT_SAMPLES, len(length))),
    )
    voxel, kept = locate(points, spec)
    weight = np.broadcast_to(view.weight[chosen] / np.float32(_FOOT_SAMPLES), kept.shape)
    labels = np.broadcast_to(view.labels[chosen], kept.shape)
    return voxel, labels[kept], weight[kept]


def gather(
    bundles: Sequence[RayBundle],
    spec: GridSpec,
    parameters: FusionParameters,
    classes: Classes,
) -> Evidence:
    """
    Collect what the rays of all views say about the cells.

    :param bundles: one a view, all in the grid's frame.
    """
    weights = _relative_confidence(bundles, parameters.confidence_power)
    views = [
        _view(bundle, weight, spec, parameters, classes)
        for bundle, weight in zip(bundles, weights, strict=True)
    ]
    hits, passes, ground = np.zeros((3, int(np.prod(spec.shape))), np.float32)
    votes: list[_Votes] = [(np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(0, np.float32))]
    for view in views:
        for cells, spread in ((hits, _obstacle_hits), (ground, _ground_hits)):
            voxel, labels, weight = spread(view, spec, parameters)
            np.add.at(cells, voxel, weight)
            votes.append((voxel, labels, weight))
        np.add.at(passes, *_passes(view, spec, parameters))
    voxels, numbers, worth = (np.concatenate(part) for part in zip(*votes, strict=True))
    return Evidence(hits, passes, ground, voxels, numbers, worth)


def decide(
    evidence: Evidence, spec: GridSpec, parameters: FusionParameters, classes: Classes
) -> OccupancyGrid3d:
    """
    Turn evidence into a grid.

    A cell is an obstacle where hits outweigh passes by the threshold, else ground where ground
    was hit; its label is the one with the most votes among obstacles, or among grounds. Points of
    no class make it ``other``.
    """
    against = np.float32(parameters.pass_weight) * evidence.passes
    is_obstacle = evidence.hits - against > parameters.threshold
    is_ground = (evidence.ground > parameters.ground_threshold) & ~is_obstacle
    occupied = np.flatnonzero(is_obstacle | is_ground)
    labels = np.zeros(len(evidence.hits), np.uint8)
    if parameters.unseen_is_unknown:
        unseen = (evidence.hits == 0) & (evidence.passes == 0) & (evidence.ground == 0)
        labels[unseen] = UNKNOWN
    labels[occupied] = _elect(evidence, occupied, is_ground, parameters, classes)
    on_ground = is_ground[occupied]
    support = np.where(on_ground, evidence.ground[occupied], evidence.hits[occupied])
    doubt = np.where(on_ground, _GROUND_DOUBT, against[occupied] + parameters.threshold)
    certainty = np.zeros(len(labels), np.uint8)
    certainty[occupied] = np.round(255 * support / (support + doubt))
    return OccupancyGrid3d(
        spec, labels.reshape(spec.shape), certainty.reshape(spec.shape), classes.grid_names
    )


def _elect(
    evidence: Evidence,
    occupied: NDArray[np.int64],
    is_ground: NDArray[np.bool_],
    parameters: FusionParameters,
    classes: Classes,
) -> NDArray[np.uint8]:
    """Label of every occupied cell, by votes of its own kind."""
    count = len(classes.grid_names)
    row = np.full(len(is_ground), -1, np.int32)
    row[occupied] = np.arange(len(occupied))
    ground_labels = np.zeros(256, np.bool_)
    ground_labels[list(classes.grid_traversable)] = True
    rows = row[evidence.vote_voxels]
    fits = ground_labels[evidence.vote_labels] == is_ground[evidence.vote_voxels]
    fits &= (rows >= 0) & (evidence.vote_labels != UNKNOWN)
    labels, weights = evidence.vote_labels[fits], evidence.vote_weights[fits]
    if parameters.balance and len(labels):
        frequency = np.bincount(labels, weights, 256)
        rarity = np.maximum(frequency / frequency.sum(), 1e-6) ** -parameters.balance
        weights = weights * rarity[labels].astype(np.float32)
    ballots = np.zeros((len(occupied), count), np.float32)
    np.add.at(ballots.reshape(-1), rows[fits] * count + labels, weights)
    other = classes.grid_from_native[classes.other]
    return np.where(ballots.any(axis=-1), ballots.argmax(axis=-1), other).astype(np.uint8)


def fuse(
    bundles: Sequence[RayBundle],
    spec: GridSpec,
    parameters: FusionParameters,
    classes: Classes,
) -> OccupancyGrid3d:
    """
    Fuse what several views saw into one labelled grid: `gather`, then `decide`.

    :param bundles: one a view, all in the grid's frame.
    """
    if any(bundle.is_novel for bundle in bundles):
        parameters = parameters.with_novel_views()
    return decide(gather(bundles, spec, parameters, classes), spec, parameters, classes)
