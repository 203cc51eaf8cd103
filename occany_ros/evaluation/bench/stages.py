"""The stages inside the verbs of a network, and what they cost."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

from occany_ros.evaluation.bench.cost import Action, synchronise
from occany_ros.evaluation.bench.flops import flop_counter, unaccelerated
from occany_ros.evaluation.bench.split import Probe, REST, split
from occany_ros.models import occany
from occany_ros.models.occany import OccAny
from occany_ros.models.plus import novel, occany_plus
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch

DECODE: Final = 'decode'
HEADS: Final = 'heads'
REGISTER: Final = 'register'
SPLAT: Final = 'splat'
RAY_MAPS: Final = 'ray maps'


@dataclass(frozen=True, slots=True)
class StageCost:
    """
    What a stage inside an action costs.

    :param seconds: median; the device is waited for before and after the stage, so stages may
        sum up to more than the action takes undisturbed.
    :param flops: operations.
    """

    seconds: float
    flops: int


def render_probes(network: object) -> tuple[Probe, ...]:
    """Name the stages of `Reconstructor.render`; none for families that are not known here."""
    if isinstance(network, OccAnyPlus):
        return (
            Probe(network.seeing.backbone, 'together', DECODE),
            Probe(network.seeing, 'read', HEADS),
            Probe(occany_plus, 'cameras_from_rays', REGISTER),
        )
    if not isinstance(network, OccAny):
        return ()
    return (
        Probe(network.passes, 'render', DECODE),
        Probe(network.heads, 'points', HEADS),
        Probe(network.heads, 'features', HEADS),
        Probe(occany, 'registered_poses', REGISTER),
        Probe(occany, 'shared_focal', REGISTER),
    )


def novel_probes(network: object) -> tuple[Probe, ...]:
    """Name the stages of `NovelViewRenderer.render_novel`; none for families not known here."""
    if isinstance(network, OccAnyPlus) and network.imagining is not None:
        return (
            Probe(novel, 'seen_pixels', SPLAT),
            Probe(novel, 'nearest_pixels', SPLAT),
            Probe(novel, 'ray_map_tokens', RAY_MAPS),
            Probe(network.imagining.backbone, 'together', DECODE),
            Probe(network.imagining, 'read', HEADS),
        )
    if not isinstance(network, OccAny) or network.novel_decoder is None:
        return ()
    return (
        Probe(occany, 'seen_pixels', SPLAT),
        Probe(occany, 'nearest_pixels', SPLAT),
        Probe(occany, 'ray_map_tokens', RAY_MAPS),
        Probe(network.passes, 'render', DECODE),
        Probe(network.novel_heads, 'surfaces', HEADS),
    )


def stage_costs(
    action: Action,
    probes: Callable[[], Sequence[Probe]],
    device: torch.device,
    repeats: int,
    accelerated: Sequence[object] = (),
) -> dict[str, StageCost]:
    """
    Split the cost of an action among the stages inside it.

    :param probes: names the stages, of the network as it is when this is asked.
    :param repeats: timed runs.
    :param accelerated: see `occany_ros.evaluation.bench.cost.costs`.
    :returns: stage -> cost, the remainder as ``rest``; empty without probes.
    """
    if not probes():
        return {}
    with ExitStack() as stack:
        for network in accelerated:
            stack.enter_context(unaccelerated(network))
        counter = stack.enter_context(flop_counter())
        flops = split(action, probes(), lambda: float(counter.get_total_flops()))
    read = _clock(device)
    runs = [split(action, probes(), read) for _ in range(repeats)]
    names = [name for name in flops if name != REST] + [REST]
    return {name: StageCost(median(run[name] for run in runs), int(flops[name])) for name in names}


def _clock(device: torch.device) -> Callable[[], float]:
    """Make a clock that waits for the device."""

    def read() -> float:
        synchronise(device)
        return perf_counter()

    return read
