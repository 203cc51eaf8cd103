"""Palettes: the second one is for eyes that lack a kind of cone."""

from itertools import combinations

import numpy as np
from occany_ros.semantics.classes import CLASS_SETS, OCC3D
from occany_ros.semantics.palette import painted
import pytest

# Machado, Oliveira and Fernandes, 2009: full loss of one kind of cone, on linear RGB.
LOSSES = {
    'red': [(0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998)],
    'green': [(0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
              (-0.011820, 0.042940, 0.968881)],
}  # fmt: skip
XYZ_FROM_RGB = np.array(
    [(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)]
)


def lab_as_seen(colours, loss):
    """CIE Lab of colours as eyes without a kind of cone see them, (n, 3)."""
    share = np.asarray(colours) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.array(LOSSES[loss]).T, 0, 1) @ XYZ_FROM_RGB.T
    xyz /= XYZ_FROM_RGB.sum(axis=1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def groups_of(classes):
    """Colours by group, free and other left out."""
    found = {}
    for index in set(range(classes.count)) - {classes.empty, classes.other}:
        label = classes.grid_from_native[index]
        found.setdefault(classes.superclasses[index], []).append(classes.grid_colours[label])
    return found


def nearest_groups(classes, loss):
    """Least difference of colours of two groups."""
    seen = [lab_as_seen(colours, loss) for colours in groups_of(classes).values()]
    return min(
        np.linalg.norm(a[:, None] - b[None], axis=-1).min() for a, b in combinations(seen, 2)
    )


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('classes', CLASS_SETS.values(), ids=CLASS_SETS.keys())
def test_groups_stay_apart_for_colour_blind_eyes(classes, loss):
    apart = nearest_groups(painted(classes, 'colour_blind'), loss)
    assert apart > 8  # 2.3 is just noticeable
    assert apart > nearest_groups(classes, loss)


@pytest.mark.parametrize('classes', CLASS_SETS.values(), ids=CLASS_SETS.keys())
def test_a_palette_changes_the_colours_only(classes):
    other = painted(classes, 'colour_blind')
    assert painted(classes, 'class_set') is classes
    assert other.grid_names == classes.grid_names
    np.testing.assert_array_equal(other.grid_from_native, classes.grid_from_native)
    shown = {tuple(colour) for colour in other.grid_colours}
    assert len(shown) == len(other.grid_names)


def test_unknown_palette():
    with pytest.raises(ValueError, match='colour_blind'):
        painted(OCC3D, 'grey')
