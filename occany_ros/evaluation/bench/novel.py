"""Time and memory of rendering against the number of novel views: the paper's Table 11."""

from collections.abc import Sequence
from typing import Final

from occany_ros.evaluation.bench.cost import Action, costs
from occany_ros.evaluation.bench.report import Report
from occany_ros.evaluation.bench.setup import Setup

NAME = 'novel'
ALL_COUNTS: Final = (1, 2, 4, 8, 10, 20, 50, 100, 200)
"""Numbers of novel views in the paper's table."""
FEW_COUNTS: Final = (1, 2, 4, 8)
"""What a processor without matrix units answers in minutes."""


def novel_report(setup: Setup, counts: Sequence[int]) -> Report:
    """
    Measure the rendering of more and more novel views around one reconstruction.

    :param counts: numbers of views.
    :raises ValueError: if the network renders none, or a number is not positive.
    """
    if not counts or min(counts) < 1:
        raise ValueError(f'views: expected numbers of at least 1, got {list(counts)}')
    rendering = setup.rendering()

    def action(count: int) -> Action:
        poses = setup.novel_poses(count)
        return lambda: rendering.views(poses)

    actions = {str(count): action(count) for count in counts}
    found = costs(actions, setup.model.device, setup.effort, setup.accelerated)
    rows = [
        (name, *setup.yardstick.cells(cost), f'{1e3 * cost.median / int(name):.1f}')
        for name, cost in found.items()
    ]
    notes = []
    if tuple(counts) != ALL_COUNTS:
        left = ', '.join(str(count) for count in ALL_COUNTS if count not in counts)
        notes.append(f'not run: {left} views; --all runs them')
    return Report(
        name=NAME,
        title=f'Rendering against the number of novel views: {setup.title}',
        headers=('views', *setup.yardstick.headers(), 'ms a view'),
        rows=rows,
        notes=notes,
        figures={
            'costs': {name: setup.yardstick.figures(cost) for name, cost in found.items()},
        },
    )
