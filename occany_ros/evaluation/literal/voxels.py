"""Points to voxels through dense grids, one of all classes for each corner."""

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import Classes, GridSpec
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.occupancy.voxelize import UNLABELLED_CLASS


def voxelize(cloud: LabelledPoints, spec: GridSpec, classes: Classes) -> NDArray[np.uint8]:
    """
    Fill a grid by the trilinear rule, eight grids of scores at a time (spec, section 12).

    :returns: native class of every voxel, (x, y, z) uint8.
    """
    place = (cloud.points - np.array(spec.origin, np.float32)) / np.float32(spec.resolution)
    base = np.floor(place)
    upper = place - base
    labels, votes = _votes(cloud, classes)
    worth = np.where(votes, cloud.confidence - np.float32(1), np.float32(0))
    weight_of = np.zeros(spec.shape, np.float32)
    scores = np.zeros((8, *spec.shape, classes.count), np.float32)
    for number, corner in enumerate(np.ndindex(2, 2, 2)):
        voxel = base.astype(np.int64) + corner
        weight = np.where(corner, upper, np.float32(1) - upper).prod(axis=-1)
        inside = ((voxel >= 0) & (voxel < spec.shape)).all(axis=-1)
        x, y, z = voxel[inside].T
        np.add.at(weight_of, (x, y, z), weight[inside])
        vote = (weight * worth)[inside]
        np.maximum.at(scores[number], (x, y, z, labels[inside]), vote)
    total = scores.sum(axis=0)
    best = total.argmax(axis=-1)
    has_class = (total.max(axis=-1) > 0) & (best != classes.empty)
    occupied = np.where(has_class, best, classes.other)
    return np.where(weight_of > 0, occupied, classes.empty).astype(np.uint8)


def _votes(cloud: LabelledPoints, classes: Classes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Class each point is for, and whether it may vote."""
    if cloud.labels is None:
        count = len(cloud.points)
        return np.full(count, UNLABELLED_CLASS, np.int64), np.ones(count, np.bool_)
    labels = cloud.labels.astype(np.int64)
    votes = (labels < classes.count) & (labels != classes.empty) & (labels != classes.other)
    return np.where(votes, labels, 0), votes
