"""Splatting against a literal transcription of the rule."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.points import (
    above,
    BODY_FROM_OPTICAL,
    concatenate,
    LabelledPoints,
    transform_points,
)
from occany_ros.occupancy.voxelize import collect_votes, voxelize
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

SPEC = GridSpec((-1.0, -0.5, 0.25), 0.5, (5, 4, 3))


def random_cloud(seed, count=60, classes=OCC3D):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-2, 3, (count, 3)).astype(np.float32)
    points[::7] = np.round(points[::7] * 2) / 2  # on voxel planes
    labels = rng.choice([*range(classes.count), classes.other, 255], count).astype(np.uint8)
    return LabelledPoints(points, (1 + 2 * rng.random(count)).astype(np.float32), labels)


def literal_voxelize(cloud, spec, classes):
    """Eight dense maps, one for each corner offset, point by point."""
    occupied = np.zeros(spec.shape, bool)
    maps = np.zeros((8, *spec.shape, classes.count), np.float32)
    origin, step = np.array(spec.origin, np.float32), np.float32(spec.resolution)
    for index, point in enumerate(cloud.points):
        lattice = (point - origin) / step
        base = np.floor(lattice)
        upper = lattice - base
        label = 1 if cloud.labels is None else int(cloud.labels[index])
        for number, offset in enumerate(np.ndindex(2, 2, 2)):
            voxel = tuple(int(value) for value in base + offset)
            if any(not 0 <= voxel[axis] < spec.shape[axis] for axis in range(3)):
                continue
            sides = [upper[axis] if offset[axis] else 1 - upper[axis] for axis in range(3)]
            weight = np.float32(sides[0] * sides[1] * sides[2])
            occupied[voxel] |= weight > 0
            silent = label >= classes.count or label in {classes.empty, classes.other}
            if cloud.labels is not None and silent:
                continue
            here = maps[(number, *voxel, label)]
            maps[(number, *voxel, label)] = max(here, weight * (cloud.confidence[index] - 1))
    scores = maps.sum(axis=0)
    best = scores.argmax(axis=-1)
    known = scores.any(axis=-1) & (best != classes.empty)
    return np.where(occupied, np.where(known, best, classes.other), classes.empty)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.sampled_from([OCC3D, KITTI]), st.booleans())
def test_trilinear_equals_the_literal_rule(seed, classes, with_labels):
    cloud = random_cloud(seed, classes=classes)
    if not with_labels:
        cloud = LabelledPoints(cloud.points, cloud.confidence)
    fast = voxelize(cloud, SPEC, classes)
    assert np.array_equal(fast, literal_voxelize(cloud, SPEC, classes))
    assert fast.dtype == np.uint8


@given(st.integers(0, 2**31), st.integers(1, 300))
def test_points_without_classes_are_spread_as_those_with(seed, count):
    cloud = random_cloud(seed, count=count)
    silent = LabelledPoints(cloud.points, cloud.confidence, np.full(count, 255, np.uint8))
    voter = LabelledPoints(
        np.full((1, 3), 99, np.float32), np.full(1, 9, np.float32), np.full(1, 4, np.uint8)
    )
    fast = collect_votes(silent, SPEC, OCC3D)
    sorting = collect_votes(concatenate([silent, voter]), SPEC, OCC3D)
    assert np.array_equal(fast.voxels, sorting.voxels)
    np.testing.assert_allclose(fast.weight, sorting.weight, rtol=1e-5)
    assert not fast.scores.any()
    assert fast.scores.shape == sorting.scores.shape


def test_a_point_marks_eight_voxels_without_half_voxel_shift():
    cloud = LabelledPoints(
        np.array([(-0.4, 0.1, 0.85)], np.float32), np.array([2.0], np.float32),
        np.array([4], np.uint8),
    )  # fmt: skip
    marked = np.argwhere(voxelize(cloud, SPEC, OCC3D) == 4)
    assert marked.tolist() == [[x, y, z] for x in (1, 2) for y in (1, 2) for z in (1, 2)]
    nearest = np.argwhere(voxelize(cloud, SPEC, OCC3D, splat='nearest') == 4)
    assert nearest.tolist() == [[1, 1, 1]]


@given(st.integers(0, 2**31))
def test_nearest_counts_points_and_adds_votes(seed):
    cloud = random_cloud(seed, count=200)
    votes = collect_votes(cloud, SPEC, OCC3D, splat='nearest')
    cells = np.floor((cloud.points - np.float32(SPEC.origin)) / np.float32(SPEC.resolution))
    seen = ((cells >= 0) & (cells < SPEC.shape)).all(axis=-1)
    flat = np.ravel_multi_index(tuple(cells[seen].astype(int).T), SPEC.shape)
    assert np.array_equal(votes.voxels, np.unique(flat))
    assert np.array_equal(votes.weight, np.unique(flat, return_counts=True)[1])
    for row, voxel in enumerate(votes.voxels):
        for label in range(OCC3D.count):
            mine = (flat == voxel) & (cloud.labels[seen] == label)
            expected = 0 if label in {0, 17} else (cloud.confidence[seen][mine] - 1).sum()
            assert votes.scores[row, label] == pytest.approx(expected, abs=1e-5)


def test_minimum_evidence_removes_lonely_points():
    points = np.array([(0.1, 0.1, 0.3)] * 3 + [(1.1, 0.1, 0.3)], np.float32)
    cloud = LabelledPoints(points, np.full(4, 2, np.float32), np.full(4, 4, np.uint8))
    grid = voxelize(cloud, SPEC, OCC3D, splat='nearest', min_evidence=1)
    assert np.argwhere(grid != OCC3D.empty).tolist() == [[2, 1, 0]]


@given(st.integers(0, 2**31))
def test_the_order_of_points_does_not_matter(seed):
    cloud = random_cloud(seed)
    shuffled = np.random.default_rng(seed).permutation(len(cloud.points))
    other = LabelledPoints(
        cloud.points[shuffled], cloud.confidence[shuffled], cloud.labels[shuffled]
    )
    assert np.array_equal(voxelize(cloud, SPEC, OCC3D), voxelize(other, SPEC, OCC3D))


@pytest.mark.parametrize('splat', ['trilinear', 'nearest'])
def test_nothing_inside_gives_an_empty_grid(splat):
    points = np.array([(99, 0, 0), (np.nan, 0, 0), (np.inf, 0, 0), (0, 0, -1e30)], np.float32)
    for cloud in (
        LabelledPoints(points, np.full(4, 2, np.float32), np.full(4, 4, np.uint8)),
        LabelledPoints(points[:0], np.zeros(0, np.float32)),
    ):
        assert (voxelize(cloud, SPEC, OCC3D, splat=splat) == OCC3D.empty).all()


def test_filter_is_strict_and_drops_what_is_not_finite():
    points = np.array([(0, 0, 0), (1, 1, 1), (np.nan, 0, 0), (2, 2, 2)], np.float32)
    confidence = np.array([2.0, 2.5, 9.0, 3.0], np.float32)
    kept = above(LabelledPoints(points, confidence, np.arange(4, dtype=np.uint8)), 2.0)
    assert kept.labels.tolist() == [1, 3]
    assert kept.points[:, 0].tolist() == [1, 2]


def test_concatenation_keeps_the_order_and_wants_labels_of_all():
    one, two = random_cloud(1, 5), random_cloud(2, 3)
    both = concatenate([one, two])
    assert np.array_equal(both.labels, [*one.labels, *two.labels])
    with pytest.raises(ValueError, match='labels for all'):
        concatenate([one, LabelledPoints(two.points, two.confidence)])


def test_optical_axes_become_body_axes():
    ahead_left_up = transform_points(np.array([(-2.0, -3.0, 5.0)]), BODY_FROM_OPTICAL)
    assert ahead_left_up.tolist() == [[5.0, 2.0, 3.0]]
