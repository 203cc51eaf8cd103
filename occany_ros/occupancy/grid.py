"""The voxel grid: where its cells are, and what they hold."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

FREE: Final = 0
UNKNOWN: Final = 255


class NativeClasses(Protocol):
    """What voting needs to know of a class set: the ids that vote, and the two that do not."""

    @property
    def count(self) -> int:
        """Count the native ids, free space included."""

    @property
    def empty(self) -> int:
        """Native id of free space."""

    @property
    def other(self) -> int:
        """Native id of things of no class; may be one past the end."""


class Classes(NativeClasses, Protocol):
    """What a grid needs to know of a class set; `occany_ros.semantics.classes` has some."""

    @property
    def dynamic(self) -> frozenset[int]:
        """Native ids of things that move by themselves."""

    @property
    def native_from_network(self) -> NDArray[np.uint8]:
        """Native id of every id a network answers with, (256,)."""

    @property
    def grid_from_native(self) -> NDArray[np.uint8]:
        """Grid label of every native id, (256,)."""

    @property
    def native_from_grid(self) -> NDArray[np.uint8]:
        """Native id of every grid label, (256,); 255 for labels outside the set."""

    @property
    def grid_names(self) -> tuple[str, ...]:
        """Name of every grid label."""

    @property
    def grid_traversable(self) -> tuple[int, ...]:
        """Grid labels of the ground one can move on."""

    def grid_labels(self, native: frozenset[int]) -> tuple[int, ...]:
        """Grid labels of native ids, ascending."""


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


def upper_corner(spec: GridSpec) -> NDArray[np.float64]:
    """Maximum corner of the last cell, metres, (3,)."""
    return np.array(spec.origin) + spec.resolution * np.array(spec.shape)


def cell_of(points: NDArray[np.floating], spec: GridSpec) -> NDArray[np.int64]:
    """
    Index of the cell each point lies in; a cell owns its minimum faces.

    :param points: grid frame, metres, finite, (..., 3).
    :returns: x, y, z indices, outside ``0 .. shape - 1`` for points outside the grid, (..., 3).
    """
    return np.floor((points - np.array(spec.origin)) / spec.resolution).astype(np.int64)


def centre_of(cells: NDArray[np.integer], spec: GridSpec) -> NDArray[np.float64]:
    """
    Centre of each cell; `cell_of` of it is the cell again.

    :param cells: x, y, z indices, (..., 3).
    :returns: grid frame, metres, (..., 3).
    """
    return np.array(spec.origin) + (cells + 0.5) * spec.resolution


def inside(cells: NDArray[np.integer], spec: GridSpec) -> NDArray[np.bool_]:
    """Whether x, y, z indices (..., 3) name a cell of the grid, (...,)."""
    return np.all((cells >= 0) & (cells < np.array(spec.shape)), axis=-1)


def flat_index(cells: NDArray[np.integer], spec: GridSpec) -> NDArray[np.int64]:
    """Position in the row-major (x, y, z) array of cells given by indices (..., 3)."""
    _, size_y, size_z = spec.shape
    return (cells[..., 0] * size_y + cells[..., 1]) * np.int64(size_z) + cells[..., 2]


def cell_at(flat: NDArray[np.integer], spec: GridSpec) -> NDArray[np.int64]:
    """Inverse of `flat_index`: x, y, z indices, (..., 3)."""
    return np.stack(np.unravel_index(flat, spec.shape), axis=-1)


def grid_from_native(
    native: NDArray[np.uint8], spec: GridSpec, classes: Classes, *, confidence: int = 255
) -> OccupancyGrid3d:
    """
    Renumber a grid of native class ids.

    :param native: native class of every cell, ``classes.empty`` where free, (x, y, z) uint8.
    :param confidence: 0 to 255, given to every occupied cell.
    :raises ValueError: when the array does not have the shape of the grid.
    """
    if native.shape != spec.shape:
        raise ValueError(
            f'native: expected shape {spec.shape}, got {native.shape}: give one class per cell'
        )
    labels = classes.grid_from_native[native]
    certain = np.where((labels != FREE) & (labels != UNKNOWN), np.uint8(confidence), np.uint8(0))
    return OccupancyGrid3d(spec, labels, certain, classes.grid_names)
