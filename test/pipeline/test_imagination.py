"""Plans in modes, and in words."""

from occany_ros.geometry.novel_views import NovelViewPlan, spread_turns
from occany_ros.pipeline.imagination import described, plan_in
from occany_ros.pipeline.modes import lower, MODES
import pytest

PLAN = NovelViewPlan(views_per_frame=10, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0)


def test_every_mode_renders_more_than_the_one_below():
    counts = [plan.count(5) if plan else 0 for plan in (plan_in(mode, PLAN) for mode in MODES)]
    assert counts == [0, 15, 150]
    assert [lower(mode) for mode in MODES] == ['fast', 'fast', 'balanced']


@pytest.mark.parametrize('plan', [None, NovelViewPlan(views_per_frame=0)])
def test_nothing_planned_is_nothing_in_every_mode(plan):
    assert plan_in('quality', plan) is None


def test_plans_are_put_into_words():
    assert described(PLAN) == '10 x 3 m ahead; 2 m beside, turned 60 deg to both sides'
    straight = NovelViewPlan(views_per_frame=1, forward_m=5.0, rotate_deg=0.0)
    assert described(straight) == '1 x 5 m ahead'
    seeded = NovelViewPlan(seeds=spread_turns(3), rotate_deg=0.0)
    assert described(seeded) == 'from 3 turns, 2 x 3 m ahead'
