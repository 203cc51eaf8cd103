"""Reconstruction and rendering, stage by stage, and the weights: the paper's Table 12."""

from collections.abc import Callable, Mapping, Sequence

from occany_ros.evaluation.bench.cost import Action, Cost, costs
from occany_ros.evaluation.bench.report import DASH, MEGA, Report, time_cells
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.split import Probe
from occany_ros.evaluation.bench.stages import (
    novel_probes,
    render_probes,
    stage_costs,
    StageCost,
)
from occany_ros.evaluation.bench.subject import parts_of

NAME = 'network'


def network_report(setup: Setup, novel_views: int) -> Report:
    """
    Measure a reconstruction of all views, and novel views rendered together.

    :param novel_views: how many; 0 for none.
    """
    network = setup.network
    actions: dict[str, Action] = {'reconstruction': setup.reconstruct}
    probes: dict[str, Callable[[], Sequence[Probe]]] = {
        'reconstruction': lambda: (
            Probe(network, 'encode', 'encode'),
            Probe(network, 'remember', 'remember'),
            *(render_probes(network) or (Probe(network, 'render', 'render'),)),
        )
    }
    if novel_views and setup.renderer is not None:
        rendering, poses = setup.rendering(), setup.novel_poses(novel_views)
        name = f'rendering of {novel_views}'
        actions[name] = lambda: rendering.views(poses)
        probes[name] = lambda: novel_probes(network)
    device, effort = setup.model.device, setup.effort
    found = costs(actions, device, effort, setup.accelerated)
    stages = {
        name: stage_costs(action, probes[name], device, effort.repeats, setup.accelerated)
        for name, action in actions.items()
    }
    return _report(setup, found, stages)


def _report(
    setup: Setup, found: Mapping[str, Cost], stages: Mapping[str, Mapping[str, StageCost]]
) -> Report:
    rows: list[Sequence[str]] = []
    for name, cost in found.items():
        rows.append((name, *setup.yardstick.cells(cost)))
        for stage, part in stages[name].items():
            times = time_cells(part.seconds, part.flops, setup.yardstick.rate)
            blanks = (DASH,) * (len(rows[0]) - 1 - len(times))
            rows.append((f'  {stage}', *times, *blanks))
    parts = parts_of(setup.network)
    count = sum(parts.values())
    listing = ', '.join(f'{name} {number / MEGA:.2f}' for name, number in parts.items())
    return Report(
        name=NAME,
        title=f'Reconstruction and rendering: {setup.title}',
        headers=('stage', *setup.yardstick.headers()),
        rows=rows,
        notes=(f'weights: {count / MEGA:.2f} M ({listing})',),
        figures={
            'parameters': {'total': count, **parts},
            'costs': {name: setup.yardstick.figures(cost) for name, cost in found.items()},
            'stages': {
                name: {
                    stage: {'median_s': part.seconds, 'flops': part.flops}
                    for stage, part in inner.items()
                }
                for name, inner in stages.items()
            },
        },
    )
