"""
Voxel scores accumulated over a whole data set.

Source: spec §14. Grids hold native class ids; voxels of truth 255 are not scored.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

IGNORED: Final = 255
_NO_ZERO_DIVISION: Final = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """
    Numbers of voxels; they add up over frames.

    :param hit: occupied in both grids.
    :param false_alarm: occupied in the prediction only.
    :param miss: occupied in the truth only.
    :param class_hit: of each native class, in both grids, (c,).
    :param class_false_alarm: of each native class, in the prediction only, (c,).
    :param class_miss: of each native class, in the truth only, (c,).
    """

    hit: int
    false_alarm: int
    miss: int
    class_hit: NDArray[np.int64]
    class_false_alarm: NDArray[np.int64]
    class_miss: NDArray[np.int64]

    def __add__(self, more: 'Counts') -> 'Counts':
        """Add the counts of two sets of frames."""
        return Counts(
            self.hit + more.hit,
            self.false_alarm + more.false_alarm,
            self.miss + more.miss,
            self.class_hit + more.class_hit,
            self.class_false_alarm + more.class_false_alarm,
            self.class_miss + more.class_miss,
        )


def count_voxels(
    predicted: NDArray[np.uint8], truth: NDArray[np.uint8], *, count: int, empty: int
) -> Counts:
    """
    Compare two grids.

    :param predicted: class of every voxel, (x, y, z) uint8; ids of ``count`` or more are
        occupied but of no class.
    :param truth: the same, 255 where it is not known.
    :param count: number of classes, empty included.
    :param empty: the class of free space.
    :raises ValueError: when the grids differ in shape.
    """
    if predicted.shape != truth.shape:
        raise ValueError(
            f'predicted: expected the shape of the truth {truth.shape}, got {predicted.shape}: '
            'bring both to one grid first'
        )
    scored = truth != IGNORED
    table = np.bincount(truth[scored] * np.int64(256) + predicted[scored], minlength=256 * 256)
    table = table.reshape(256, 256)  # truth x predicted
    occupied = np.arange(256) != empty
    both = table.diagonal()[:count]
    return Counts(
        hit=int(table[np.ix_(occupied, occupied)].sum()),
        false_alarm=int(table[empty, occupied].sum()),
        miss=int(table[occupied, empty].sum()),
        class_hit=both.copy(),
        class_false_alarm=table[:, :count].sum(axis=0) - both,
        class_miss=table[:count].sum(axis=1) - both,
    )


def count_superclasses(
    predicted: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    *,
    superclasses: tuple[int, ...],
    empty: int,
) -> Counts:
    """
    `count_voxels` after both grids were renumbered to coarse classes.

    :param superclasses: coarse class of every native id; ids beyond pass through unchanged.
    :param empty: the coarse class of free space.
    """
    coarse = np.arange(256, dtype=np.uint8)
    coarse[: len(superclasses)] = superclasses
    count = max(superclasses) + 1
    return count_voxels(coarse[predicted], coarse[truth], count=count, empty=empty)


def _ratio(part: int, whole: int) -> float:
    """Divide; a share of nothing is 0."""
    return part / whole if whole else 0.0


def precision(counts: Counts) -> float:
    """Share of the predicted voxels that are occupied."""
    return _ratio(counts.hit, counts.hit + counts.false_alarm)


def recall(counts: Counts) -> float:
    """Share of the occupied voxels that were predicted."""
    return _ratio(counts.hit, counts.hit + counts.miss)


def completion_iou(counts: Counts) -> float:
    """Intersection over union of the occupied voxels, whatever their class."""
    return _ratio(counts.hit, counts.hit + counts.false_alarm + counts.miss)


def class_iou(counts: Counts) -> NDArray[np.float64]:
    """Intersection over union of each native class, (c,); 0 for a class that never occurs."""
    union = counts.class_hit + counts.class_false_alarm + counts.class_miss
    return counts.class_hit / (union + _NO_ZERO_DIVISION)


def mean_iou(counts: Counts, *, empty: int) -> float:
    """Mean of `class_iou` over every class but free space, present or not (spec §14)."""
    return float(np.delete(class_iou(counts), empty).mean())
