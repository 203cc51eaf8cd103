"""Batches of imagined views with their sources and their truth."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.embedded.closer import patches_of
from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.evidence import Imagined, Sources
from occany_ros.training.novel_shards import NovelShard
from occany_ros.training.shards import load_arrays, weights_from
import torch
from torch import Tensor

FEWEST_SOURCES: Final = 2
WITH_FEWER_SOURCES: Final = 0.4
"""Share of the views that are imagined without some of the frames."""
SHARDS_AT_ONCE: Final = 12
"""Shards kept in memory; 300 MB each at 512x160."""
CLASSES: Final = EmbeddedConfig().labels
BATCHES_A_SHARD: Final = 50
"""After so many batches the oldest of them makes room for another."""


@dataclass(frozen=True, slots=True, eq=False)
class NovelBatch:
    """
    Imagined views with their sources and their truth.

    :param sources: the frames of all sequences.
    :param cameras: ``r`` of them.
    :param depth: true depth, metres, 0 = sky, (r, h4, w4).
    :param labels: true class, (r, h4, w4).
    :param shown: whether a frame shows that surface, (r, h4, w4) bool.
    """

    sources: Sources
    cameras: Imagined
    depth: Tensor
    labels: Tensor
    shown: Tensor


def novel_batch(
    shard: NovelShard, rows: Sequence[int], views: int, random: np.random.Generator
) -> NovelBatch:
    """
    Take some imagined views of some sequences; of some views a few frames are not asked.

    :param rows: sequences.
    :param views: imagined views of each.
    """
    picked, frames = list(rows), shard.log_depth.shape[1]
    chosen = [random.permutation(shard.depth.shape[1])[:views] for _ in picked]
    sequence, view = np.repeat(picked, views), np.concatenate(chosen)
    asked = np.ones((len(view), frames), np.bool_)
    for row in asked:
        if random.random() < WITH_FEWER_SOURCES:
            least = int(random.integers(FEWEST_SOURCES, frames))
            row[random.permutation(frames)[least:]] = False
    novel = torch.from_numpy(shard.world_from_novel[sequence, view])
    seen = torch.from_numpy(shard.world_from_camera[sequence])  # r t 4 4
    first = np.repeat(np.arange(len(picked)) * frames, views)
    height, width = shard.depth.shape[2:]
    pinhole = torch.from_numpy(shard.intrinsics)

    def flat(values: NDArray[Any]) -> Tensor:
        """Join the frames of the sequences that were picked."""
        return torch.from_numpy(values[picked]).flatten(0, 1).float()

    return NovelBatch(
        sources=Sources(
            log_depth=flat(shard.log_depth),
            confidence=flat(shard.confidence),
            hidden=flat(shard.hidden),
            descriptors=flat(shard.descriptors),
            patches=patches_of(flat(shard.grey)[:, None] / 255),
            intrinsics=pinhole[picked].repeat_interleave(frames, dim=0),
        ),
        cameras=Imagined(
            intrinsics=pinhole[torch.from_numpy(sequence)],
            base_from_camera=torch.from_numpy(shard.base_from_novel[sequence, view]),
            source_from_camera=torch.linalg.inv(seen) @ novel[:, None],
            source=torch.from_numpy(first[:, None] + np.arange(frames)),
            counts=torch.from_numpy(asked),
            size=(height, width),
        ),
        depth=torch.from_numpy(shard.depth[sequence, view]).float(),
        labels=torch.from_numpy(shard.labels[sequence, view]),
        shown=torch.from_numpy(shard.shown[sequence, view]),
    )


def endless_views(
    paths: Sequence[Path], sequences: int, views: int, seed: int
) -> Iterator[NovelBatch]:
    """
    Draw batches for ever from shards that come and go.

    :param paths: of the shards; each batch is drawn from one of those in memory.
    :param sequences: of a batch.
    :param views: imagined views of each.
    :param seed: decides everything.
    """
    random = np.random.default_rng(seed)
    held: deque[NovelShard] = deque(maxlen=SHARDS_AT_ONCE)
    waiting: list[Path] = []
    while True:
        for _ in range(1 if held else min(SHARDS_AT_ONCE, len(paths))):
            waiting = waiting or [paths[i] for i in random.permutation(len(paths))]
            held.append(load_arrays(waiting.pop(), NovelShard))
        for _ in range(BATCHES_A_SHARD):
            shard = held[int(random.integers(len(held)))]
            rows = random.permutation(len(shard))[:sequences]
            yield novel_batch(shard, rows.tolist(), views, random)


def class_weights_of(paths: Sequence[Path]) -> Tensor:
    """Weigh each class in the cross-entropy, as `occany_ros.training.shards.class_weights`."""
    counts = np.zeros(CLASSES)
    for path in paths:
        with np.load(path, allow_pickle=False) as file:
            counts += np.bincount(file['labels'].ravel(), minlength=CLASSES)[:CLASSES]
    return weights_from(counts)
