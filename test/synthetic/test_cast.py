from dataclasses import replace

import numpy as np
from occany_ros.synthetic.builder import Builder
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.rig import base_from_camera, pinhole
import pytest
from solids import inside, PAINT, random_solids, scene_of

SIZE = (48, 80)
LOOK = pinhole(np.radians(80), SIZE)


def look_along(yaw, height=1.5):
    return base_from_camera((0.0, 0.0, height), yaw, 0.0, 0.0)


def seen(scene, yaw=0.0):
    shots = Shots(look_along(yaw)[None], LOOK[None], [0])
    return render([scene], shots, SIZE, shadows=False)


def test_a_wall_is_at_its_distance_and_the_ground_where_it_must_be():
    build = Builder()
    build.at((10.0, 0.0, 0.0), 15)
    build.box((0.5, 0.0, 10.0), (1.0, 60.0, 20.0), PAINT)
    answer = seen(scene_of(build.build()))
    wall = answer.label[0] == 15
    np.testing.assert_allclose(answer.depth[0][wall], 10.0, rtol=1e-5)
    rows = (np.arange(SIZE[0]) - LOOK[1, 2]) / LOOK[1, 1]
    expected = np.broadcast_to((1.5 / np.maximum(rows, 1e-9))[:, None], SIZE)
    assert np.array_equal(wall, expected > 10)
    np.testing.assert_allclose(answer.depth[0][~wall], expected[~wall], rtol=1e-4)


def test_a_ball_has_the_depth_of_a_sphere():
    build = Builder()
    build.at((8.0, 0.0, 0.0), 16)
    build.ellipsoid((0.0, 0.0, 1.5), 1.2, 1.2, PAINT)
    answer = seen(scene_of(build.build()))
    ball = answer.label[0] == 16
    v, u = np.nonzero(ball)
    ray = np.stack(
        [(u - LOOK[0, 2]) / LOOK[0, 0], (v - LOOK[1, 2]) / LOOK[1, 1], np.ones(len(u))], 1
    )
    along = ray[:, 2] * 8.0
    square = (ray**2).sum(1)
    root = along**2 - square * (64 - 1.44)
    np.testing.assert_allclose(answer.depth[0][ball], (along - np.sqrt(root)) / square, rtol=1e-4)
    assert ball.sum() == pytest.approx(np.pi * (1.2 / 8 * LOOK[0, 0]) ** 2, rel=0.1)


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_every_kind_of_solid_agrees_with_marching_along_the_rays(seed):
    random = np.random.default_rng(seed)
    solids = random_solids(random, 25, 14.0)
    yaw = float(random.uniform(0, 6))
    answer = seen(scene_of(solids), yaw)
    pose = look_along(yaw)
    v, u = (index.ravel()[::7] for index in np.indices(SIZE))
    rays = np.stack([(u - LOOK[0, 2]) / LOOK[0, 0], (v - LOOK[1, 2]) / LOOK[1, 1], 1 + 0 * u], 1)
    rays = rays @ pose[:3, :3].T
    steps = np.arange(0.5, 18.0, 0.02)
    points = pose[:3, 3] + rays[:, None] * steps[:, None]
    first = np.full(len(u), np.inf)
    for row in range(len(solids)):
        met = inside(solids, row, points)
        first = np.minimum(first, np.where(met.any(1), steps[met.argmax(1)], np.inf))
    ground = np.where(rays[:, 2] < 0, -1.5 / np.minimum(rays[:, 2], -1e-9), np.inf)
    expected = np.minimum(first, ground)
    depth = answer.depth[0][v, u]
    near = expected < 17
    agree = np.abs(depth[near] - expected[near]) < 0.03
    assert agree.mean() > 0.985  # rays that graze an outline may differ
    assert near.sum() > 200


@pytest.mark.parametrize('seed', [3, 4])
def test_shadows_agree_with_marching_to_the_sun(seed):
    random = np.random.default_rng(seed)
    solids = random_solids(random, 25, 9.0)
    base = scene_of(solids, 2)
    light = replace(base.light, sun=(0.48, -0.36, 0.8), sun_colour=(3.0, 3.0, 3.0), noise=0.0)
    scene = replace(base, light=light)
    pose = base_from_camera((-6.0, 0.0, 4.0), 0.0, 0.5, 0.0)
    shots = Shots(pose[None], LOOK[None], [0])
    lit = render([scene], shots, SIZE, shadows=False)
    cast = render([scene], shots, SIZE)
    floor = (lit.depth[0] > 0) & (lit.depth[0] < 20) & (lit.label[0] >= 11) & (lit.label[0] < 15)
    v, u = np.nonzero(floor)
    rays = np.stack([(u - LOOK[0, 2]) / LOOK[0, 0], (v - LOOK[1, 2]) / LOOK[1, 1], 1 + 0 * u], 1)
    points = pose[:3, 3] + (rays * lit.depth[0][v, u][:, None]) @ pose[:3, :3].T
    floor_points = np.abs(points[:, 2]) < 1e-3
    steps = np.arange(0.03, 9.0, 0.02)[:, None]
    line = points[:, None] + np.array(light.sun) * steps
    dark = np.zeros(len(u), np.bool_)
    for row in range(len(solids)):
        dark |= inside(solids, row, line).any(1)
    darker = (cast.image[0].astype(int) < lit.image[0].astype(int) - 8).any(-1)[v, u]
    assert 0.02 < dark[floor_points].mean() < 0.98
    assert (darker == dark)[floor_points].mean() > 0.96


def test_a_camera_between_solids_sees_those_beside_it_cut_by_its_plane():
    build = Builder()
    build.at((0.0, 3.0, 0.0), 15)
    build.box((0.0, 0.0, 2.0), (40.0, 1.0, 4.0), PAINT)
    answer = seen(scene_of(build.build()))
    assert answer.label[0, SIZE[0] // 2, 0] == 15
    slope = (0 - LOOK[0, 2]) / LOOK[0, 0]
    assert answer.depth[0, SIZE[0] // 2, 0] == pytest.approx(2.5 / -slope, rel=1e-3)
