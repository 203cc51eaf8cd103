"""Scores against the number and kind of novel views."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from occany_ros.evaluation.drives import DriveResult, measure
from occany_ros.evaluation.scores import added, scores_of
from occany_ros.evaluation.tables import Style, table
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.factory import LoadedModel
from occany_ros.pipeline.mapper import config_for, mapper_of
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import Drive

MIN_INTERVAL_S: Final = 0.2
"""Every set of the drives stays in memory."""
HEADERS: Final = (
    'novel views',
    'a set',
    'obstacle IoU',
    'obstacle F1 (±1 voxel)',
    'mIoU',
    'ms a set',
)


def kinds_of_views(plan: NovelViewPlan) -> dict[str, NovelViewPlan | None]:
    """
    Add to a plan step by step, as the ablation of the paper does.

    :param plan: gives the lengths; where it turns nothing, views turn by 30 degrees and stand 1 m
        beside.
    :returns: what is rendered -> the plan; None renders nothing.
    """
    turn, beside = plan.rotate_deg or 30.0, plan.lateral_m or 1.0
    ahead = replace(plan, views_per_frame=1, rotate_deg=0.0)
    step = f'{plan.forward_m:g} m'
    return {
        'none': None,
        f'forward {step}': ahead,
        f'+ rotate {turn:g} deg': replace(ahead, rotate_deg=turn, lateral_m=0.0),
        f'+ lateral {beside:g} m': replace(ahead, rotate_deg=turn, lateral_m=beside),
        f'forward {step}, two steps': replace(ahead, views_per_frame=2),
    }


def ablate(
    model: LoadedModel,
    drives: Sequence[Drive],
    plans: dict[str, NovelViewPlan | None],
    on_drive: Callable[[int], None] | None = None,
) -> dict[str, list[DriveResult]]:
    """
    Map every drive with every plan.

    :param on_drive: called with the number of drives done, plan by plan.
    :returns: name of the plan -> one result a drive.
    """
    results: dict[str, list[DriveResult]] = {}
    for number, (name, plan) in enumerate(plans.items()):
        config = config_for(model, 'fast' if plan is None else 'quality')
        config = replace(config, novel=plan, min_interval_s=MIN_INTERVAL_S)
        mapper = mapper_of(model, OCC3D, config)
        results[name] = []
        for drive in drives:
            results[name].append(measure(mapper, OCC3D, drive))
            if on_drive is not None:
                on_drive(number * len(drives) + len(results[name]))
    return results


def ablation_table(results: dict[str, list[DriveResult]], *, style: Style = 'text') -> str:
    """Lay the results of `ablate` out."""
    return table(HEADERS, list(_rows(results)), style=style)


def _rows(results: dict[str, list[DriveResult]]) -> Iterable[tuple[object, ...]]:
    for name, drives in results.items():
        scores = scores_of(added([drive.tally for drive in drives]))
        seconds = median([value for drive in drives for value in drive.seconds])
        yield (
            name,
            drives[-1].novel_views,
            scores.obstacle_iou,
            scores.obstacle_f1,
            scores.mean_iou,
            round(seconds * 1000),
        )
