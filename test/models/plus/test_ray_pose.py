"""Cameras found from rays, against cameras that made them and the literal solution."""

import math

import numpy as np
from occany_ros.models.plus.ray_pose import _fitted, cameras_from_rays, drawn_samples
import pytest
import torch

SIZE = (28, 42)
FOCAL = 30.0


def pose(angle_deg, position):
    """Turn about y, then move."""
    angle = math.radians(angle_deg)
    matrix = torch.eye(4)
    matrix[0, 0] = matrix[2, 2] = math.cos(angle)
    matrix[0, 2], matrix[2, 0] = math.sin(angle), -math.sin(angle)
    matrix[:3, 3] = torch.tensor(position)
    return matrix


def rays_of(poses, noise=0.0):
    """Rays of pinhole cameras through the centres of pixels, principal point in the middle."""
    rows, columns = SIZE
    x = (torch.arange(columns) + 0.5 - columns / 2) / FOCAL
    y = (torch.arange(rows) + 0.5 - rows / 2) / FOCAL
    local = torch.stack((x.expand(SIZE), y[:, None].expand(SIZE), torch.ones(SIZE)), dim=-1)
    direction = torch.einsum('vij,hwj->vhwi', poses[:, :3, :3], local)
    origin = poses[:, None, None, :3, 3].expand_as(direction)
    rays = torch.cat((direction, origin), dim=-1)
    return rays + noise * torch.randn(rays.shape, generator=torch.Generator().manual_seed(3))


def found(rays, confidence=None, seed=0):
    """Cameras of rays that are trusted alike unless said otherwise."""
    if confidence is None:
        confidence = torch.ones(rays.shape[:3])
    return cameras_from_rays(rays, confidence, SIZE, torch.Generator().manual_seed(seed))


def test_cameras_that_made_the_rays_are_found():
    poses = torch.stack(
        (torch.eye(4), pose(25.0, [1.0, -0.5, 3.0]), pose(-60.0, [0.0, 0.0, -9.0]))
    )
    cameras = found(rays_of(poses))
    torch.testing.assert_close(cameras.world_from_camera, poses, atol=1e-4, rtol=0)
    rows, columns = SIZE
    pinhole = torch.tensor([[FOCAL, 0, columns / 2], [0, FOCAL, rows / 2], [0, 0, 1]])
    torch.testing.assert_close(cameras.intrinsics, pinhole.expand(3, 3, 3), atol=1e-2, rtol=0)


def test_the_length_of_a_ray_means_nothing():
    rays = rays_of(pose(20.0, [0.0, 1.0, 0.0])[None])
    longer = rays.clone()
    longer[..., :3] *= 1 + torch.rand(*SIZE, 1)
    torch.testing.assert_close(
        found(longer).world_from_camera, found(rays).world_from_camera, atol=1e-4, rtol=0
    )


def test_pixels_that_are_not_trusted_have_no_say():
    poses = pose(15.0, [0.0, 0.0, 1.0])[None]
    rays = rays_of(poses)
    confidence = torch.ones(1, *SIZE)
    rays[:, :6] = torch.randn(1, 6, SIZE[1], 6, generator=torch.Generator().manual_seed(1))
    confidence[:, :6] = 0.0
    cameras = found(rays, confidence)
    torch.testing.assert_close(cameras.world_from_camera, poses, atol=1e-4, rtol=0)


def test_rays_along_the_image_plane_are_left_out():
    poses = pose(0.0, [2.0, 0.0, 0.0])[None]
    rays = rays_of(poses)
    rays[0, 3, 4, 2] = 0.0
    cameras = found(rays)
    assert torch.isfinite(cameras.world_from_camera).all()
    torch.testing.assert_close(cameras.world_from_camera, poses, atol=1e-4, rtol=0)


def test_a_fifth_of_wild_rays_is_outvoted():
    poses = pose(10.0, [0.0, 0.0, 1.0])[None]
    rays = rays_of(poses, noise=0.002)
    wild = torch.rand(SIZE, generator=torch.Generator().manual_seed(5)) < 0.2
    rays[0, wild] = torch.randn(int(wild.sum()), 6, generator=torch.Generator().manual_seed(6))
    rays[0, wild, 3:] = poses[0, :3, 3]
    cameras = found(rays)
    torch.testing.assert_close(cameras.world_from_camera, poses, atol=0.03, rtol=0)


def test_the_same_draws_give_the_same_cameras():
    rays = rays_of(pose(10.0, [0.0, 0.0, 1.0])[None], noise=0.05)
    assert torch.equal(found(rays).world_from_camera, found(rays).world_from_camera)
    samples = drawn_samples(1000, torch.Generator().manual_seed(4))
    assert samples.shape == (100, 8)
    assert int(samples.max()) < 300
    assert all(len(set(row)) == 8 for row in samples.tolist())


@pytest.mark.parametrize('seed', range(3))
def test_the_gram_matrix_gives_what_the_singular_vectors_of_the_equations_give(seed):
    rng = np.random.default_rng(seed)
    places, targets = rng.normal(size=(2, 20, 2))
    weight = rng.uniform(0.1, 2.0, 20)
    rows = []
    for (x, y), (u, v), w in zip(places, targets, weight, strict=True):
        rows.append(np.sqrt(w) * np.array([-x, -y, -1, 0, 0, 0, x * u, y * u, u]))
        rows.append(np.sqrt(w) * np.array([0, 0, 0, -x, -y, -1, x * v, y * v, v]))
    literal = np.linalg.svd(np.stack(rows))[2][-1]
    got = _fitted(*(torch.from_numpy(part)[None] for part in (places, targets, weight)))
    np.testing.assert_allclose(got[0].numpy().ravel(), literal / literal[-1], rtol=1e-6)
