"""Time, memory and operations of actions, taken turn and turn about."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import gc
from statistics import median
from time import perf_counter, process_time

from occany_ros.evaluation.bench.flops import counted_flops, unaccelerated
from occany_ros.evaluation.bench.memory import Memory, MemoryMeter
import torch

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Effort:
    """
    How often things are run.

    :param repeats: runs that are timed, at least 1.
    :param warm_up: runs before them, at least 1: they fill caches, and operations are counted in
        the first.
    :raises ValueError: for fewer.
    """

    repeats: int = 3
    warm_up: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value in (('repeats', self.repeats), ('warm_up', self.warm_up)):
            if value < 1:
                raise ValueError(f'{name}: expected at least 1, got {value}')


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What an action costs.

    :param seconds: duration of each timed run, in order.
    :param busy_seconds: processor time of each, of all threads together: on a processor that is
        shared with others it says more than durations do.
    :param flops: operations of one run, see `occany_ros.evaluation.bench.flops`.
    :param memory: the most any timed run needed.
    """

    seconds: tuple[float, ...]
    busy_seconds: tuple[float, ...]
    flops: int
    memory: Memory

    @property
    def median(self) -> float:
        """Median duration, seconds."""
        return median(self.seconds)

    @property
    def busy(self) -> float:
        """Median processor time, seconds."""
        return median(self.busy_seconds)

    @property
    def worst(self) -> float:
        """Longest duration, seconds."""
        return max(self.seconds)

    def share_of(self, rate: float) -> float:
        """
        Share of a matrix rate this reaches.

        :param rate: operations a second, see `occany_ros.evaluation.bench.matrix_rate`.
        """
        return self.flops / self.median / rate


def costs(
    actions: Mapping[str, Action],
    device: torch.device,
    effort: Effort,
    accelerated: Sequence[object] = (),
) -> Mapping[str, Cost]:
    """
    Measure actions in turns, so that a noisy minute falls on all of them alike.

    :param actions: name -> what to run; results are dropped at once.
    :param device: where they run.
    :param accelerated: networks that hide their operations: they run as they are written while
        these are counted, and once more before they are timed.
    :returns: name -> cost, in the same order.
    """
    with ExitStack() as stack:
        for network in accelerated:
            stack.enter_context(unaccelerated(network))
        flops = {name: counted_flops(action) for name, action in actions.items()}
    for _ in range(effort.warm_up if accelerated else effort.warm_up - 1):
        for action in actions.values():
            action()
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    busy: dict[str, list[float]] = {name: [] for name in actions}
    memories: dict[str, list[Memory]] = {name: [] for name in actions}
    for _ in range(effort.repeats):
        for name, action in actions.items():
            gc.collect()
            meter = MemoryMeter(device)
            begun = process_time()
            seconds[name].append(duration(action, device))
            busy[name].append(process_time() - begun)
            memories[name].append(meter.read())
    return {
        name: Cost(
            tuple(seconds[name]),
            tuple(busy[name]),
            flops[name],
            max(memories[name], key=lambda memory: memory.working),
        )
        for name in actions
    }


def duration(action: Action, device: torch.device) -> float:
    """Seconds until everything an action asked of a device is done."""
    synchronise(device)
    begun = perf_counter()
    action()
    synchronise(device)
    return perf_counter() - begun


def synchronise(device: torch.device) -> None:
    """Wait until a device has done all it was asked."""
    if device.type != 'cpu':
        getattr(torch, device.type).synchronize()
