"""Fusion on a wall and a road that are known exactly."""

from dataclasses import replace

import numpy as np
from occany_ros.occupancy.fusion import decide, fuse, gather
from occany_ros.occupancy.fusion_parameters import FusionParameters
from occany_ros.occupancy.grid import FREE, GridSpec, UNKNOWN
from occany_ros.occupancy.rays import RayBundle
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec((0.0, -8.0, -1.0), 0.4, (60, 40, 10))
ROAD, WALL, CAR, SKY, NONE = 11, 15, 4, 17, 255
WALL_X = 12.3
SPACING = 0.02
EXACT = FusionParameters(depth_error=0.001, least_error=0.001)


def view(camera_x, *, error=0.0, seed=0, label=WALL):
    """Rays of one camera at 1.6 m: a road up to a wall across the whole width, then sky."""
    up, left = np.meshgrid(np.arange(-0.4, 0.2, SPACING), np.arange(-0.5, 0.5, SPACING))
    unit = np.stack([np.ones(up.size), left.ravel(), up.ravel()], axis=-1)
    unit /= np.linalg.norm(unit, axis=-1, keepdims=True)
    origin = np.array([camera_x, 0.1, 1.6])
    with np.errstate(divide='ignore'):
        to_road = np.where(unit[:, 2] < 0, -origin[2] / unit[:, 2], np.inf)
    to_wall = (WALL_X - camera_x) / unit[:, 0]
    distance = np.minimum(to_road, to_wall)
    labels = np.where(to_road < to_wall, ROAD, label).astype(np.uint8)
    labels[unit[:, 2] > 0.12] = SKY
    smooth = np.random.default_rng(seed).normal()  # the whole view is off by one factor
    distance = distance * np.where(labels == label, 1 + error * smooth, 1)
    points = origin + unit * distance[:, None]
    return RayBundle(origin, points, np.full(len(points), 2.0), labels, SPACING)


def wall_layers(grid):
    return set(np.argwhere(grid.labels == OCC3D.grid_from_native[WALL])[:, 0])


def test_exact_depth_gives_the_wall_where_it_is():
    grid = fuse([view(0.5), view(2.0)], SPEC, EXACT, OCC3D)
    assert wall_layers(grid) == {30}  # [12.0, 12.4)
    road = np.argwhere(grid.labels == OCC3D.grid_from_native[ROAD])
    assert set(road[:, 2]) <= {2}  # [-0.2, 0.2)
    assert not (grid.labels[:28, :, 4:] != FREE).any()
    assert grid.class_names == OCC3D.grid_names


def test_road_has_no_gaps_between_image_rows():
    stretched = fuse([view(0.5)], SPEC, EXACT, OCC3D)
    sparse = fuse([view(0.5)], SPEC, replace(EXACT, ground_stretch=0.0), OCC3D)
    road = OCC3D.grid_from_native[ROAD]
    ahead = slice(12, 28)
    assert (stretched.labels[ahead, 20, 2] == road).all()
    assert not (sparse.labels[ahead, 20, 2] == road).all()


def test_passes_remove_what_one_wrong_view_put_into_free_space():
    good = [view(x) for x in (0.5, 1.0, 1.5, 2.0)]
    wrong = view(0.0)
    near = wrong.origin + (wrong.points - wrong.origin) * 0.5
    is_wall = (wrong.labels == WALL)[:, None]
    wrong = replace(wrong, points=np.where(is_wall, near, wrong.points))
    parameters = replace(EXACT, pass_weight=0.5)
    alone = fuse([wrong], SPEC, parameters, OCC3D)
    together = fuse([*good, wrong], SPEC, parameters, OCC3D)
    without = fuse([*good, wrong], SPEC, replace(parameters, pass_weight=0.0), OCC3D)
    ahead = (slice(12, 18), slice(17, 23), slice(5, 8))  # where all views look through
    assert (alone.labels[ahead] != FREE).any()
    assert (without.labels[ahead] != FREE).any()
    assert not (together.labels[ahead] != FREE).any()
    assert 30 in wall_layers(together)


def test_noisy_views_agree_near_the_truth():
    noisy = [view(0.3 * number, error=0.06, seed=number) for number in range(6)]
    evidence = gather(noisy, SPEC, FusionParameters(), OCC3D)
    hits = evidence.hits.reshape(SPEC.shape).sum(axis=(1, 2))
    assert abs(int(hits.argmax()) - 30) <= 2
    grid = decide(evidence, SPEC, FusionParameters(), OCC3D)
    assert 30 in wall_layers(grid)
    assert not (grid.labels[:20, :, 4:] != FREE).any()


def test_sky_carves_and_is_never_hit():
    grid = fuse([view(0.5)], SPEC, replace(EXACT, unseen_is_unknown=True), OCC3D)
    assert grid.labels[20, 20, 9] == FREE
    assert not (grid.labels[35:, :, 3] == OCC3D.grid_from_native[WALL]).any()


def test_what_no_ray_touched_is_unknown_only_if_asked():
    asked = fuse([view(0.5)], SPEC, replace(EXACT, unseen_is_unknown=True), OCC3D)
    assert (asked.labels[40:, :, 3] == UNKNOWN).all()
    assert asked.labels[10, 20, 5] == FREE
    assert (asked.confidence[asked.labels == UNKNOWN] == 0).all()
    plain = fuse([view(0.5)], SPEC, EXACT, OCC3D)
    assert not (plain.labels == UNKNOWN).any()
    seen = asked.labels != UNKNOWN
    assert np.array_equal(plain.labels[seen], asked.labels[seen])


def test_votes_are_weighed_by_confidence():
    wall, car = view(1.0), view(1.0, label=CAR)
    sure = replace(car, confidence=np.full(len(car.points), 9.0))
    label = OCC3D.grid_from_native
    grid = fuse([wall, sure], SPEC, replace(EXACT, balance=0.0), OCC3D)
    assert wall_layers(grid) == set()
    assert (grid.labels == label[CAR]).any()
    ignored = replace(EXACT, balance=0.0, confidence_power=0.0)
    grid = fuse([wall, wall, sure], SPEC, ignored, OCC3D)
    assert (grid.labels == label[WALL]).any()
    assert not (grid.labels == label[CAR]).any()


def test_balance_gives_rare_classes_a_chance():
    wall = view(1.0)
    labels = wall.labels.copy()
    labels[np.flatnonzero(labels == WALL)[::3]] = CAR
    mixed = replace(wall, labels=labels)
    rare = OCC3D.grid_from_native[CAR]
    plain, balanced = (
        (fuse([mixed], SPEC, replace(EXACT, balance=power), OCC3D).labels == rare).sum()
        for power in (0.0, 1.0)
    )
    assert balanced > plain


def test_points_without_a_class_become_other():
    wall = view(1.0, label=NONE)
    grid = fuse([wall], SPEC, EXACT, OCC3D)
    other = OCC3D.grid_from_native[OCC3D.other]
    assert (grid.labels[30, 15:25, 4:6] == other).any()
    assert not (grid.labels == UNKNOWN).any()


def test_confidence_tells_firm_cells_from_doubtful_ones():
    grid = fuse([view(0.5), view(1.0)], SPEC, EXACT, OCC3D)
    occupied = (grid.labels != FREE) & (grid.labels != UNKNOWN)
    assert grid.confidence[occupied].min() > 0
    assert grid.confidence[30, 20, 4] > 200
    assert not grid.confidence[~occupied].any()


@pytest.mark.parametrize('count', [0, 1])
def test_no_rays_and_broken_rays_give_an_empty_grid(count):
    points = np.full((3, 3), np.nan)
    broken = RayBundle(np.zeros(3), points, np.ones(3), np.full(3, WALL, np.uint8))
    grid = fuse([broken] * count, SPEC, FusionParameters(), OCC3D)
    assert not grid.labels.any()


def test_the_order_of_views_and_rays_does_not_matter():
    views = [view(x, error=0.05, seed=int(10 * x)) for x in (0.5, 1.0, 1.5)]
    mixed = np.random.default_rng(0).permutation(len(views[0].points))
    first = replace(
        views[0], points=views[0].points[mixed], confidence=views[0].confidence[mixed],
        labels=views[0].labels[mixed],
    )  # fmt: skip
    one = fuse(views, SPEC, FusionParameters(), OCC3D)
    two = fuse([views[2], first, views[1]], SPEC, FusionParameters(), OCC3D)
    assert (one.labels != two.labels).mean() < 1e-3  # sums round in another order
