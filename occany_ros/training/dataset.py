"""The training set: short drives through the synthetic street, decided by their seeds."""

from collections.abc import Iterator
from concurrent.futures import as_completed, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from occany_ros.synthetic.sequence import render_sequence
from occany_ros.training.shards import save_shard, Shard
import torch

FIRST_SEED: Final = 1_000_000
"""Seeds below this one are never trained on: drives to demonstrate and to measure with."""
FIRST_NOVEL_SEED: Final = 1_200_000
"""For the rendering stage: what the first stage was trained on, it answers too well."""
SEQUENCES_A_SHARD: Final = 100
WIDE: Final = (128, 384)
TALL: Final = (160, 288)
LARGE: Final = (160, 512)
SIZES: Final = (WIDE, LARGE, WIDE, TALL)
"""Height and width of the images, shard by shard in turn."""


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """
    What one shard holds.

    :param path: where it is kept.
    :param seeds: one sequence each.
    :param size: height and width of the images.
    :param frames: frames a sequence.
    """

    path: Path
    seeds: range
    size: tuple[int, int]
    frames: int


def plan(
    folder: Path, sequences: int, frames: int, first_seed: int = FIRST_SEED
) -> list[ShardPlan]:
    """
    Decide the shards of a training set.

    :param folder: where they are kept.
    :param sequences: how many in all, rounded down to whole shards.
    :param frames: frames a sequence.
    :param first_seed: of the first sequence.
    """
    plans = []
    for index in range(sequences // SEQUENCES_A_SHARD):
        start = first_seed + index * SEQUENCES_A_SHARD
        size = SIZES[index % len(SIZES)]
        name = f'{start}_{frames}x{size[0]}x{size[1]}.npz'
        seeds = range(start, start + SEQUENCES_A_SHARD)
        plans.append(ShardPlan(folder / name, seeds, size, frames))
    return plans


def render_shard(work: ShardPlan) -> Path:
    """Render a shard on one core and keep it; do nothing where it is there already."""
    if work.path.exists():
        return work.path
    torch.set_num_threads(1)
    drives = [render_sequence(seed, work.frames, work.size) for seed in work.seeds]
    repeat = (work.frames, 1, 1)
    save_shard(
        work.path,
        Shard(
            images=np.stack([d.image for d in drives]),
            depth=np.stack([d.depth[:, 2::4, 2::4] for d in drives]).astype(np.float16),
            labels=np.stack([d.label[:, 2::4, 2::4] for d in drives]),
            coarse_depth=np.stack([d.depth[:, 4::8, 4::8] for d in drives]).astype(np.float16),
            intrinsics=np.stack([np.tile(d.intrinsics, repeat) for d in drives]),
            base_from_camera=np.stack([np.tile(d.base_from_camera, repeat) for d in drives]),
            world_from_base=np.stack([d.world_from_base for d in drives]),
        ),
    )
    return work.path


def render_all(plans: list[ShardPlan], workers: int) -> Iterator[Path]:
    """
    Render what is missing, several shards at a time.

    :param plans: from `plan`.
    :param workers: processes, one core each.
    :returns: the shards as they become ready.
    """
    plans[0].path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, mp_context=get_context('spawn')) as pool:
        jobs = [pool.submit(render_shard, work) for work in plans]
        for job in as_completed(jobs):
            yield job.result()
