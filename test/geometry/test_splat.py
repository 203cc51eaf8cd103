"""The z-buffer against a literal one, point by point, in the same arithmetic."""

import math
from pathlib import Path

import numpy as np
from occany_ros.geometry import splat
from occany_ros.geometry.splat import nearest_points
import pytest
from safetensors.torch import load_file
import torch

FIXTURE = Path(__file__).parents[3] / 'shared' / 'fixtures' / 'occany' / 'cond_small.safetensors'


def literal(points, world_from_camera, intrinsics, height, width):
    """Spec, section 8, one point at a time, in float32 scalars."""
    batch, views = world_from_camera.shape[:2]
    result = np.full((batch, views, height, width), -1)
    one = np.float32
    with np.errstate(all='ignore'):
        for b in range(batch):
            (fx, _, cx), (_, fy, cy), _ = intrinsics[b].numpy()
            for r in range(views):
                rotation = world_from_camera[b, r, :3, :3].numpy()
                offset = (
                    world_from_camera[b, r, :3, :3].mT @ world_from_camera[b, r, :3, 3:]
                ).numpy()[:, 0]
                nearest = np.full((height, width), one(math.inf))
                for i, (x, y, z) in enumerate(points[b].numpy()):
                    local = [
                        x * rotation[0, k] + y * rotation[1, k] + z * rotation[2, k] - offset[k]
                        for k in range(3)
                    ]
                    u = (local[0] * fx + local[2] * cx) / (local[2] + one(1e-8))
                    v = (local[1] * fy + local[2] * cy) / (local[2] + one(1e-8))
                    if not (math.isfinite(u) and math.isfinite(v) and local[2] > 0):
                        continue
                    column, row = round(float(u)), round(float(v))
                    if not (0 <= column < width and 0 <= row < height):
                        continue
                    if local[2] < nearest[row, column]:
                        nearest[row, column] = local[2]
                        result[b, r, row, column] = i
    return torch.from_numpy(result)


def turned(angle):
    c, s = math.cos(angle), math.sin(angle)
    pose = torch.eye(4)
    pose[:3, :3] = torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return pose


def pinhole(focal, height, width):
    return torch.tensor([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])


def scene(seed, count=400):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(2, count, 3, generator=generator) * torch.tensor([4.0, 2.0, 6.0])
    points[:, 50:80] = points[:, :30]  # ties: the same places again
    points[:, 90] = math.nan
    points[:, 91, 2] = math.inf
    points[:, 92] = 0.0  # in the first camera's centre
    poses = torch.stack([turned(angle) for angle in (0.0, 0.4, -1.1, 3.0)])
    poses = poses.expand(2, -1, -1, -1).clone()
    poses[:, :, :3, 3] = torch.randn(2, 4, 3, generator=generator)
    poses[:, 0] = torch.eye(4)
    return points, poses


@pytest.mark.parametrize('seed', range(4))
def test_agrees_with_the_literal_buffer(seed):
    points, poses = scene(seed)
    intrinsics = torch.stack((pinhole(9.0, 12, 20), pinhole(13.5, 12, 20)))
    ours = nearest_points(points, poses, intrinsics, 12, 20)
    assert ours.dtype == torch.int64
    assert torch.equal(ours, literal(points, poses, intrinsics, 12, 20))
    assert 0.1 < (ours >= 0).float().mean() < 1


def test_halves_go_to_the_even_pixel_and_ties_to_the_first_point():
    # With a focal length of 1 and depth 1, coordinates are pixels from the middle.
    across = [-2.5, -1.5, -0.5, 0.5, 1.5, 0.5, 0.5]
    depths = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]
    points = torch.tensor([[x * z, 0.0, z] for x, z in zip(across, depths, strict=True)])
    poses = torch.eye(4).expand(1, 1, 4, 4)
    intrinsics = torch.tensor([[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    # -0.5 -> 0, 0.5 -> 0, 1.5 -> 2, 2.5 -> 2, 3.5 -> 4 (outside); the nearest wins pixel 2.
    winners = nearest_points(points.unsqueeze(0), poses, intrinsics, 1, 4)
    assert winners.flatten().tolist() == [0, -1, 6, -1]


def test_passes_do_not_change_anything(monkeypatch):
    points, poses = scene(7)
    intrinsics = pinhole(9.0, 12, 20).expand(2, 3, 3)
    at_once = nearest_points(points, poses, intrinsics, 12, 20)
    monkeypatch.setitem(splat.PASS_BYTES, 'cpu', 1)
    assert torch.equal(nearest_points(points, poses, intrinsics, 12, 20), at_once)


def test_nothing_to_see_and_nobody_to_see_it():
    intrinsics = pinhole(9.0, 4, 6).unsqueeze(0)
    no_points = nearest_points(torch.zeros(1, 0, 3), torch.eye(4)[None, None], intrinsics, 4, 6)
    assert torch.equal(no_points, torch.full((1, 1, 4, 6), -1))
    no_views = nearest_points(torch.zeros(1, 9, 3), torch.zeros(1, 0, 4, 4), intrinsics, 4, 6)
    assert no_views.shape == (1, 0, 4, 6)


@pytest.mark.skipif(not FIXTURE.is_file(), reason=f'needs the golden file {FIXTURE}')
def test_agrees_with_the_released_winners():
    golden = load_file(FIXTURE)
    height, width = golden['pts3d'].shape[2:4]
    intrinsics = pinhole(golden['focal'].item(), height, width).unsqueeze(0)
    points = golden['pts3d'].flatten(1, 3)
    winners = nearest_points(points, golden['novel_c2w'], intrinsics, height, width)
    assert torch.equal(winners, golden['argmin_index'])
