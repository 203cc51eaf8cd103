"""
Where to look from next: poses around the views that were seen (OccAny spec, section 7).

A plan walks ahead of every view in equal steps; with an angle it does so twice more, from beside
those steps, turned to the right and to the left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class SeedTurns:
    """
    Views turned on the spot, from each of which a plan starts anew.

    :param angles_deg: turns about the camera's y axis, to the right where positive.
    :param lateral_m: steps to the right before the turn, one for each angle.
    :raises ValueError: if their numbers differ.
    """

    angles_deg: tuple[float, ...]
    lateral_m: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a step without a turn, and a turn without a step."""
        if len(self.angles_deg) != len(self.lateral_m):
            raise ValueError(
                f'lateral_m: expected one for each of {len(self.angles_deg)} angles, '
                f'got {len(self.lateral_m)}'
            )


def spread_turns(
    count: int, *, step_deg: float = 15.0, lateral_m: float | Sequence[float] = 0.0
) -> SeedTurns:
    """
    Spread turns evenly about straight ahead.

    :param count: number of turns.
    :param step_deg: angle between neighbours.
    :param lateral_m: one step for each turn, or how far all of them go to the side they turn to.
    """
    middle = count // 2 if count % 2 else count / 2 - 0.5
    angles = tuple(step_deg * (index - middle) for index in range(count))
    if isinstance(lateral_m, Sequence):
        return SeedTurns(angles, tuple(lateral_m))
    return SeedTurns(
        angles, tuple(math.copysign(lateral_m, angle) if angle else 0.0 for angle in angles)
    )


@dataclass(frozen=True, slots=True)
class NovelViewPlan:
    """
    Which novel views to render around each view that was seen.

    :param views_per_frame: steps ahead of each view; zero plans nothing.
    :param forward_m: length of a step; negative steps go back.
    :param rotate_deg: turn of the views beside the steps; zero leaves them out.
    :param lateral_m: how far beside the steps they stand, to the side they turn to where
        positive.
    :param seeds: if given, every view is first turned by each of these, and nothing stands beside
        the steps.
    :raises ValueError: if the number of steps is negative, the turn more than half a circle, or
        anything not finite.
    """

    views_per_frame: int = 2
    forward_m: float = 3.0
    rotate_deg: float = 60.0
    lateral_m: float = 2.0
    seeds: SeedTurns | None = None

    def __post_init__(self) -> None:
        """Check the ranges; the message names them as the node's parameters do."""
        if self.views_per_frame < 0:
            raise ValueError(
                f'render.views_per_frame: expected 0 or more, got {self.views_per_frame}'
            )
        if not 0 <= self.rotate_deg <= 180:
            raise ValueError(f'render.rotate_deg: expected 0 to 180, got {self.rotate_deg}')
        for name, value in (('forward_m', self.forward_m), ('lateral_m', self.lateral_m)):
            if not math.isfinite(value):
                raise ValueError(f'render.{name}: expected finite metres, got {value}')

    def count(self, views: int) -> int:
        """Count the novel views around some views."""
        blocks = 3 if self.rotate_deg else 1
        turns = 1 if self.seeds is None else len(self.seeds.angles_deg)
        return views * self.views_per_frame * blocks * turns


@dataclass(frozen=True, slots=True, eq=False)
class NovelPoses:
    """
    Planned views, in the order of the released code: block by block, then view by view.

    :param world_from_camera: (..., r, 4, 4).
    :param source: index of the view each was planned around, (r,) int64.
    :param is_straight: whether it looks where its view or the turned view looks, (r,) bool.
    """

    world_from_camera: Tensor
    source: Tensor
    is_straight: Tensor


def novel_poses(world_from_camera: Tensor, plan: NovelViewPlan) -> NovelPoses:
    """
    Plan views around the views that were seen.

    :param world_from_camera: (..., v, 4, 4); x of a camera points right, z ahead.
    :param plan: what to look at.
    """
    if plan.seeds is None:
        return _around(world_from_camera, plan, plan.lateral_m)
    parts = [
        _around(world_from_camera @ _beside(world_from_camera, step, angle), plan, 0.0)
        for angle, step in zip(plan.seeds.angles_deg, plan.seeds.lateral_m, strict=True)
    ]
    if not parts:
        return _around(world_from_camera[..., :0, :, :], plan, 0.0)
    return NovelPoses(
        torch.cat([part.world_from_camera for part in parts], dim=-3),
        torch.cat([part.source for part in parts]),
        torch.cat([part.is_straight for part in parts]),
    )


def _around(world_from_camera: Tensor, plan: NovelViewPlan, lateral_m: float) -> NovelPoses:
    """Step ahead of each view, then do the same from both sides."""
    views, device = world_from_camera.shape[-3], world_from_camera.device
    ahead = _ahead(world_from_camera, plan)
    blocks = [ahead]
    if plan.rotate_deg:
        for side in (1, -1):
            beside = _beside(world_from_camera, side * lateral_m, side * plan.rotate_deg)
            blocks.append(ahead @ beside)
    source = torch.arange(views, device=device).repeat_interleave(plan.views_per_frame)
    is_straight = torch.arange(len(blocks), device=device).repeat_interleave(len(source)) == 0
    return NovelPoses(torch.cat(blocks, dim=-3), source.repeat(len(blocks)), is_straight)


def _ahead(world_from_camera: Tensor, plan: NovelViewPlan) -> Tensor:
    """Move views along their own z axis, view by view, (..., v * steps, 4, 4)."""
    steps = torch.arange(1, plan.views_per_frame + 1, device=world_from_camera.device)
    moved = world_from_camera.unsqueeze(-3).repeat_interleave(plan.views_per_frame, dim=-3)
    distance = (steps * plan.forward_m).to(moved.dtype)[:, None]  # (s, 1)
    shift = moved[..., :3, 2] * distance
    position = moved[..., :3, 3] + shift  # (..., v, s, 3)
    moved = torch.cat((moved[..., :3, :3], position.unsqueeze(-1)), dim=-1)
    last = world_from_camera.new_tensor((0, 0, 0, 1)).expand(*moved.shape[:-2], 1, 4)
    return torch.cat((moved, last), dim=-2).flatten(-4, -3)


def _beside(like: Tensor, lateral_m: float, angle_deg: float) -> Tensor:
    """One step to the right, then a turn to the right, in a camera's own frame, (4, 4)."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return like.new_tensor(
        ((cosine, 0, sine, lateral_m), (0, 1, 0, 0), (-sine, 0, cosine, 0), (0, 0, 0, 1))
    )
