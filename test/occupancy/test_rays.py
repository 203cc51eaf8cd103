"""Rays cut to a grid, against dense sampling."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.rays import directions_of, locate, walk

SPEC = GridSpec((-2.0, -1.0, -0.5), 0.25, (16, 10, 6))
UPPER = np.array(SPEC.origin) + 0.25 * np.array(SPEC.shape)


def random_rays(seed, count=40):
    rng = np.random.default_rng(seed)
    origin = rng.uniform(-4, 4, 3)
    points = rng.uniform(-4, 4, (count, 3))
    points[0, 1:] = origin[1:]  # parallel to two pairs of faces
    points[1] = origin  # no ray at all
    return origin, points


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_samples_lie_on_their_rays_inside_the_grid(seed):
    origin, points = random_rays(seed)
    rays = directions_of(origin, points)
    samples = walk(rays, rays.length, SPEC)
    ray = np.repeat(np.arange(len(points)), samples.count)
    assert np.all(samples.distance <= rays.length[ray])
    places = origin + rays.unit.T[ray] * samples.distance[:, None]
    assert np.all((places > np.array(SPEC.origin) - 1e-4) & (places < UPPER + 1e-4))
    cells = np.stack(np.unravel_index(samples.voxel, SPEC.shape), axis=-1)
    middle = np.array(SPEC.origin) + (cells + 0.5) * 0.25
    assert np.all(np.abs(places - middle) <= 0.125 + 1e-4)


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_every_ray_is_sampled_over_its_whole_length_in_the_grid(seed):
    origin, points = random_rays(seed)
    rays = directions_of(origin, points)
    samples = walk(rays, rays.length, SPEC)
    share = (np.arange(4000) + 0.5) / 4000
    for number, point in enumerate(points):
        along = origin + (point - origin) * share[:, None]
        inside = ((along > SPEC.origin) & (along < UPPER)).all(axis=-1)
        length = inside.mean() * rays.length[number]
        assert length - 0.27 <= 0.25 * samples.count[number] <= length + 0.01


def test_a_ray_beside_the_grid_and_parallel_to_it_misses():
    rays = directions_of(np.array([-3.0, 5.0, 0.0]), np.array([(3.0, 5.0, 0.0)]))
    assert walk(rays, rays.length, SPEC).count.tolist() == [0]


def test_a_ray_along_the_axis_visits_each_cell_once():
    rays = directions_of(np.array([-2.9, 0.1, 0.1]), np.array([(5.0, 0.1, 0.1)]))
    samples = walk(rays, rays.length, SPEC)
    x, y, z = np.unravel_index(samples.voxel, SPEC.shape)
    assert x.tolist() == list(range(15))  # the part of a step at the far face is left out
    assert set(y) == {4}
    assert set(z) == {2}


@given(st.integers(0, 2**31))
def test_points_are_located_or_left_out(seed):
    points = np.random.default_rng(seed).uniform(-3, 3, (3, 50)).astype(np.float32)
    voxel, kept = locate(tuple(points), SPEC)
    lattice = (points.T - np.float32(SPEC.origin)) / np.float32(0.25)
    cells = np.floor(lattice).astype(int)
    inside = ((cells >= 0) & (cells < SPEC.shape)).all(axis=-1)
    assert np.array_equal(kept, inside)
    assert np.array_equal(voxel, np.ravel_multi_index(tuple(cells[inside].T), SPEC.shape))
