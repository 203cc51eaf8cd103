"""
What every saving is worth, one by one: `python3 -m occany_ros.evaluation.literal.savings`.

Each part of the work is done in the released way and in ours, in turns. The time is that of the
processor, so other programs on the machine hardly change it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
import sys
from time import process_time

from occany_ros.evaluation.literal.work import Pair, random_network, walled_scene, work_of
from occany_ros.evaluation.tables import table
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
import torch


@dataclass(frozen=True, slots=True)
class Saving:
    """Median seconds of one part of the work, in the released way and in ours."""

    name: str
    literal: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours as a share of the released way."""
        return self.ours / self.literal if self.literal else 0.0


def savings(
    pairs: Sequence[Pair], repeats: int, clock: Callable[[], float] = process_time
) -> list[Saving]:
    """Run every pair in turns, after one run of each that is not counted."""
    found = []
    for pair in pairs:
        seconds: tuple[list[float], list[float]] = ([], [])
        for turn in range(repeats + 1):
            for taken, action in zip(seconds, (pair.literal, pair.ours), strict=True):
                begun = clock()
                action()
                if turn:
                    taken.append(clock() - begun)
        found.append(Saving(pair.name, median(seconds[0]), median(seconds[1])))
    return found


@torch.inference_mode()
def main(words: Sequence[str] | None = None) -> None:
    """Print a table of savings, at the released widths."""
    parser = argparse.ArgumentParser(description='measure every exact saving by itself')
    parser.add_argument('--views', type=int, default=5, help='images of 512x160')
    parser.add_argument('--novel', type=int, default=12, help='novel views')
    parser.add_argument('--depth', type=int, default=12, help='blocks of each decoder')
    parser.add_argument('--repeats', type=int, default=3, help='timed runs')
    parser.add_argument('--threads', type=int, default=1, help='of the processor')
    chosen = parser.parse_args(words)
    torch.set_num_threads(chosen.threads)
    config = OccAnyConfig(
        encoder=EncoderConfig(depth=1),
        decoder=DecoderConfig(depth=chosen.depth),
        ray_maps=RayMapConfig(),
    )
    network = random_network(config)
    scene = walled_scene(network, torch.rand(chosen.views, 3, 160, 512) * 2 - 1)
    rows = [
        (entry.name, *(f'{x:.3f}' for x in (entry.literal, entry.ours, entry.ratio)))
        for entry in savings(work_of(network, scene, chosen.novel).pairs(), chosen.repeats)
    ]
    sys.stdout.write(table(('saving', 'released s', 'ours s', 'ratio'), rows) + '\n')


if __name__ == '__main__':
    main()
