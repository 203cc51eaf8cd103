"""How long each stage of the mapper takes, from images to voxels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from occany_ros.evaluation.bench.flops import flop_counter
from occany_ros.evaluation.bench.memory import Memory, MemoryMeter
from occany_ros.evaluation.bench.preset import Preset
from occany_ros.evaluation.bench.report import MEGA, Report, time_cells, Yardstick
from occany_ros.evaluation.bench.split import Probe, split
from occany_ros.evaluation.bench.street import SEED
from occany_ros.evaluation.bench.subject import RANDOM
from occany_ros.evaluation.bench.true_geometry import places, TrueGeometry
from occany_ros.models.factory import LoadedModel
from occany_ros.models.prediction import MemoryT, NovelViewRenderer, TokensT
from occany_ros.pipeline.mapper import config_for, Mapper, mapper_of
from occany_ros.pipeline.modes import Mode
from occany_ros.pipeline.state import MapperState
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import Drive, make_drive
import torch

NAME: Final = 'stages'
VERBS: Final = {
    'encode': 'encode',
    'remember': 'remember',
    'render': 'render',
    'render_novel': 'novel',
}
"""What the mapper calls the verbs of a network when it times them."""


@dataclass(frozen=True, slots=True)
class Timing:
    """
    Times of all stages of a step.

    :param seconds: name of the stage -> duration in each timed step, in the order they run;
        ``total`` last.
    :param memory: the most any timed step needed.
    """

    seconds: Mapping[str, tuple[float, ...]]
    memory: Memory


def mapping_report(
    model: LoadedModel, preset: Preset, mode: Mode, yardstick: Yardstick, steps: tuple[int, int]
) -> Report:
    """
    Map a synthetic drive, and time every stage.

    :param mode: how many novel views are rendered, see `occany_ros.pipeline.modes`.
    :param steps: steps before those that are timed, which fill the window, and timed ones.
    """
    config = replace(
        config_for(model, mode), frames=preset.frames, novel=preset.plan or model.plan
    )
    warm_up, timed = steps
    drive = make_drive(
        SEED,
        rig=preset.rig,
        rate_hz=preset.rate_hz,
        steps=warm_up + timed + 1,
        size=preset.size,
    )
    notes = []
    asked = model
    if model.weights == RANDOM and isinstance(model.reconstructor, NovelViewRenderer):
        truth = places(drive, model.device)
        asked = replace(model, reconstructor=TrueGeometry(model.reconstructor, truth))
        notes.append('random weights: novel views and voxels are made from the true geometry')
    mapper = mapper_of(asked, OCC3D, config)
    timing, state = stage_times(mapper, model.device, drive, warm_up)
    flops = _flops(mapper, state, drive, model)
    memory = timing.memory
    notes.append(
        f'memory: {memory.peak / MEGA:.0f} MB, {memory.working / MEGA:.0f} MB of it a set'
    )
    rows = []
    for name, seconds in timing.seconds.items():
        counted = sum(flops.values()) if name == 'total' else flops.get(name, 0)
        cells = time_cells(median(seconds), counted, yardstick.rate)
        rows.append((name, cells[0], f'{1e3 * max(seconds):.1f}', *cells[1:]))
    return Report(
        name=NAME,
        title=(
            f'Stages of the mapper: {model.variant} ({model.weights} weights, '
            f'{model.precision}), {preset.cameras} x {preset.size[1]}x{preset.size[0]} a set, '
            f'window of {preset.frames}, mode {mode}, {timed} sets'
        ),
        headers=('stage', 'median ms', 'worst ms', 'TFLOP', 'share of rate'),
        rows=rows,
        notes=notes,
        figures={
            'median_s': {name: median(values) for name, values in timing.seconds.items()},
            'worst_s': {name: max(values) for name, values in timing.seconds.items()},
            'flops': flops,
            'peak_bytes': memory.peak,
            'working_bytes': memory.working,
        },
    )


def stage_times(
    mapper: Mapper[TokensT, MemoryT], device: torch.device, drive: Drive, warm_up: int
) -> tuple[Timing, MapperState[TokensT, MemoryT]]:
    """
    Map a drive but for its last step; rendering the drive is not timed.

    :param device: where its network is.
    :param warm_up: steps at the start that are not timed: they fill memory and caches.
    :returns: the times, and the state before the last step.
    :raises ValueError: when no step is left to time.
    """
    last = len(drive) - 1
    if warm_up >= last:
        raise ValueError(f'warm_up: expected fewer than {last} steps, got {warm_up}')
    state = mapper.initial()
    taken: dict[str, list[float]] = {}
    memories = []
    for number in range(last):
        frames = drive.step(number).frames
        meter = MemoryMeter(device)
        state, occupancy = mapper.step(state, frames)
        if number >= warm_up:
            memories.append(meter.read())
            for name, seconds in occupancy.seconds.items():
                taken.setdefault(name, []).append(seconds)
    most = max(memories, key=lambda memory: memory.working)
    return Timing({name: tuple(values) for name, values in taken.items()}, most), state


def _flops(
    mapper: Mapper[TokensT, MemoryT],
    state: MapperState[TokensT, MemoryT],
    drive: Drive,
    model: LoadedModel,
) -> dict[str, int]:
    """Count the operations of each verb of the network in the last step of a drive."""
    frames = drive.step(len(drive) - 1).frames
    network = model.reconstructor
    verbs = {verb: stage for verb, stage in VERBS.items() if hasattr(network, verb)}
    probes = [Probe(network, verb, stage) for verb, stage in verbs.items()]
    with flop_counter() as counter:
        found = split(
            lambda: mapper.step(state, frames), probes, lambda: float(counter.get_total_flops())
        )
    return {name: int(found[name]) for name in verbs.values() if found.get(name)}
