from dataclasses import fields, replace

from occany_ros.models.postprocess import PointMaps
from occany_ros.training.criterion import evaluation_loss, training_loss
from occany_ros.training.supervision import (
    Estimate,
    joined_estimates,
    repeated_truth,
    seen_from_first_view,
    Truth,
    usable,
)
import torch


def estimate(seed, views=2):
    generator = torch.Generator().manual_seed(seed)
    world, local = torch.randn(2, 2, views, 3, 4, 3, generator=generator)
    confidence = 1 + torch.rand(2, views, 3, 4, generator=generator)
    vectors = torch.randn(2, views, 7, generator=generator)
    return Estimate(
        PointMaps(world, local, confidence), vectors, torch.eye(4).expand(2, views, 4, 4)
    )


def truth(views=2):
    generator = torch.Generator().manual_seed(7)
    return Truth(
        points=torch.randn(2, views, 3, 4, 3, generator=generator),
        world_from_camera=torch.eye(4).expand(2, views, 4, 4),
        valid=torch.rand(2, views, 3, 4, generator=generator) > 0.3,
        is_metric=torch.tensor([True, True]),
    )


def test_two_passes_count_the_same():
    first, second = estimate(0), estimate(1)
    joined, twice = joined_estimates((first, second)), repeated_truth(truth(), 2)
    assert joined.maps.world_points.shape == twice.points.shape
    for loss in (training_loss, evaluation_loss):
        parts = [loss(one, truth()) for one in (first, second)]
        whole = loss(joined, twice)
        for field in ('world', 'local', 'pose', 'total'):
            mean = torch.stack([getattr(part, field) for part in parts]).mean()
            torch.testing.assert_close(getattr(whole, field), mean)


def test_passes_stand_one_after_the_other():
    first, second = estimate(0, views=3), estimate(1, views=1)
    joined = joined_estimates((first, second))
    for field in fields(PointMaps):
        value = getattr(joined.maps, field.name)
        assert torch.equal(value[:, :3], getattr(first.maps, field.name))
        assert torch.equal(value[:, 3:], getattr(second.maps, field.name))
    assert torch.equal(joined.pose_vectors[:, 3:], second.pose_vectors)
    assert joined.world_from_registered.shape == (2, 4, 4, 4)


def test_usable_depth_is_known_and_near():
    depth = torch.tensor([-1.0, 0.0, 1e-3, 49.9, 50.0, float('inf'), float('nan')])
    assert usable(depth).tolist() == [False, False, True, True, False, False, False]


def test_the_first_view_becomes_the_world():
    given = truth()
    angle = torch.tensor(0.3)
    turn = torch.eye(4)
    turn[0, 0] = turn[2, 2] = angle.cos()
    turn[0, 2], turn[2, 0], turn[1, 3] = angle.sin(), -angle.sin(), 5.0
    moved = replace(
        given,
        points=given.points @ turn[:3, :3].T + turn[:3, 3],
        world_from_camera=turn @ given.world_from_camera,
    )
    back = seen_from_first_view(moved)
    torch.testing.assert_close(back.points, given.points)
    torch.testing.assert_close(back.world_from_camera, given.world_from_camera)
