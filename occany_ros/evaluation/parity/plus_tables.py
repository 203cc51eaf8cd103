"""Golden tables of OccAny+: numbers weights are drawn as, and shapes of the small networks."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from occany_ros.evaluation.parity.comparison import compare, Comparison
from occany_ros.evaluation.parity.plus_setup import drawn_weight
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.keys import is_unread, released_from_ours
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch

TOLERANCE: Final = 1e-5
FIRST: Final = 4
SMALL: Final = PlusConfig('vits', feature_size=112, imagines=True)


def check_draws(table: Mapping[str, Any]) -> list[Comparison]:
    """Draw the weights of a table, and compare how they begin, and what they sum up to."""
    comparisons = []
    for name, recorded in table.items():
        shape = tuple(recorded['shape'])
        for rule in ('A', 'B'):
            weight = drawn_weight(name, shape, rule)
            golden = torch.tensor(recorded[f'rule{rule}_first{FIRST}'])
            start = weight.flatten()[:FIRST]
            comparisons.append(compare(f'{name} {rule}', start, golden, TOLERANCE))
        total = drawn_weight(name, shape, 'B').double().sum()
        golden = torch.tensor(recorded['ruleB_sum'])
        comparisons.append(compare(f'{name} sum', total, golden, TOLERANCE))
    return comparisons


def check_shapes(table: Mapping[str, Any]) -> list[Comparison]:
    """Count weights of other shapes than recorded, and recorded ones nobody knows."""
    with torch.device('meta'):
        network = OccAnyPlus(SMALL)
    parts = [part for part in (network.seeing, network.imagining) if part is not None]
    ours = {
        released_from_ours(name): list(parameter.shape)
        for part in parts
        for name, parameter in part.named_parameters()
    }
    differing = sum(table.get(str(name)) != shape for name, shape in ours.items())
    unknown = sum(name not in ours and not is_unread(name) for name in table)
    return [
        Comparison('shapes', float(differing), 0.0),
        Comparison('unknown names', float(unknown), 0.0),
    ]


PLUS_TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], list[Comparison]]]] = {
    'weights_probe.json': check_draws,
    'small_manifest.json': check_shapes,
}
"""Checks of tables by the name of their file."""
