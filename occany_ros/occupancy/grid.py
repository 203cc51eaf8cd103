"""The voxel grid: where its cells are, and what they hold."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FREE: Final = 0
UNKNOWN: Final = 255


@dataclass(frozen=True, slots=True)
class GridSpec:
    """
    An axis-aligned box of cubic cells.

    :param origin: minimum corner of cell (0, 0, 0), metres, in the grid's frame.
    :param resolution: edge of a cell, metres.
    :param shape: number of cells along x, y, z.
    """

    origin: tuple[float, float, float]
    resolution: float
    shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class OccupancyGrid3d:
    """
    A dense semantic grid.

    :param spec: where the cells are.
    :param labels: class of every cell, (x, y, z) uint8; ``FREE`` and ``UNKNOWN`` are reserved,
        every other value is an index into ``class_names``.
    :param confidence: 0 (none) to 255 (certain), (x, y, z) uint8.
    :param class_names: index = label; entry 0 is ``free``.
    """

    spec: GridSpec
    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    class_names: tuple[str, ...]
