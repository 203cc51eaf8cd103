"""What one new set of images costs where earlier ones are known (OccAny spec, section 17)."""

from typing import Any, Final

from occany_ros.evaluation.bench.cost import Action, costs
from occany_ros.evaluation.bench.report import Report
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.street import part

NAME = 'streaming'
ANEW: Final = 'everything anew'


def streaming_report(setup: Setup) -> Report:
    """
    Compare ways to take in the newest set of a window; all give what they give anew.

    The window slides (its memory is made again from cached tokens) or grows (the memory goes on,
    exactly as if made again). All views, or those of the newest set alone, are rendered.

    :raises ValueError: if the window is a single set.
    """
    preset, network = setup.preset, setup.network
    if preset.frames < 2:
        raise ValueError(
            f'streaming: expected a preset with two sets or more, got {preset.name} with one; '
            'take kitti'
        )
    views, new = setup.street.views, preset.cameras
    newest = part(views, slice(len(views.cameras) - new, len(views.cameras)))
    tokens = network.encode(views)
    old = tokens[:-new]
    # A memory of one view differs from the beginning of one of two: it cannot be gone on from.
    can_grow = len(old) > 1
    grown = network.remember(None, old) if can_grow else None

    def anew() -> None:
        fresh = network.encode(views)
        network.render(network.remember(None, fresh), fresh)

    def sliding(wanted: int) -> Action:
        def run() -> None:
            every: list[Any] = [*old, *network.encode(newest)]
            network.render(network.remember(None, every), every[-wanted:])

        return run

    def growing(wanted: int) -> Action:
        def run() -> None:
            fresh = network.encode(newest)
            every = [*old, *fresh]
            network.render(network.remember(grown, fresh), every[-wanted:])

        return run

    actions = {
        ANEW: anew,
        'sliding window, all views': sliding(len(tokens)),
        'sliding window, newest views': sliding(new),
    }
    if can_grow:
        actions['growing window, all views'] = growing(len(tokens))
        actions['growing window, newest views'] = growing(new)
    found = costs(actions, setup.model.device, setup.effort, setup.accelerated)
    whole = found[ANEW]
    rows = [
        (
            name,
            *setup.yardstick.cells(cost),
            f'{100 * cost.median / whole.median:.0f} %',
            f'{100 * cost.flops / max(whole.flops, 1):.0f} %',
        )
        for name, cost in found.items()
    ]
    return Report(
        name=NAME,
        title=f'One more set of {new} into a window of {preset.views} views: {setup.title}',
        headers=('', *setup.yardstick.headers(), 'of time', 'of TFLOP'),
        rows=rows,
        figures={
            'costs': {name: setup.yardstick.figures(cost) for name, cost in found.items()},
        },
    )
