"""Plans in modes, and groups of novel views."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.geometry.novel_views import NovelViewPlan, spread_turns
from occany_ros.pipeline.imagination import described, even_groups, plan_in, views_at_once
from occany_ros.pipeline.modes import lower, MODES
import pytest
import torch

PLAN = NovelViewPlan(views_per_frame=10, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0)


@given(st.integers(0, 300), st.integers(1, 300))
def test_groups_cover_everything_once_in_order_and_are_even(count, most):
    groups = list(even_groups(count, most))
    sizes = [end - first for first, end in groups]
    assert sum(sizes) == count
    assert all(before[1] == after[0] for before, after in pairwise(groups))
    assert len(groups) == -(-count // most)
    assert all(0 < size <= most for size in sizes)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


def test_every_mode_renders_more_than_the_one_below():
    counts = [plan.count(5) if plan else 0 for plan in (plan_in(mode, PLAN) for mode in MODES)]
    assert counts == [0, 15, 150]
    assert [lower(mode) for mode in MODES] == ['fast', 'fast', 'balanced']


@pytest.mark.parametrize('plan', [None, NovelViewPlan(views_per_frame=0)])
def test_nothing_planned_is_nothing_in_every_mode(plan):
    assert plan_in('quality', plan) is None


def test_more_pixels_leave_room_for_fewer_views():
    cpu = torch.device('cpu')
    small, large = views_at_once(512 * 160, cpu), views_at_once(512 * 288, cpu)
    assert small > large > 1
    assert views_at_once(10**9, cpu) == 1


def test_plans_are_put_into_words():
    assert described(PLAN) == '10 x 3 m ahead; 2 m beside, turned 60 deg to both sides'
    straight = NovelViewPlan(views_per_frame=1, forward_m=5.0, rotate_deg=0.0)
    assert described(straight) == '1 x 5 m ahead'
    seeded = NovelViewPlan(seeds=spread_turns(3), rotate_deg=0.0)
    assert described(seeded) == 'from 3 turns, 2 x 3 m ahead'
