"""Votes on labels stay where they were cast while the robot moves."""

import numpy as np
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import FREE, GridSpec, UNKNOWN
from occany_ros.occupancy.voting import labels_at, labels_near, PlacedLabels, voted_labels
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec(origin=(-4.0, -4.0, -1.0), resolution=0.5, shape=(16, 16, 6))
ROAD, WALL, TREE, CAR, WALK = (
    int(OCC3D.grid_from_native[OCC3D.names.index(name)])
    for name in ('driveable_surface', 'manmade', 'vegetation', 'car', 'sidewalk')
)
OTHER = int(OCC3D.grid_from_native[OCC3D.other])


def at(x=0.0, y=0.0, yaw_deg=0.0):
    """Pose of a robot on a plane."""
    angle = np.deg2rad(yaw_deg)
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pose[:2, 3] = x, y
    return pose


def grid(label, cell=(8, 8, 2), pose=None):
    """Grid with one occupied voxel."""
    labels = np.zeros(SPEC.shape, np.uint8)
    labels[cell] = label
    return PlacedLabels(SPEC, labels, at() if pose is None else pose)


def winner(newest, *earlier, cell=(8, 8, 2)):
    return voted_labels(newest, earlier, OCC3D, OCC3D.grid_dynamic)[cell]


def test_the_majority_wins_and_the_newest_decides_a_tie():
    assert winner(grid(WALL)) == WALL
    assert winner(grid(WALL), grid(TREE)) == WALL
    assert winner(grid(WALL), grid(TREE), grid(TREE)) == TREE
    assert winner(grid(WALL), grid(TREE), grid(TREE), grid(WALL)) == WALL


def test_other_has_no_opinion():
    assert winner(grid(OTHER), grid(TREE)) == TREE
    assert winner(grid(WALL), grid(OTHER), grid(OTHER)) == WALL
    assert winner(grid(OTHER)) == OTHER


def test_what_moves_neither_votes_nor_is_voted_on():
    assert winner(grid(CAR), grid(WALL), grid(WALL), grid(WALL)) == CAR
    assert winner(grid(WALL), grid(CAR), grid(CAR), grid(CAR)) == WALL
    assert voted_labels(grid(WALL), [grid(CAR)] * 2, OCC3D, ())[8, 8, 2] == CAR


def test_a_vote_never_opens_or_closes_a_way():
    assert winner(grid(WALL), grid(ROAD), grid(ROAD)) == WALL
    assert winner(grid(ROAD), grid(WALL), grid(WALL)) == ROAD
    assert winner(grid(ROAD), grid(WALK), grid(WALK)) == WALK


def test_free_and_unknown_neither_vote_nor_change():
    empty = PlacedLabels(SPEC, np.full(SPEC.shape, UNKNOWN, np.uint8), at())
    assert winner(grid(WALL), empty, empty) == WALL
    labels = voted_labels(grid(FREE), [grid(WALL)] * 3, OCC3D, ())
    np.testing.assert_array_equal(labels, FREE)


@pytest.mark.parametrize('pose', [at(x=1.5), at(y=-1.0), at(yaw_deg=90), at(1.0, -0.5, 180)])
def test_votes_are_fixed_to_the_world(pose):
    """The robot has moved, so the same wall is in another cell of its grid."""
    centre = np.array([(0.25, 0.25, 0.25)], np.float32)
    now = centre @ invert(pose)[:3, :3].T + invert(pose)[:3, 3]
    cell = tuple(np.floor((now[0] - SPEC.origin) / SPEC.resolution).astype(int))
    assert cell != (8, 8, 2)
    assert winner(grid(WALL, cell, pose), grid(TREE), grid(TREE), cell=cell) == TREE
    assert winner(grid(WALL, pose=pose), grid(TREE), grid(TREE)) == WALL


def test_reading_at_and_near_points():
    placed = grid(WALL, pose=at(x=10.0))
    points = np.array([(0.2, 0.2, 0.2), (0.7, 0.2, 0.2), (0.7, 0.7, 0.2), (90, 0, 0)], np.float32)
    assert labels_at(placed, points, at(x=10.0)).tolist() == [WALL, FREE, FREE, UNKNOWN]
    assert labels_near(placed, points, at(x=10.0)).tolist() == [WALL, WALL, FREE, UNKNOWN]
    assert labels_at(placed, points + np.float32([10, 0, 0]), at())[0] == WALL


def test_no_point_at_all():
    none = np.zeros((0, 3), np.float32)
    assert len(labels_near(grid(WALL), none, at())) == 0
