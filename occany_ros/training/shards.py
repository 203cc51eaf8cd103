"""Sequences kept on disk, so that each is rendered once and read many times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from occany_ros.training.batch import Batch, cropped, mirrored
import torch


class Arrays(Protocol):
    """A dataclass of arrays."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


ShardT = TypeVar('ShardT', bound=Arrays)

WINDOWED: Final = 0.75
"""Share of the batches that are cut to a window."""


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """
    Sequences of one image size; the fields are those of `Batch`, as arrays.

    Depth is kept as float16: a relative error of 0.05 %.
    """

    images: NDArray[np.uint8]
    depth: NDArray[np.float16]
    labels: NDArray[np.uint8]
    coarse_depth: NDArray[np.float16]
    intrinsics: NDArray[np.float64]
    base_from_camera: NDArray[np.float64]
    world_from_base: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the sequences."""
        return len(self.images)

    def batch(self, rows: Sequence[int]) -> Batch:
        """Take some sequences as tensors."""
        parts = {f.name: torch.from_numpy(getattr(self, f.name)[list(rows)]) for f in fields(self)}
        parts['depth'] = parts['depth'].float()
        parts['coarse_depth'] = parts['coarse_depth'].float()
        return Batch(**parts)


def save_shard(path: Path, shard: Arrays) -> None:
    """Write a shard, arrays by field; the name only appears when it is complete."""
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez(file, **{f.name: getattr(shard, f.name) for f in fields(shard)})
    partial.replace(path)


def load_arrays(path: Path, kind: type[ShardT]) -> ShardT:
    """Read a shard of a kind, without executing anything that might be in the file."""
    with np.load(path, allow_pickle=False) as file:
        return kind(**{f.name: file[f.name] for f in fields(kind)})


def load_shard(path: Path) -> Shard:
    """Read a shard of images, see `load_arrays`."""
    return load_arrays(path, Shard)


def joined(shards: Sequence[Shard]) -> list[Shard]:
    """Join shards whose images have the same size."""
    by_size: dict[tuple[int, ...], list[Shard]] = {}
    for shard in shards:
        by_size.setdefault(shard.images.shape[1:], []).append(shard)
    return [
        Shard(
            **{f.name: np.concatenate([getattr(s, f.name) for s in group]) for f in fields(Shard)}
        )
        for group in by_size.values()
    ]


def class_weights(shards: Sequence[Shard], classes: int, power: float = 0.35) -> torch.Tensor:
    """
    Weigh each class in the cross-entropy: its frequency to a negative power, mean one.

    :param shards: where to count.
    :param classes: number of classes.
    :param power: 0 weighs all pixels alike, 1 all classes alike.
    """
    counts = np.zeros(classes)
    for shard in shards:
        counts += np.bincount(shard.labels.ravel(), minlength=classes)[:classes]
    return weights_from(counts, power)


def weights_from(counts: NDArray[np.float64], power: float = 0.35) -> torch.Tensor:
    """Weigh classes that occur so often, see `class_weights`."""
    share = np.maximum(counts / counts.sum(), 1e-5)
    weights = share**-power
    return torch.from_numpy(weights / (weights * share).sum()).float()


def endless(shards: Sequence[Shard], size: int, seed: int) -> Iterator[Batch]:
    """
    Draw shuffled batches for ever; half of them mirrored, most cut to a window.

    :param shards: a batch is drawn from one of them, in proportion to its length.
    :param size: sequences a batch.
    :param seed: decides order and mirroring.
    """
    random = np.random.default_rng(seed)
    while True:
        plan = [
            (shard, rows)
            for shard in shards
            for rows in in_batches(random.permutation(len(shard)), size)
        ]
        for i in random.permutation(len(plan)):
            shard, rows = plan[i]
            batch = shard.batch(sorted(rows))
            if random.random() < 0.5:
                batch = mirrored(batch)
            yield random_window(batch, random) if random.random() < WINDOWED else batch


def in_batches(order: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Cut an order into rows of one batch each, (b, size); what is left over is left out."""
    whole = len(order) // size * size
    return order[:whole].reshape(-1, size)


def random_window(batch: Batch, random: np.random.Generator) -> Batch:
    """Cut a window of about seven eighths of each side out at a random place."""
    spans = []
    for edge in batch.images.shape[2:4]:
        size = edge * 7 // 8 // 16 * 16
        start = 8 * int(random.integers((edge - size) // 8 + 1))
        spans.append(slice(start, start + size))
    return cropped(batch, spans[0], spans[1])
