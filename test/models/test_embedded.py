import math

import numpy as np
from occany_ros.models.embedded.matching import (
    best_matches,
    cell_to_pixel,
    correlation,
    pixel_to_cell,
    plane_sweep,
    project,
    sample_table,
)
from occany_ros.models.embedded.motion import Correspondences, solve_motion, twist
from occany_ros.models.embedded.rays import (
    calibration,
    cell_rays,
    FALLBACK_HEIGHT,
    inverse_ground_depth,
)
from occany_ros.models.views import Views
import pytest
import torch

LEVEL = torch.tensor(
    [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1.0]], dtype=torch.float64
)


def pinhole(width=384, height=128, focal=270.0):
    return torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


def test_unknown_cameras_get_the_stated_fallback():
    nan = float('nan')
    views = Views(
        images=torch.zeros(2, 3, 32, 64),
        cameras=('a', 'b'),
        stamps_ns=(0, 0),
        intrinsics=torch.stack((pinhole(), torch.full((3, 3), nan))),
        base_from_camera=torch.stack((torch.full((4, 4), nan), LEVEL.float())),
    )
    known = calibration(views)
    assert known.mounted.tolist() == [False, True]
    assert torch.equal(known.intrinsics[0], pinhole())
    assert known.intrinsics[1, 0, 0].item() == pytest.approx(32 / math.tan(math.radians(35)))
    assert known.base_from_camera[0, 2, 3].item() == pytest.approx(FALLBACK_HEIGHT)


def test_ground_depth_is_where_the_ray_meets_the_ground():
    rays = cell_rays(pinhole()[None], (32, 96), 4)
    inverse = inverse_ground_depth(rays, LEVEL[None].float())
    below = inverse > 0.02
    points = rays[below] / inverse[below][:, None]
    base = points @ LEVEL[:3, :3].T.float() + LEVEL[:3, 3].float()
    assert below.any()
    assert not below.all()
    assert base[:, 2].abs().max() < 1e-4


def test_matches_recover_a_shift_to_a_fraction_of_a_cell():
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(1, 16, 12, 30, generator=generator)
    wide = torch.nn.functional.interpolate(coarse, scale_factor=4, mode='bicubic')
    wide = torch.nn.functional.normalize(wide, dim=1)
    target, source = wide[..., 8:40, 10:90], wide[..., 8:40, 6:86]
    pixels, mass = best_matches(correlation(12 * target, 12 * source), torch.tensor(0.0))
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(80), indexing='ij')
    expected = cell_to_pixel(torch.stack((columns + 4, rows), dim=-1).flatten(0, 1).float())
    inside = (columns.flatten() < 72) & (mass[0] > 0.5)
    error = (pixels[0] - expected)[inside].norm(dim=-1)
    assert inside.sum() > 500
    assert error.median() < 8 * 0.5


def test_table_is_read_bilinearly_and_zero_outside():
    table = torch.arange(12.0).view(1, 1, 3, 4)
    cells = torch.tensor([[[[1.5, 1.0], [0.0, 0.5], [-0.1, 0.0], [3.0, 2.0]]]])
    values, inside = sample_table(table, cells)
    assert inside.tolist() == [[[True, True, False, True]]]
    assert values[0, 0].tolist() == pytest.approx([5.5, 2.0, 0.0, 11.0], abs=1e-4)


def test_sweep_agrees_most_at_the_true_depth():
    """A table that is one where the target's cell truly lies in the source, falling off around."""
    depths = torch.linspace(math.log(2), math.log(80), 32).exp()
    rays = cell_rays(pinhole()[None], (16, 48), 8).flatten(1, 2)
    motion = torch.eye(4)[None].clone()
    motion[0, 0, 3] = -1.0
    truth = 9.0
    place = pixel_to_cell(project(rays * truth + motion[:, None, :3, 3], pinhole()[None]))
    grid = torch.stack(torch.meshgrid(torch.arange(48), torch.arange(16), indexing='xy'), -1)
    distance = (place[0, :, None] - grid.flatten(0, 1)[None].float()).norm(dim=-1)
    table = torch.exp(-(distance**2)).view(1, -1, 16, 48)
    agreement, seen = plane_sweep(table, rays, depths, motion, pinhole()[None])
    whole = seen.all(dim=-1)
    best = depths[agreement[whole].argmax(dim=-1)]
    assert whole.sum() > 100
    assert ((best / truth).log().abs() < 0.13).float().mean() > 0.9


def test_points_behind_the_camera_project_outside():
    pixels = project(torch.tensor([[[0.0, 0.0, -5.0]]]), pinhole()[None])
    assert (pixels < -1000).all()


@pytest.mark.parametrize('outliers', [0.0, 0.2])
def test_motion_is_recovered_despite_outliers(outliers):
    random = np.random.default_rng(3)
    truth = twist(torch.tensor([-1.5, 0.1, 0.02, 0.01, 0.02, -0.1], dtype=torch.float64))
    points = torch.from_numpy(random.uniform((4, -10, 0), (34, 10, 4), (600, 3)))
    camera_from_base = LEVEL.inverse()
    moved = points @ truth[:3, :3].T + truth[:3, 3]
    seen = moved @ camera_from_base[:3, :3].T + camera_from_base[:3, 3]
    pixels = project(seen[None], pinhole()[None].double())[0]
    wrong = torch.from_numpy(random.random(600) < outliers)
    pixels[wrong] += torch.from_numpy(random.normal(0, 40, (int(wrong.sum()), 2)))
    matches = Correspondences(
        points=points,
        pixels=pixels,
        weights=(seen[:, 2] > 1).double(),
        error=torch.full((600,), 0.05),
        intrinsics=pinhole().double().expand(600, 3, 3),
        camera_from_base=camera_from_base.expand(600, 4, 4),
    )
    assert (solve_motion(matches) - truth).abs().max() < (1e-6 if not outliers else 0.01)


def test_too_few_matches_leave_the_first_guess():
    none = Correspondences(
        points=torch.zeros(5, 3),
        pixels=torch.zeros(5, 2),
        weights=torch.ones(5),
        error=torch.zeros(5),
        intrinsics=pinhole().expand(5, 3, 3),
        camera_from_base=LEVEL.expand(5, 4, 4),
    )
    assert torch.equal(solve_motion(none), torch.eye(4, dtype=torch.float64))
