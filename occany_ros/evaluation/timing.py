"""How long each stage of the mapper takes, and how much memory."""

from collections.abc import Mapping
from dataclasses import dataclass
import resource
from statistics import median

from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.pipeline.mapper import Mapper
from occany_ros.synthetic.drive import Drive
import torch


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Median and worst duration of a stage, seconds."""

    median: float
    worst: float


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """
    Times of all stages.

    :param stages: name of the stage -> times, in the order they run; ``total`` last.
    :param threads: of the processor, as torch uses them.
    :param peak_mb: most memory the process ever held, megabytes.
    :param device_peak_mb: most memory torch held on a GPU, megabytes; 0 without one.
    """

    stages: Mapping[str, StageTimes]
    threads: int
    peak_mb: float
    device_peak_mb: float


def stage_times(mapper: Mapper[TokensT, MemoryT], drive: Drive, warm_up: int) -> Timing:
    """
    Map a drive and time every stage; rendering the drive is not timed.

    :param warm_up: steps at the start that are not counted: they fill memory and caches.
    :raises ValueError: when no step is left to count.
    """
    if warm_up >= len(drive):
        raise ValueError(f'warm_up: expected fewer than the {len(drive)} steps, got {warm_up}')
    state = mapper.initial()
    taken: dict[str, list[float]] = {}
    for number, step in enumerate(drive):
        state, occupancy = mapper.step(state, step.frames)
        if number >= warm_up:
            for name, seconds in occupancy.seconds.items():
                taken.setdefault(name, []).append(seconds)
    on_gpu = torch.cuda.is_available()
    return Timing(
        stages={name: StageTimes(median(values), max(values)) for name, values in taken.items()},
        threads=torch.get_num_threads(),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        device_peak_mb=torch.cuda.max_memory_allocated() / 2**20 if on_gpu else 0.0,
    )
