"""Things that moved away leave no trail; things that stand still lose nothing."""

import numpy as np
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.pipeline.host_maps import Fetched, HostMaps, ViewMaps
from occany_ros.pipeline.moved import without_moved
from occany_ros.semantics.classes import OCC3D
import pytest

HEIGHT, WIDTH = 12, 24
CAR, WALL, SKY = (OCC3D.names.index(name) for name in ('car', 'manmade', 'free'))
INTRINSICS = np.array([(40.0, 0, 47.5), (0, 40.0, 23.5), (0, 0, 1)])
IMAGE = np.zeros((4 * HEIGHT, 4 * WIDTH, 3), np.uint8)


def pose(x):
    """Pose of a camera that looks along z and stands at x."""
    matrix = np.eye(4)
    matrix[0, 3] = x
    return matrix


def view(x, box=None, *, far=20.0, behind=WALL):
    """Depth and labels of a wall, and of a box from one x to another at z = 8 before it."""
    columns = (4 * np.arange(WIDTH) + 1.5 - 47.5) / 40
    rows = (4 * np.arange(HEIGHT) + 1.5 - 23.5) / 40
    depth = np.full((HEIGHT, WIDTH), far, np.float32)
    labels = np.full((HEIGHT, WIDTH), behind, np.uint8)
    if box is not None:
        there = (x + 8 * columns >= box[0]) & (x + 8 * columns <= box[1])
        depth[3:9, there] = 8
        labels[3:9, there] = CAR
    points = np.stack([x + columns[None] * depth, rows[:, None] * depth, depth], axis=-1).astype(
        np.float32
    )
    return depth, labels, points


def maps_of(views, xs, calibrated=True):
    depth, labels, points = (np.stack(part) for part in zip(*views, strict=True))
    seen = HostMaps(
        world_points=points,
        confidence=np.full(depth.shape, 5, np.float32),
        labels=labels,
        world_from_camera=np.stack([pose(x) for x in xs]),
        focal=np.full(len(xs), 40, np.float32),
        depth=depth,
    )
    camera = Camera('front', INTRINSICS if calibrated else None)
    return seen, [Frame(camera, 0, IMAGE) for _ in xs]


def run(seen, frames, ages, novel=None, moving=OCC3D.dynamic):
    return without_moved(Fetched(seen, novel), frames, ages, moving, 2.0, OCC3D)


def kept_cars(seen, after):
    """Share of the points of cars that are still used, view by view."""
    car = seen.labels == CAR
    used = after.seen.confidence > 2
    return [float(used[i][car[i]].mean()) if car[i].any() else 0.0 for i in range(len(car))]


@pytest.mark.parametrize('calibrated', [True, False])
def test_a_car_that_drove_on_leaves_only_its_newest_place(calibrated):
    views = [view(0.2, (3.5, 5.5)), view(0.1, (0.0, 2.0)), view(0.0, (-3.5, -1.5))]
    seen, frames = maps_of(views, (0.2, 0.1, 0.0), calibrated)
    after = run(seen, frames, (0, 1, 2))
    newest, middle, oldest = kept_cars(seen, after)
    assert newest == 1
    assert middle == oldest == 0
    walls = seen.labels == WALL
    np.testing.assert_array_equal(after.seen.confidence[walls], 5)


def test_a_parked_car_keeps_every_point():
    xs = (0.8, 0.4, 0.0)
    seen, frames = maps_of([view(x, (0.0, 2.0)) for x in xs], xs)
    after = run(seen, frames, (0, 1, 2))
    assert min(kept_cars(seen, after)) > 0.95


def test_what_no_newer_view_looks_at_stays():
    seen, frames = maps_of([view(40.0), view(0.0, (0.0, 2.0))], (40.0, 0.0))
    assert kept_cars(seen, run(seen, frames, (0, 1)))[1] == 1


def test_a_view_that_sees_nothing_certain_proves_nothing():
    seen, frames = maps_of([view(0.0), view(0.0, (0.0, 2.0))], (0.0, 0.0))
    seen.confidence[0] = 1.5
    assert kept_cars(seen, run(seen, frames, (0, 1)))[1] == 1


def test_sky_is_farther_than_everything():
    seen, frames = maps_of([view(0.0, behind=SKY), view(0.0, (0.0, 2.0))], (0.0, 0.0))
    seen.confidence[0] = 1.0
    assert kept_cars(seen, run(seen, frames, (0, 1)))[1] == 0


def test_cameras_of_one_instant_do_not_judge_each_other():
    seen, frames = maps_of([view(0.0), view(0.0, (0.0, 2.0))], (0.0, 0.0))
    assert run(seen, frames, (1, 1)).seen.confidence.min() == 5


def test_nothing_moves_where_nothing_is_said_to():
    seen, frames = maps_of([view(0.0), view(0.0, (0.0, 2.0))], (0.0, 0.0))
    before = Fetched(seen, None)
    assert without_moved(before, frames, (0, 1), frozenset(), 2.0, OCC3D) is before


def test_novel_views_are_held_against_the_newest_set():
    seen, frames = maps_of([view(0.0), view(0.0, (0.0, 2.0))], (0.0, 0.0))
    depth, labels, points = view(0.0, (0.0, 2.0))
    novel = ViewMaps(
        world_points=points[None],
        confidence=np.full((1, *depth.shape), 5, np.float32),
        labels=labels[None],
        world_from_camera=np.eye(4)[None],
        focal=np.full(1, 40, np.float32),
    )
    after = run(seen, frames, (0, 1), novel)
    assert (after.novel.confidence[0] > 2)[labels == CAR].mean() == 0
    assert (after.novel.confidence[0] > 2)[labels == WALL].all()
