"""Costmaps: what Nav2's static layer expects, and where obstacles end up."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.costmap import (
    costmap_in_grid,
    costmap_in_odom,
    CostmapParameters,
    flatten,
)
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.semantics.classes import OCC3D

SPEC = GridSpec((-4.0, -4.0, -1.0), 0.4, (20, 20, 10))
GROUND = OCC3D.grid_traversable
ROAD, CAR, MANMADE = 12, 5, 16


def make_grid(labels, spec=SPEC):
    return OccupancyGrid3d(spec, labels, np.zeros_like(labels), OCC3D.grid_names)


def street():
    labels = np.zeros(SPEC.shape, np.uint8)
    labels[:, 5:15, 2] = ROAD
    labels[12:15, 9:11, 3:6] = CAR
    labels[3, 10, 8:] = MANMADE  # hangs above z_max
    return make_grid(labels)


def pose(heading, x=0.0, y=0.0):
    matrix = np.eye(4)
    matrix[:2, :2] = [(np.cos(heading), -np.sin(heading)), (np.sin(heading), np.cos(heading))]
    matrix[:2, 3] = x, y
    return matrix


def test_columns_are_occupied_free_or_unknown():
    cells = flatten(street(), GROUND, CostmapParameters())
    assert (cells[12:15, 9:11] == 100).all()
    assert cells[3, 10] == 0
    assert (cells[:, :5] == -1).all()
    assert cells.dtype == np.int8
    assert (cells == 100).sum() == 6


def test_min_voxels_and_heights():
    grid = street()
    assert not (flatten(grid, GROUND, CostmapParameters(min_voxels=4)) == 100).any()
    assert (flatten(grid, GROUND, CostmapParameters(min_voxels=3)) == 100).sum() == 6
    assert (flatten(grid, GROUND, CostmapParameters(z_max=3.0)) == 100).sum() == 7


def test_free_counts_where_the_grid_knows_unknown():
    labels = np.full(SPEC.shape, UNKNOWN, np.uint8)
    labels[4, 4, 4] = 0
    labels[5, 5, 9] = 0  # above the heights
    cells = flatten(make_grid(labels), GROUND, CostmapParameters())
    assert cells[4, 4] == 0
    assert (cells == -1).sum() == cells.size - 1


def test_traversable_classes_are_a_choice():
    cells = flatten(street(), (CAR,), CostmapParameters(z_min=-1))
    assert (cells[:, 5:15] == 100).sum() == 20 * 10  # the road is the obstacle now
    assert (cells[:, :5] == -1).all()


def test_origin_in_the_grids_frame_is_a_multiple_of_the_resolution():
    spec = GridSpec((-4.05, 1.13, 0.0), 0.4, (3, 4, 5))
    costmap = costmap_in_grid(
        make_grid(np.zeros(spec.shape, np.uint8), spec), (), CostmapParameters()
    )
    assert np.allclose(costmap.origin, (-4.0, 1.2))
    assert costmap.cells.shape == (3, 4)


@settings(deadline=None)
@given(st.floats(-4, 4), st.floats(-300, 300), st.floats(-300, 300))
def test_in_odom_axes_snap_and_obstacles_stay_where_they_are(heading, x, y):
    odom_from_base = pose(heading, x, y)
    costmap = costmap_in_odom(street(), GROUND, CostmapParameters(), odom_from_base)
    multiples = np.array(costmap.origin) / costmap.resolution
    assert np.allclose(multiples, np.round(multiples), atol=1e-6)
    assert set(np.unique(costmap.cells)) <= {-1, 0, 100}
    assert costmap.cells.shape == (30, 30)

    source = flatten(street(), GROUND, CostmapParameters())
    centres = np.array(SPEC.origin[:2]) + (np.argwhere(source == 100) + 0.5) * 0.4
    moved = centres @ odom_from_base[:2, :2].T + odom_from_base[:2, 3]
    cells = np.floor((moved - costmap.origin) / 0.4 + 1e-7).astype(int)
    marked = np.argwhere(costmap.cells == 100)
    assert len(marked) >= 3
    nearest = np.abs(cells[:, None] - marked[None]).max(axis=-1).min(axis=1)
    assert (nearest <= 1).all()  # a centre on a border may fall to either side
    centre_of_marked = np.array(costmap.origin) + (marked + 0.5) * 0.4
    distance = np.linalg.norm(moved[None] - centre_of_marked[:, None], axis=-1).min(axis=1)
    assert (distance <= 0.4 * np.sqrt(2) / 2 + 1e-6).all()


def test_in_odom_without_a_turn_it_is_the_same_map():
    costmap = costmap_in_odom(street(), GROUND, CostmapParameters(), pose(0.0, 8.0, -2.0))
    source = flatten(street(), GROUND, CostmapParameters())
    corner = np.add(SPEC.origin[:2], (8.0, -2.0))
    start = np.round((corner - costmap.origin) / 0.4).astype(int)
    first_x, first_y = start
    last_x, last_y = start + source.shape
    assert np.array_equal(costmap.cells[first_x:last_x, first_y:last_y], source)
    assert (costmap.cells == 100).sum() == 6


def test_a_quarter_turn_turns_the_map():
    costmap = costmap_in_odom(street(), GROUND, CostmapParameters(), pose(np.pi / 2))
    source = flatten(street(), GROUND, CostmapParameters())
    occupied = np.argwhere(costmap.cells == 100) * 0.4 + costmap.origin + 0.2
    expected = (np.argwhere(source == 100) * 0.4 + SPEC.origin[:2] + 0.2) @ pose(np.pi / 2)[
        :2, :2
    ].T
    assert len(occupied) == len(expected)
    assert np.allclose(occupied[np.lexsort(occupied.T)], expected[np.lexsort(expected.round(6).T)])
