"""Novel views of a remembered scene: which in what mode, rendered by whom."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Generic

from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan
from occany_ros.models.factory import LoadedModel
from occany_ros.models.novel_batch import full_groups
from occany_ros.models.prediction import (
    MemoryT,
    NovelViewRenderer,
    NovelViews,
    Prediction,
    Reconstructor,
    TokensT,
)
from occany_ros.models.views import Views
from occany_ros.pipeline.modes import Mode

NO_STAGE: Final = (
    'the network has no rendering stage, so nothing is imagined: take weights that have one, or '
    'set mode to fast'
)


def plan_in(mode: Mode, plan: NovelViewPlan | None) -> NovelViewPlan | None:
    """
    Say what to render in a mode.

    ``fast`` renders nothing, ``balanced`` the first step of each view and what stands beside it,
    ``quality`` the whole plan.

    :param plan: the whole plan; None for nothing in any mode.
    :returns: None where there is nothing to render.
    """
    if plan is None or mode == 'fast' or not plan.count(1):
        return None
    return plan if mode == 'quality' else replace(plan, views_per_frame=1)


def described(plan: NovelViewPlan) -> str:
    """Put a plan into words."""
    turns = '' if plan.seeds is None else f'from {len(plan.seeds.angles_deg)} turns, '
    ahead = f'{turns}{plan.views_per_frame} x {plan.forward_m:g} m ahead'
    if not plan.rotate_deg:
        return ahead
    beside = '' if plan.seeds else f'{plan.lateral_m:g} m beside, '
    return f'{ahead}; {beside}turned {plan.rotate_deg:g} deg to both sides'


class SeeingOnly(Generic[TokensT, MemoryT]):
    """A network without the verb it has no weights for; see `Reconstructor`."""

    def __init__(self, network: Reconstructor[TokensT, MemoryT]) -> None:
        self._network = network

    def encode(self, views: Views) -> list[TokensT]:
        """Encode each view."""
        return self._network.encode(views)

    def remember(self, memory: MemoryT | None, tokens: Sequence[TokensT]) -> MemoryT:
        """Append views to a memory."""
        return self._network.remember(memory, tokens)

    def render(self, memory: MemoryT, tokens: Sequence[TokensT]) -> Prediction:
        """Read views back."""
        return self._network.render(memory, tokens)


def network_of(model: LoadedModel) -> Reconstructor[Any, Any]:
    """Take a loaded network with the verbs its weights were trained for."""
    has_stage = model.stage == 'rendering'
    return model.reconstructor if has_stage else SeeingOnly(model.reconstructor)


def imagine(
    renderer: NovelViewRenderer[TokensT, MemoryT],
    memory: MemoryT,
    tokens: Sequence[TokensT],
    seen: Prediction,
    plan: NovelViewPlan,
    batch: int,
) -> tuple[NovelViews, ...]:
    """
    Render a plan around the registered poses of the views that were seen.

    Where novel views do not know each other, how many are asked for at once changes nothing but
    time and memory. Those of OccAny+ look at the others of their group (OccAny+ spec, section 8).

    :param memory: of the whole window.
    :param tokens: of every view of the window.
    :param seen: what the network said of them, in the same order.
    :param batch: views asked for at once; 0 asks for all, and lets the network decide.
    :returns: the views in the order of the plan, in groups.
    """
    poses = novel_poses(seen.world_from_camera, plan).world_from_camera
    return tuple(
        renderer.render_novel(memory, tokens, seen, poses[first:end])
        for first, end in full_groups(len(poses), batch)
    )
