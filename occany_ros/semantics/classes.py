"""
Class sets: names, colours, prompts, groups, and the one place that renumbers classes for grids.

Networks and data sets number classes each in their own way ("native" ids); grids and messages
reserve 0 for free and 255 for unknown. Source: spec §13.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import FREE, UNKNOWN

NO_CLASS: Final = 255


def _same_numbers() -> NDArray[np.uint8]:
    """Table of a set that networks answer in directly."""
    return np.arange(256, dtype=np.uint8)


def _grid_numbers(count: int, *, empty: int, other: int) -> NDArray[np.uint8]:
    """Grid label of every native id; what is not a class of the set becomes ``UNKNOWN``."""
    table = np.full(256, UNKNOWN, np.uint8)
    native = sorted({*range(count), other} - {empty})
    table[native] = np.arange(1, len(native) + 1)
    table[empty] = FREE
    return table


@dataclass(frozen=True, slots=True, eq=False)
class ClassSet:
    """
    A closed set of classes.

    :param name: how parameters and model files name it.
    :param names: name of every native id, (c,); the id of ``other`` may be one past the end.
    :param colours: RGB of every native id, and of ``other`` where it is one past the end, uint8.
    :param empty: native id of free space.
    :param other: native id of things that belong to no other class.
    :param prompts: words a detector looks for, for every native id; they all mean that class.
    :param superclass_names: the coarser set.
    :param superclasses: coarse id of every native id, (c,).
    :param superclass_empty: coarse id of free space.
    :param traversable: native ids of the ground one can move on; every other class is an
        obstacle.
    :param dynamic: native ids of things that move by themselves.
    :param native_from_network: native id of every id a network answers with, (256,); a network
        trained for this set needs none.
    """

    name: str
    names: tuple[str, ...]
    colours: NDArray[np.uint8]
    empty: int
    other: int
    prompts: tuple[tuple[str, ...], ...]
    superclass_names: tuple[str, ...]
    superclasses: tuple[int, ...]
    superclass_empty: int
    traversable: frozenset[int]
    dynamic: frozenset[int]
    native_from_network: NDArray[np.uint8] = field(default_factory=_same_numbers)
    grid_from_native: NDArray[np.uint8] = field(init=False)
    """Grid label of every native id, (256,); ids outside the set give ``UNKNOWN``."""
    native_from_grid: NDArray[np.uint8] = field(init=False)
    """Native id of every grid label, (256,); labels outside the set give ``NO_CLASS``."""
    grid_names: tuple[str, ...] = field(init=False)
    """Name of every grid label; entry 0 is ``free``."""
    grid_colours: NDArray[np.uint8] = field(init=False)
    """RGB of every grid label, (g, 3) uint8."""

    def __post_init__(self) -> None:
        """Derive the tables of the grid numbering."""
        all_names = self.names if self.other < len(self.names) else (*self.names, 'other')
        if len(self.colours) != len(all_names) or len(self.prompts) != len(self.names):
            raise ValueError(
                f'class set {self.name}: expected {len(all_names)} colours and {len(self.names)} '
                f'prompts, got {len(self.colours)} and {len(self.prompts)}: give one per class'
            )
        forward = _grid_numbers(len(self.names), empty=self.empty, other=self.other)
        native = np.flatnonzero(forward != UNKNOWN)
        native = native[np.argsort(forward[native])]
        backward = np.full(256, NO_CLASS, np.uint8)
        backward[: len(native)] = native
        names = ('free', *(all_names[index] for index in native[1:]))
        object.__setattr__(self, 'grid_from_native', forward)
        object.__setattr__(self, 'native_from_grid', backward)
        object.__setattr__(self, 'grid_names', names)
        object.__setattr__(self, 'grid_colours', np.ascontiguousarray(self.colours[native]))

    @property
    def count(self) -> int:
        """Count the native ids, free space included, a past-the-end ``other`` excluded."""
        return len(self.names)

    @property
    def grid_traversable(self) -> tuple[int, ...]:
        """Grid labels of the ground classes, ascending."""
        return self.grid_labels(self.traversable)

    @property
    def grid_dynamic(self) -> tuple[int, ...]:
        """Grid labels of the classes that move, ascending."""
        return self.grid_labels(self.dynamic)

    @property
    def flat_prompts(self) -> tuple[tuple[str, int], ...]:
        """Every prompt with the native id it stands for, class by class."""
        return tuple(
            (prompt, index) for index, group in enumerate(self.prompts) for prompt in group
        )

    def indices(self, names: tuple[str, ...]) -> frozenset[int]:
        """
        Native ids of classes given by name.

        :raises LookupError: for a name that is not in the set.
        """
        unknown = sorted(set(names) - set(self.names))
        if unknown:
            raise LookupError(f'no class {unknown} in {self.name}: choose from {self.names}')
        return frozenset(self.names.index(name) for name in names)

    def grid_labels(self, native: frozenset[int]) -> tuple[int, ...]:
        """Grid labels of native ids, ascending."""
        return tuple(sorted(int(self.grid_from_native[index]) for index in native))


OCC3D: Final = ClassSet(
    name='occ3d',
    names=(
        'other', 'barrier', 'bicycle', 'bus', 'car', 'construction_vehicle', 'motorcycle',
        'pedestrian', 'traffic_cone', 'trailer', 'truck', 'driveable_surface', 'other_flat',
        'sidewalk', 'terrain', 'manmade', 'vegetation', 'free',
    ),
    colours=np.array(
        [
            (0, 0, 0), (112, 128, 144), (220, 20, 60), (255, 127, 80), (255, 158, 0),
            (233, 150, 70), (255, 61, 99), (0, 0, 230), (47, 79, 79), (255, 140, 0),
            (255, 98, 70), (0, 207, 191), (175, 0, 75), (75, 0, 75), (112, 180, 60),
            (222, 184, 135), (0, 175, 0), (135, 206, 235),
        ],
        np.uint8,
    ),
    empty=17,
    other=0,
    prompts=(
        ('other',),
        ('barrier', 'concrete barrier', 'metal barrier', 'water barrier'),
        ('bicycle', 'bicyclist'), ('bus',), ('car',), ('crane',), ('motorcycle', 'motorcyclist'),
        ('pedestrian', 'adult', 'child'), ('cone',), ('trailer',), ('truck',), ('road',),
        ('traffic island', 'rail track', 'lake', 'river'), ('sidewalk',),
        ('grass', 'rolling hill', 'soil', 'sand', 'gravel'),
        (
            'building', 'wall', 'guard rail', 'fence', 'pole', 'drainage', 'hydrant',
            'street sign', 'traffic light',
        ),
        ('tree', 'bush'), ('sky', 'empty'),
    ),
    superclass_names=(
        'other', 'ground', 'structure', 'vehicle', 'nature', 'human', 'object', 'empty'
    ),
    superclasses=(0, 2, 3, 3, 3, 3, 3, 5, 6, 3, 3, 1, 1, 1, 4, 2, 4, 7),
    superclass_empty=7,
    traversable=frozenset({11, 12, 13, 14}),
    dynamic=frozenset({2, 3, 4, 5, 6, 7, 9, 10}),
)  # fmt: skip
"""The 18 classes of Occ3D-nuScenes."""

KITTI: Final = ClassSet(
    name='kitti',
    names=(
        'empty', 'car', 'bicycle', 'motorcycle', 'truck', 'other-vehicle', 'person', 'bicyclist',
        'motorcyclist', 'road', 'parking', 'sidewalk', 'other-ground', 'building', 'fence',
        'vegetation', 'trunk', 'terrain', 'pole', 'traffic-sign',
    ),
    colours=np.array(
        [
            (0, 0, 0), (100, 150, 245), (100, 230, 245), (30, 60, 150), (80, 30, 180),
            (100, 80, 250), (255, 30, 30), (255, 40, 200), (150, 30, 90), (255, 0, 255),
            (255, 150, 255), (75, 0, 75), (175, 0, 75), (255, 200, 0), (255, 120, 50),
            (0, 175, 0), (135, 60, 0), (150, 240, 80), (255, 240, 150), (255, 0, 0),
            (255, 255, 255),
        ],
        np.uint8,
    ),
    empty=0,
    other=20,
    prompts=(
        ('sky',), ('car',), ('bicycle', 'bike'), ('motorcycle', 'motorbike', 'scooter'),
        ('truck', 'lorry'), ('caravan', 'trailer', 'train', 'tram'), ('person', 'pedestrian'),
        ('bicyclist', 'cyclist'), ('motorcyclist',), ('road',), ('parking',), ('sidewalk',),
        ('traffic island', 'rail track'), ('building',), ('fence', 'barrier'),
        ('vegetation', 'bush', 'shrub', 'foliage'), ('trunk', 'stem'),
        ('terrain', 'grass', 'soil'), ('pole', 'lamp post'), ('traffic sign',),
    ),
    superclass_names=('empty', 'ground', 'structure', 'vehicle', 'nature', 'human', 'object'),
    superclasses=(0, 3, 3, 3, 3, 3, 5, 5, 5, 1, 1, 1, 1, 2, 6, 4, 4, 4, 6, 6),
    superclass_empty=0,
    traversable=frozenset({9, 10, 11, 12, 17}),
    dynamic=frozenset(range(1, 9)),
)  # fmt: skip
"""The 20 classes of SemanticKITTI; ``other`` is 20, one past the end."""

CLASS_SETS: Final[Mapping[str, ClassSet]] = MappingProxyType(
    {classes.name: classes for classes in (OCC3D, KITTI)}
)
"""Every class set by name."""


def class_set(name: str) -> ClassSet:
    """
    Look a class set up.

    :raises LookupError: listing the sets there are.
    """
    if name not in CLASS_SETS:
        raise LookupError(f'no class set {name!r}: choose from {sorted(CLASS_SETS)}')
    return CLASS_SETS[name]
