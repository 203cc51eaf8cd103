"""Scores against loops, their extremes, and the references."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.evaluation.references import plane_grid, true_points_grid
from occany_ros.evaluation.scores import label_iou, scored_cells, scores_of, tally_frame
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

SPEC = GridSpec((-2.0, -2.0, -1.0), 0.5, (8, 8, 5))
ROAD, CAR = 12, 5


def make_grid(labels):
    return OccupancyGrid3d(SPEC, labels.astype(np.uint8), labels, OCC3D.grid_names)


def random_grid(seed, density=0.15):
    rng = np.random.default_rng(seed)
    labels = rng.choice([CAR, ROAD, 16, 17, UNKNOWN], SPEC.shape)
    return make_grid(np.where(rng.random(SPEC.shape) < density, labels, 0))


def is_obstacle(label):
    return label not in {0, UNKNOWN, *OCC3D.grid_traversable}


def literal_obstacle_scores(predicted, truth, radius):
    """Obstacle IoU and F1, voxel by voxel."""
    guess, fact = set(), set()
    scored = set()
    for index in np.ndindex(*SPEC.shape):
        x, y = (SPEC.origin[a] + (index[a] + 0.5) * SPEC.resolution for a in (0, 1))
        if truth.labels[index] != UNKNOWN and np.hypot(x, y) <= radius:
            scored.add(index)
            if is_obstacle(truth.labels[index]):
                fact.add(index)
        if is_obstacle(predicted.labels[index]):
            guess.add(index)

    def near(index, others):
        return any(max(abs(i - j) for i, j in zip(index, o, strict=True)) <= 1 for o in others)

    inside = guess & scored
    iou = len(inside & fact) / len(inside | fact) if inside | fact else 0
    precision = np.mean([near(index, fact) for index in inside]) if inside else 0
    recall = np.mean([near(index, guess) for index in fact]) if fact else 0
    both = precision + recall
    return iou, 2 * precision * recall / both if both else 0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from([0.8, 1.5, 20.0]))
def test_obstacle_scores_equal_loops(seed, radius):
    predicted, truth = random_grid(seed), random_grid(seed + 1)
    scores = scores_of(tally_frame(predicted, truth, OCC3D, radius=radius))
    expected = literal_obstacle_scores(predicted, truth, radius)
    assert (scores.obstacle_iou, scores.obstacle_f1) == pytest.approx(expected)


@given(st.integers(0, 2**31))
def test_the_truth_scores_one(seed):
    truth = random_grid(seed, density=0.5)
    scores = scores_of(tally_frame(truth, truth, OCC3D))
    assert (scores.obstacle_iou, scores.obstacle_f1, scores.mean_iou, scores.iou) == (1, 1, 1, 1)


def test_nothing_predicted_scores_nothing():
    nothing = make_grid(np.zeros(SPEC.shape))
    for truth in (random_grid(1), nothing):
        scores = scores_of(tally_frame(nothing, truth, OCC3D))
        assert set(np.array([scores.obstacle_iou, scores.obstacle_f1, scores.mean_iou])) == {0}


def test_one_voxel_of_tolerance_and_no_more():
    fact, beside, far = np.zeros((3, *SPEC.shape))
    fact[4, 4, 2] = beside[5, 3, 3] = far[6, 4, 2] = CAR
    close = scores_of(tally_frame(make_grid(beside), make_grid(fact), OCC3D))
    apart = scores_of(tally_frame(make_grid(far), make_grid(fact), OCC3D))
    assert (close.obstacle_iou, close.obstacle_f1) == (0, 1)
    assert (apart.obstacle_iou, apart.obstacle_f1) == (0, 0)


def test_unseen_voxels_do_not_count_but_hidden_predictions_may_be_near():
    fact = np.zeros(SPEC.shape)
    fact[4, 4, 2] = CAR
    guess = np.zeros(SPEC.shape)
    guess[5, 4, 2] = CAR
    visible = np.zeros(SPEC.shape, bool)
    visible[4, 4, 2] = True
    tally = tally_frame(make_grid(guess), make_grid(fact), OCC3D, visible=visible)
    assert (tally.obstacles.false_alarm, tally.obstacles.miss, tally.true_near) == (0, 1, 1)
    assert scored_cells(make_grid(fact), radius=20, visible=visible).sum() == 1


def test_mean_iou_is_over_the_classes_that_occur():
    fact, guess = np.zeros((2, *SPEC.shape))
    fact[0, 0, :4] = [CAR, CAR, ROAD, 0]
    guess[0, 0, :4] = [CAR, ROAD, ROAD, 16]
    tally = tally_frame(make_grid(guess), make_grid(fact), OCC3D)
    each = label_iou(tally)
    assert each[[CAR - 1, ROAD - 1, 15]] == pytest.approx([1 / 2, 1 / 2, 0])
    assert np.isnan(each).sum() == 17 - 3
    assert scores_of(tally).mean_iou == pytest.approx(1 / 3)


@given(st.integers(0, 2**31))
def test_frames_add_up_in_any_order(seed):
    tallies = [
        tally_frame(random_grid(seed + i), random_grid(seed + 9 + i), OCC3D) for i in (0, 1)
    ]
    assert scores_of(tallies[0] + tallies[1]) == scores_of(tallies[1] + tallies[0])


def test_other_cells_are_refused():
    moved = GridSpec((-2.5, -2.0, -1.0), 0.5, SPEC.shape)
    labels = np.zeros(SPEC.shape, np.uint8)
    grid = OccupancyGrid3d(moved, labels, labels, OCC3D.grid_names)
    with pytest.raises(ValueError, match='grid of the truth'):
        tally_frame(grid, make_grid(labels), OCC3D)


@pytest.mark.parametrize('classes', [OCC3D, KITTI], ids=['occ3d', 'kitti'])
def test_the_plane_is_road_without_obstacles(classes):
    grid = plane_grid(SPEC, classes)
    occupied = np.argwhere(grid.labels)
    assert set(occupied[:, 2]) == {2}  # [0, 0.5)
    assert len(occupied) == 64
    name = grid.class_names[grid.labels[0, 0, 2]]
    assert name in {'driveable_surface', 'road'}
    assert scores_of(tally_frame(grid, grid, classes)).obstacle_iou == 0
    with pytest.raises(ValueError, match='z = 0'):
        plane_grid(GridSpec((0.0, 0.0, 1.0), 0.5, (2, 2, 2)), classes)


def test_true_points_fill_the_voxels_they_lie_in():
    points = np.array([(0.1, 0.1, 0.1), (0.2, 0.2, 0.2), (1.6, 0.1, 0.1)], np.float32)
    cloud = LabelledPoints(points, np.full(3, 2, np.float32), np.array([4, 4, 17], np.uint8))
    grid = true_points_grid(cloud, SPEC, OCC3D)
    assert np.argwhere(grid.labels).tolist() == [[4, 4, 2]]
    assert grid.labels[4, 4, 2] == CAR
    with pytest.raises(ValueError, match='true classes'):
        true_points_grid(LabelledPoints(points, cloud.confidence), SPEC, OCC3D)
