"""What OccAny+ was trained to minimise, against single pixels and known factors."""

from dataclasses import replace

from occany_ros.training.plus_criterion import (
    depth_loss,
    PlusEstimate,
    PlusTruth,
    point_distance,
    point_loss,
    ray_loss,
    slope_error,
    sure_depth_loss,
    teacher_loss,
    teacher_scale,
)
import pytest
import torch

SHAPE = (2, 3, 6, 8)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def truth():
    random = generator()
    depth = 1 + 40 * torch.rand(SHAPE, generator=random)
    return PlusTruth(
        points=torch.randn(*SHAPE, 3, generator=random) * depth[..., None],
        depth=depth,
        rays=torch.randn(*SHAPE, 6, generator=random),
        valid=torch.rand(SHAPE, generator=random) < 0.5,
    )


@pytest.fixture
def estimate(truth):
    """Almost the truth; far from it where nobody knows it."""
    random = generator(1)
    wild = 1000.0 * ~truth.valid
    return PlusEstimate(
        points=truth.points + 0.5 + wild[..., None],
        depth=truth.depth + 0.5 + wild,
        rays=truth.rays + 0.25,
        confidence=1 + torch.rand(SHAPE, generator=random),
        ray_confidence=1 + torch.rand(SHAPE, generator=random),
    )


def test_points_count_in_units_of_their_sample(estimate, truth):
    total, count = 0.0, 0
    for sample in range(SHAPE[0]):
        known = truth.valid[sample]
        size = truth.points[sample][known].norm(dim=-1).mean()
        sureness = estimate.confidence[sample][known]
        total += (sureness * 1.5 / size - sureness.log()).sum()
        count += int(known.sum())
    torch.testing.assert_close(point_loss(estimate, truth), total / count)


def test_a_sample_of_another_size_loses_the_same(estimate, truth):
    larger = replace(truth, points=7 * truth.points)
    scaled = replace(estimate, points=7 * estimate.points)
    torch.testing.assert_close(point_loss(scaled, larger), point_loss(estimate, truth))


def test_plain_errors_are_in_metres(estimate, truth):
    torch.testing.assert_close(point_distance(estimate, truth), torch.tensor(0.75**0.5))
    torch.testing.assert_close(depth_loss(estimate, truth), torch.tensor(0.5))


def test_directions_of_rays_weigh_ten_times_as_much_everywhere(estimate, truth):
    sureness = estimate.ray_confidence
    expected = (sureness * (10 * 0.75 + 0.75) - sureness.log()).mean()
    torch.testing.assert_close(ray_loss(estimate, truth), expected)


def test_an_offset_has_no_slope_and_a_ramp_has_one(estimate, truth):
    all_known = replace(truth, valid=torch.ones(SHAPE, dtype=torch.bool))
    exact = replace(estimate, depth=truth.depth + 0.5)
    sureness = exact.confidence
    expected = (sureness * 0.5 - sureness.log()).mean()
    torch.testing.assert_close(sure_depth_loss(exact, all_known), expected, atol=1e-4, rtol=0)
    ramp = 2.0 * torch.arange(SHAPE[-1]) + 3.0 * torch.arange(SHAPE[-2])[:, None]
    error = slope_error(truth.depth + ramp, truth.depth, truth.valid)
    torch.testing.assert_close(error, torch.tensor(5.0), atol=1e-4, rtol=0)


def test_slopes_need_both_pixels():
    depth, valid = torch.zeros(1, 1, 3, 3), torch.ones(1, 1, 3, 3, dtype=torch.bool)
    depth[0, 0, 1, 1], valid[0, 0, 1, 1] = 1e6, False
    assert slope_error(depth, torch.zeros(1, 1, 3, 3), valid) == 0


@pytest.mark.parametrize('draws', [None, generator(4)])
def test_the_factor_to_a_teacher_is_found(draws, truth):
    valid = torch.ones(SHAPE, dtype=torch.bool)
    scale = teacher_scale(truth.depth / 2.5, truth.depth, valid, draws)
    torch.testing.assert_close(scale, torch.tensor(2.5))


def test_draws_outvote_what_the_median_falls_for(truth):
    valid = torch.ones(SHAPE, dtype=torch.bool)
    teacher = truth.depth / 2.5
    flat = teacher.flatten()
    flat[: int(0.55 * len(flat))] *= 0.2 + 10 * torch.rand(int(0.55 * len(flat)))
    found = teacher_scale(teacher, truth.depth, valid, generator())
    assert abs(float(found) - 2.5) < 0.05
    assert abs(float(teacher_scale(teacher, truth.depth, valid, None)) - 2.5) > 0.2


def test_no_usable_pixel_and_few_of_them(truth):
    valid = torch.zeros(SHAPE, dtype=torch.bool)
    assert teacher_scale(truth.depth, truth.depth, valid, generator()) == 1
    valid[0, 0, 0, :3] = True
    found = teacher_scale(truth.depth / 3, truth.depth, valid, generator())
    torch.testing.assert_close(found, torch.tensor(3.0))
    assert teacher_scale(truth.depth * 1e6, truth.depth, valid, None) == 0.01
    far = torch.full(SHAPE, 60.0)
    assert teacher_scale(far / 3, far, valid, None) == 1


def test_a_teacher_counts_where_it_is_near(truth):
    scales = torch.tensor([2.0, 4.0])
    teacher = truth.depth / scales[:, None, None, None]
    assert teacher_loss(truth.depth, teacher, truth.valid, scales) < 1e-5
    off = teacher_loss(truth.depth + 1, teacher, truth.valid, scales)
    torch.testing.assert_close(off, torch.tensor(1.0), atol=1e-5, rtol=0)
    teacher[truth.depth > 30] = 1e3
    off = teacher_loss(truth.depth + 1, teacher, truth.valid, scales)
    torch.testing.assert_close(off, torch.tensor(1.0), atol=1e-5, rtol=0)
