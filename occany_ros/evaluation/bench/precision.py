"""What a precision saves, and how far its answers are from float32."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from occany_ros.evaluation.bench.cost import Action, Cost, costs
from occany_ros.evaluation.bench.deviation import Deviation, deviation, DISTANCES_M
from occany_ros.evaluation.bench.flops import counted_flops
from occany_ros.evaluation.bench.report import DASH, Report, time_cells, TIME_TITLES
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.subject import RANDOM
from occany_ros.models.prediction import NovelViews, Prediction
from torch import Tensor

NAME: Final = 'precision'
REFERENCE: Final = 'fp32'
Answer = Prediction | NovelViews
LONGEST_S: Final = 120.0
"""A precision whose matrix rate promises longer runs is left out."""
RECONSTRUCTION: Final = 'reconstruction'


def precision_report(setups: Mapping[str, Setup], novel_views: int) -> Report:
    """
    Compare precisions, run in turns; float32 is the reference.

    Novel views are rendered from the float32 reconstruction, so that each row shows its own step.

    :param setups: precision -> the same network in it; ``fp32`` must be among them.
    :param novel_views: how many; 0 for none.
    :raises ValueError: without a reference.
    """
    if REFERENCE not in setups:
        raise ValueError(f'precision: expected {REFERENCE} among them, got {", ".join(setups)}')
    base = setups[REFERENCE]
    flops = counted_flops(base.reconstruct)
    expected = {name: flops / setup.yardstick.rate for name, setup in setups.items()}
    too_slow = {name: s for name, s in expected.items() if s > LONGEST_S and name != REFERENCE}
    renders = novel_views > 0 and base.renderer is not None
    seen, poses = base.rendering().seen if renders else None, base.novel_poses(novel_views)
    works = {
        name: _work(setup, seen, poses) for name, setup in setups.items() if name not in too_slow
    }
    actions: dict[str, Action] = {
        f'{kind} {name}': work[kind] for kind in works[REFERENCE] for name, work in works.items()
    }
    accelerated = [network for setup in setups.values() for network in setup.accelerated]
    found = costs(actions, base.model.device, base.effort, accelerated)
    answers = {kind: action() for kind, action in works[REFERENCE].items()}
    apart = {
        f'{kind} {name}': deviation(answers[kind], work[kind]())
        for kind in answers
        for name, work in works.items()
        if name != REFERENCE
    }
    rates = {name: setup.yardstick.rate for name, setup in setups.items()}
    return Report(
        name=NAME,
        title=f'Precisions: {base.title}',
        headers=('', *TIME_TITLES, *_deviation_headers()),
        rows=[_row(name, cost, rates, apart.get(name)) for name, cost in found.items()],
        notes=_notes(base, rates, too_slow),
        figures={
            'rates': rates,
            'costs': {
                n: setups[n.rsplit(maxsplit=1)[-1]].yardstick.figures(c) for n, c in found.items()
            },
            'deviations': {name: entry.figures() for name, entry in apart.items()},
        },
    )


def _work(
    setup: Setup, seen: Prediction | None, poses: Tensor
) -> Mapping[str, Callable[[], Answer]]:
    """Make what is run in one precision: name -> run it and return its answer."""
    actions: dict[str, Callable[[], Answer]] = {
        RECONSTRUCTION: lambda: setup.reconstruct().prediction
    }
    if seen is not None:
        rendering = setup.rendering(seen)
        actions[f'rendering of {len(poses)}'] = lambda: rendering.views(poses)
    return actions


def _deviation_headers() -> tuple[str, ...]:
    ranges = tuple(f'{near:g}-{far:g} m' for near, far in pairwise(DISTANCES_M))
    return ('median', '99 %', *ranges, 'of distance', 'confidence')


def _row(
    name: str, cost: Cost, rates: Mapping[str, float], apart: Deviation | None
) -> Sequence[str]:
    cells = time_cells(cost.median, cost.flops, rates[name.rsplit(maxsplit=1)[-1]])
    if apart is None:
        return (name, *cells, *(DASH,) * len(_deviation_headers()))
    metres = (apart.median_m, apart.most_m, *apart.at_distance_m)
    shares = (apart.relative, apart.confidence)
    return (
        name,
        *cells,
        *(DASH if value is None else f'{value:.2g} m' for value in metres),
        *(f'{100 * value:.2g} %' for value in shares),
    )


def _notes(
    base: Setup, rates: Mapping[str, float], too_slow: Mapping[str, float]
) -> tuple[str, ...]:
    measured = ', '.join(f'{name} {rate / 1e12:.3g}' for name, rate in rates.items())
    notes: list[Any] = [
        f'matrix rate of the device, TFLOP/s: {measured}',
        'points: median and 99 of 100 differences to fp32, and the median by distance',
    ]
    notes += [
        f'{name} left out: at the measured rate one reconstruction would take {seconds:.0f} s'
        for name, seconds in too_slow.items()
    ]
    if base.model.weights == RANDOM:
        notes.append(
            'random weights: differences show the arithmetic, not what trained weights make of it'
        )
    return tuple(notes)
