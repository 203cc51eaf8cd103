"""
Colours of the classes, chosen once: every cloud, picture, marker and description takes them here.

Eight hues are about all that colour-blind eyes tell apart (Okabe and Ito, *Color Universal
Design*, 2008), so the second palette gives a hue to each group of classes and tells the classes
of a group apart by lightness.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.semantics.classes import ClassSet

PALETTES: Final = ('class_set', 'colour_blind')
HUES: Final = (
    (204, 121, 167),
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (240, 228, 66),
    (86, 180, 233),
    (230, 159, 0),
)
"""Reddish purple, blue, vermilion, bluish green, yellow, sky blue, orange; black is left out."""
_OTHER: Final = (128, 128, 128)
_BLACK: Final = (0, 0, 0)
_DARKEST, _LIGHTEST = -0.15, 0.25


def painted(classes: ClassSet, palette: str) -> ClassSet:
    """
    Return the same classes in the colours of a palette.

    :param palette: ``class_set`` leaves the standard colours, ``colour_blind`` takes ones that
        colour-blind eyes tell apart: a hue for each group, a lightness for each class in it.
    :raises ValueError: there is no such palette.
    """
    if palette not in PALETTES:
        raise ValueError(f'palette: expected one of {", ".join(PALETTES)}, got {palette!r}')
    return classes if palette == 'class_set' else replace(classes, colours=_by_group(classes))


def _by_group(classes: ClassSet) -> NDArray[np.uint8]:
    """RGB of every native id, and of a past-the-end ``other``."""
    colours = np.full((len(classes.colours), 3), _OTHER, np.uint8)
    colours[classes.empty] = _BLACK
    members = [
        index for index in range(classes.count) if index not in (classes.empty, classes.other)
    ]
    groups = sorted({classes.superclasses[index] for index in members})
    for number, group in enumerate(groups):
        inside = [index for index in members if classes.superclasses[index] == group]
        # More groups than hues share them, each round in lightnesses of its own.
        hue, turn = HUES[number % len(HUES)], number // len(HUES)
        turns = -(-len(groups) // len(HUES))
        count = len(inside) * turns
        for place, index in enumerate(inside):
            colours[index] = _shade(hue, place * turns + turn, count)
    return colours


def _shade(hue: tuple[int, int, int], place: int, count: int) -> NDArray[np.uint8]:
    """Mix a hue with black or white, darkest first; one alone stays as it is."""
    shift = 0.0 if count == 1 else _DARKEST + (_LIGHTEST - _DARKEST) * place / (count - 1)
    target = np.array((255, 255, 255) if shift > 0 else _BLACK, np.float64)
    colour = np.array(hue, np.float64)
    mixed: NDArray[np.uint8] = np.round(colour + abs(shift) * (target - colour)).astype(np.uint8)
    return mixed
