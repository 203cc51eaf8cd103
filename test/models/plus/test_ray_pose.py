"""Cameras found in rays, against cameras the rays were made with, and the method word by word."""

import math

from occany_ros.models.plus.ray_pose import cameras_from_rays, drawn_samples
import pytest
import torch

SIZE = (28, 42)


def turned(yaw, pitch, position):
    c, s, d, e = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    pose = torch.eye(4)
    across = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    down = torch.tensor([[1, 0, 0], [0, d, -e], [0, e, d]])
    pose[:3, :3], pose[:3, 3] = across @ down, torch.tensor(position)
    return pose


POSES = torch.stack([turned(0.0, 0.0, (0.0, 0.0, 0.0)), turned(0.4, -0.1, (1.0, -0.5, 3.0))])


def pinhole(focal=(30.0, 33.0), middle=None, size=SIZE):
    matrix = torch.diag(torch.tensor([*focal, 1.0]))
    matrix[:2, 2] = torch.tensor((size[1] / 2, size[0] / 2) if middle is None else middle)
    return matrix


def rays_of(poses, matrix, size=SIZE):
    """Rays through the middles of pixels, (v, h, w, 6)."""
    rows, columns = torch.meshgrid(
        torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5, indexing='ij'
    )
    pixels = torch.stack((columns, rows, torch.ones_like(rows)), dim=-1)
    aim = torch.einsum('vij,hwj->vhwi', poses[:, :3, :3] @ torch.linalg.inv(matrix), pixels)
    return torch.cat((aim, poses[:, None, None, :3, 3].expand_as(aim)), dim=-1)


def noisy(seed=3, size=SIZE, spread=0.02, wrong=0.3):
    """Rays of which some point anywhere, with a confidence that tells little."""
    random = torch.Generator().manual_seed(seed)
    rays = rays_of(POSES, pinhole(size=size), size)
    rays = rays + spread * torch.randn(rays.shape, generator=random)
    is_wrong = torch.rand(rays.shape[:3], generator=random) < wrong
    rays[is_wrong] = torch.randn(rays[is_wrong].shape, generator=random)
    return rays, 1 + torch.rand(rays.shape[:3], generator=random)


def find(rays, confidence, size=SIZE, seed=0):
    return cameras_from_rays(rays, confidence, size, torch.Generator().manual_seed(seed))


def fit(places, targets, weight):
    """One weighted DLT by the singular vectors of its equations, double precision."""
    x, y = places.double().T
    u, v = targets.double().T
    one, none = torch.ones_like(x), torch.zeros_like(x)
    first = torch.stack((-x, -y, -one, none, none, none, x * u, y * u, u), dim=1)
    second = torch.stack((none, none, none, -x, -y, -one, x * v, y * v, v), dim=1)
    rows = torch.cat((first, second)) * weight.double().sqrt().repeat(2)[:, None]
    last = torch.linalg.svd(rows, full_matrices=False).Vh[-1]
    return (last / last[8]).reshape(3, 3)


def literal(rays, confidence, size, seed):
    """Spec, section 6, one view and one hypothesis after the other."""
    random = torch.Generator().manual_seed(seed)
    rows, columns = rays.shape[1:3]
    places = torch.tensor(
        [
            (2 * (column + 0.5) / columns - 1, 2 * (row + 0.5) / rows - 1)
            for row in range(rows)
            for column in range(columns)
        ]
    )
    most = max(8, int(0.3 * rows * columns))
    samples = [torch.randperm(most, generator=random)[:8] for _ in range(100)]
    poses, pinholes = [], []
    for view, sureness in zip(rays.reshape(len(rays), -1, 6), confidence.flatten(1), strict=True):
        aim = view[:, :3]
        is_forward = aim[:, 2].abs() > 1e-4
        targets = torch.where(is_forward[:, None], aim[:, :2] / aim[:, 2:], aim[:, :2])
        weight = sureness * is_forward
        surest = weight.argsort(descending=True)[:most]
        best, inliers = -1.0, None
        for sample in samples:
            some = surest[sample]
            matrix = fit(places[some], targets[some], weight[some]).float()
            mapped = torch.cat((places, torch.ones(len(places), 1)), dim=1) @ matrix.T
            error = (mapped[:, :2] / mapped[:, 2:] - targets).norm(dim=1)
            score = float(weight[error < 0.2].sum())
            if score > best:
                best, inliers = score, (error < 0.2).nonzero()[:, 0]
        inliers = inliers[weight[inliers].argsort(descending=True)]
        if len(inliers) > 8000:
            inliers = inliers[: max(int(0.95 * len(inliers)), 8000)]
            inliers = inliers[torch.randperm(len(inliers), generator=random)[:8000]]
        matrix = fit(places[inliers], targets[inliers], weight[inliers])
        if torch.linalg.det(matrix) < 0:
            matrix = -matrix
        swap = torch.eye(3, dtype=torch.float64).flip(0)
        orthogonal, upper = torch.linalg.qr(matrix @ swap)
        orthogonal, lower = orthogonal @ swap, swap @ upper @ swap
        sign = torch.diag(lower.diagonal().sign())
        orthogonal, lower = orthogonal @ sign, sign @ lower
        lower = lower / lower[2, 2]
        pose = torch.eye(4)
        pose[:3, :3] = orthogonal.float()
        pose[:3, 3] = (weight[:, None] * view[:, 3:]).sum(dim=0) / weight.sum()
        poses.append(pose)
        half = torch.tensor((size[1] / 2, size[0] / 2), dtype=torch.float64)
        focal, middle = half / lower.diagonal()[:2], (lower[2, :2] + 1) * half
        pinholes.append(pinhole(focal.tolist(), middle.tolist()))
    return torch.stack(poses), torch.stack(pinholes)


@pytest.mark.parametrize('seed', [0, 1])
def test_agrees_with_the_method_word_by_word(seed):
    rays, confidence = noisy(seed)
    found = find(rays, confidence, seed=seed)
    poses, pinholes = literal(rays, confidence, SIZE, seed)
    torch.testing.assert_close(found.world_from_camera, poses, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.intrinsics, pinholes, atol=1e-3, rtol=0)


@pytest.mark.parametrize('size', [SIZE, (14, 70), (70, 14)])
def test_finds_the_cameras_the_rays_were_made_with(size):
    matrix = pinhole(size=size)
    rays = rays_of(POSES, matrix, size)
    found = find(rays, torch.full(rays.shape[:3], 2.0), size)
    torch.testing.assert_close(found.world_from_camera, POSES, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.intrinsics, matrix.expand(2, 3, 3), atol=0.01, rtol=0)


def test_rays_need_not_be_as_many_as_pixels():
    coarse = (SIZE[0] // 7 * 4, SIZE[1] // 7 * 4)
    matrix = pinhole(size=coarse)
    rays = rays_of(POSES, matrix, coarse)
    found = find(rays, torch.full(rays.shape[:3], 2.0), SIZE)
    larger = torch.diag(torch.tensor([SIZE[1] / coarse[1], SIZE[0] / coarse[0], 1.0])) @ matrix
    torch.testing.assert_close(found.world_from_camera, POSES, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.intrinsics, larger.expand(2, 3, 3), atol=0.01, rtol=0)


def test_length_and_sign_of_a_ray_mean_nothing():
    rays = rays_of(POSES, pinhole())
    stretch = torch.where(torch.rand(rays.shape[:3]) < 0.5, -1.0, 1.0) * (0.5 + torch.rand(SIZE))
    changed = torch.cat((rays[..., :3] * stretch[..., None], rays[..., 3:]), dim=-1)
    sureness = 1 + torch.rand(rays.shape[:3])
    one, other = find(rays, sureness), find(changed, sureness)
    torch.testing.assert_close(one.world_from_camera, other.world_from_camera, atol=1e-4, rtol=0)


def test_many_wrong_rays_do_not_matter_and_unsure_ones_even_less():
    rays, _ = noisy(spread=0.0, wrong=0.4)
    truth = rays_of(POSES, pinhole())
    is_right = (rays - truth).abs().amax(dim=-1) < 1e-6
    found = find(rays, torch.where(is_right, 5.0, 1.0001))
    rotation = found.world_from_camera[:, :3, :3]
    angle = torch.einsum('vij,vij->v', rotation, POSES[:, :3, :3]).sub(1).div(2)
    assert torch.rad2deg(angle.clamp(-1, 1).acos()).max() < 2.0


def test_more_inliers_than_are_used_are_drawn_by_the_same_generator():
    size = (98, 112)
    rays, confidence = noisy(size=size, wrong=0.05)
    found, again = (find(rays, confidence, size, seed=5) for _ in range(2))
    other = find(rays, confidence, size, seed=6)
    assert torch.equal(found.world_from_camera, again.world_from_camera)
    assert not torch.equal(found.homographies, other.homographies)
    poses, pinholes = literal(rays, confidence, size, seed=5)
    torch.testing.assert_close(found.world_from_camera, poses, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.intrinsics, pinholes, atol=1e-3, rtol=0)


def test_samples_are_ranks_of_the_surest_rays():
    samples = drawn_samples(1000, torch.Generator().manual_seed(0))
    assert samples.shape == (100, 8)
    assert 250 < int(samples.max()) < 300
    assert all(len(set(row)) == 8 for row in samples.tolist())
    assert drawn_samples(9, torch.Generator().manual_seed(0)).max() == 7


def test_rays_that_hit_no_image_plane_have_no_vote():
    rays = rays_of(POSES, pinhole())
    sureness = torch.full(rays.shape[:3], 2.0)
    rays[:, :4, :, :3] = torch.tensor([1.0, 2.0, 1e-5])
    rays[:, :4, :, 3:] = 1e6
    sureness[:, :4] = 100.0
    found = find(rays, sureness)
    torch.testing.assert_close(found.world_from_camera, POSES, atol=1e-4, rtol=0)


@pytest.mark.parametrize('kind', ['nothing', 'one direction', 'not numbers', 'huge', 'backwards'])
def test_rays_of_no_camera_answer_something_and_stop_nobody(kind):
    rays = torch.zeros(2, *SIZE, 6)
    if kind == 'one direction':
        rays[..., 2] = 1.0
    elif kind == 'not numbers':
        rays = rays_of(POSES, pinhole())
        rays[0] = float('nan')
    elif kind == 'huge':
        rays = rays_of(POSES, pinhole())
        rays[0, ..., :3] = torch.tensor([3e38, 1.0, 2e-4])
    elif kind == 'backwards':
        rays[..., :3] = -rays_of(POSES, pinhole())[..., :3]
    found = find(rays, torch.full(rays.shape[:3], 2.0))
    assert found.world_from_camera.shape == (2, 4, 4)
    assert found.intrinsics.shape == (2, 3, 3)
    if kind == 'nothing':
        assert found.world_from_camera[:, :3].isnan().any(dim=(1, 2)).all()
    if kind in ('not numbers', 'huge'):
        assert not found.world_from_camera[0].isfinite().all()
        torch.testing.assert_close(found.world_from_camera[1], POSES[1], atol=1e-4, rtol=0)
