"""Scores on grids small enough to count by hand, and by loops."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.metrics import (
    class_iou,
    completion_iou,
    count_superclasses,
    count_voxels,
    mean_iou,
    precision,
    recall,
)
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest


def random_pair(seed, classes):
    rng = np.random.default_rng(seed)
    predicted = rng.choice([*range(classes.count), classes.other], (4, 5, 3)).astype(np.uint8)
    truth = rng.choice([*range(classes.count), 255], (4, 5, 3)).astype(np.uint8)
    return predicted, truth


@given(st.integers(0, 2**31), st.sampled_from([OCC3D, KITTI]))
def test_counts_equal_loops(seed, classes):
    predicted, truth = random_pair(seed, classes)
    counts = count_voxels(predicted, truth, count=classes.count, empty=classes.empty)
    pairs = [(p, t) for p, t in zip(predicted.flat, truth.flat, strict=True) if t != 255]
    empty = classes.empty
    assert counts.hit == sum(empty not in pair for pair in pairs)
    assert counts.false_alarm == sum(p != empty and t == empty for p, t in pairs)
    assert counts.miss == sum(p == empty and t != empty for p, t in pairs)
    for label in range(classes.count):
        assert counts.class_hit[label] == sum(p == label and t == label for p, t in pairs)
        assert counts.class_miss[label] == sum(p != label and t == label for p, t in pairs)
        assert counts.class_false_alarm[label] == sum(p == label != t for p, t in pairs)


@given(st.integers(0, 2**31))
def test_frames_add_up(seed):
    first, second = random_pair(seed, OCC3D), random_pair(seed + 1, OCC3D)
    both = [np.concatenate(grids) for grids in zip(first, second, strict=True)]
    apart = count_voxels(*first, count=18, empty=17) + count_voxels(*second, count=18, empty=17)
    together = count_voxels(*both, count=18, empty=17)
    assert completion_iou(apart) == completion_iou(together)
    assert np.array_equal(class_iou(apart), class_iou(together))


def test_scores_by_hand():
    predicted = np.array([[[1, 1, 2, 17, 17, 3]]], np.uint8)
    truth = np.array([[[1, 2, 2, 2, 17, 255]]], np.uint8)
    counts = count_voxels(predicted, truth, count=18, empty=17)
    assert (precision(counts), recall(counts), completion_iou(counts)) == (1, 3 / 4, 3 / 4)
    assert class_iou(counts)[[1, 2, 3]] == pytest.approx([1 / 2, 1 / 3, 0], abs=1e-5)
    assert mean_iou(counts, empty=17) == pytest.approx((1 / 2 + 1 / 3) / 17, abs=1e-5)


def test_nothing_predicted_and_nothing_there():
    nothing = np.full((2, 2, 2), 17, np.uint8)
    counts = count_voxels(nothing, nothing, count=18, empty=17)
    assert (precision(counts), recall(counts), completion_iou(counts)) == (0, 0, 0)
    assert mean_iou(counts, empty=17) == 0


def test_superclasses_join_classes():
    predicted = np.array([[[3, 4, 11, 17]]], np.uint8)  # bus, car, road, free
    truth = np.array([[[4, 10, 13, 255]]], np.uint8)  # car, truck, sidewalk, unknown
    counts = count_superclasses(
        predicted, truth, superclasses=OCC3D.superclasses, empty=OCC3D.superclass_empty
    )
    assert mean_iou(counts, empty=OCC3D.superclass_empty) == pytest.approx(2 / 7, abs=1e-4)


def test_other_past_the_end_is_occupied_but_of_no_superclass():
    predicted = np.array([[[20, 0]]], np.uint8)
    truth = np.array([[[1, 1]]], np.uint8)
    counts = count_superclasses(
        predicted, truth, superclasses=KITTI.superclasses, empty=KITTI.superclass_empty
    )
    assert (counts.hit, counts.miss) == (1, 1)
    assert counts.class_false_alarm.sum() == 1  # the empty one; 20 is in no column


def test_grids_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r'\(1, 2, 2\)'):
        count_voxels(np.zeros((2, 2, 2)), np.zeros((1, 2, 2)), count=18, empty=17)
