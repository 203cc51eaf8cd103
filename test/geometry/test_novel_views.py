"""Poses around the views that were seen."""

import math

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan, SeedTurns, spread_turns
import pytest
import torch


def views(count, seed=0):
    """Draw rigid poses, (v, 4, 4)."""
    generator = torch.Generator().manual_seed(seed)
    skew = torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)
    poses = torch.eye(4, dtype=torch.float64).repeat(count, 1, 1)
    poses[:, :3, :3] = torch.linalg.matrix_exp(skew - skew.mT)
    poses[:, :3, 3] = torch.randn(count, 3, generator=generator, dtype=torch.float64) * 5
    return poses


@given(
    st.integers(1, 4), st.integers(0, 3), st.sampled_from([0.0, 30.0, 60.0]), st.integers(0, 99)
)
def test_poses_are_rigid_and_as_many_as_counted(count, steps, angle, seed):
    plan = NovelViewPlan(steps, 3.0, angle, 2.0)
    found = novel_poses(views(count, seed), plan)
    poses = found.world_from_camera
    assert len(poses) == len(found.source) == len(found.is_straight) == plan.count(count)
    rotation = poses[:, :3, :3]
    identity = torch.eye(3, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.mT, identity)
    assert (poses[:, 3] == torch.tensor([0, 0, 0, 1])).all()


def test_steps_go_ahead_of_each_view_in_turn():
    seen = views(2)
    found = novel_poses(seen, NovelViewPlan(3, 2.0, 0.0, 9.0))
    assert found.source.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.is_straight.all()
    ahead = seen[found.source].inverse() @ found.world_from_camera
    expected = torch.tensor([2.0, 4, 6, 2, 4, 6], dtype=torch.float64)
    torch.testing.assert_close(ahead[:, 2, 3], expected)
    assert ahead[:, :2, 3].abs().max() < 1e-12


def test_side_views_stand_beside_and_look_back_to_the_middle():
    seen = torch.eye(4).unsqueeze(0)
    found = novel_poses(seen, NovelViewPlan(1, 5.0, 30.0, 2.0)).world_from_camera
    assert [pose[0, 3].item() for pose in found] == [0.0, 2.0, -2.0]
    look = [math.degrees(math.atan2(pose[0, 2], pose[2, 2])) for pose in found]
    assert look == pytest.approx([0.0, 30.0, -30.0], abs=1e-4)


def test_turned_views_start_the_plan_anew_without_side_steps():
    turns = SeedTurns((-20.0, 35.0), (0.5, -1.0))
    plan = NovelViewPlan(1, 1.0, 45.0, 9.0, turns)
    found = novel_poses(torch.eye(4).unsqueeze(0), plan)
    assert plan.count(1) == len(found.source) == 6
    first = found.world_from_camera[0]
    sine, cosine = math.sin(math.radians(-20)), math.cos(math.radians(-20))
    torch.testing.assert_close(first[:3, 3], torch.tensor([0.5 + sine, 0.0, cosine]))
    assert found.is_straight.tolist() == [True, False, False] * 2
    straight, turned = found.world_from_camera[:2]
    torch.testing.assert_close(straight[:3, 3], turned[:3, 3])


def test_no_turn_plans_nothing():
    plan = NovelViewPlan(2, seeds=SeedTurns((), ()))
    assert len(novel_poses(views(3), plan).source) == plan.count(3) == 0


@pytest.mark.parametrize(
    ('count', 'angles'), [(1, (0.0,)), (3, (-15.0, 0.0, 15.0)), (2, (-7.5, 7.5))]
)
def test_turns_are_spread_evenly(count, angles):
    turns = spread_turns(count, lateral_m=2.0)
    assert turns.angles_deg == angles
    assert turns.lateral_m == tuple(2.0 * ((angle > 0) - (angle < 0)) for angle in angles)


def test_batches_are_planned_as_one_by_one():
    both = torch.stack((views(2, 1), views(2, 2)))
    plan = NovelViewPlan(2, 3.0, 60.0, 2.0)
    together = novel_poses(both, plan).world_from_camera
    for index in range(2):
        alone = novel_poses(both[index], plan).world_from_camera
        torch.testing.assert_close(together[index], alone)


@pytest.mark.parametrize(
    ('values', 'name'),
    [
        ({'views_per_frame': -1}, 'views_per_frame'),
        ({'forward_m': math.nan}, 'forward_m'),
        ({'rotate_deg': 181.0}, 'rotate_deg'),
        ({'lateral_m': math.inf}, 'lateral_m'),
    ],
)
def test_impossible_plans_are_refused(values, name):
    with pytest.raises(ValueError, match=name):
        NovelViewPlan(**values)


def test_turns_need_as_many_steps():
    with pytest.raises(ValueError, match='lateral_m'):
        SeedTurns((1.0, 2.0), (0.0,))
