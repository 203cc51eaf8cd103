"""Class sets: numbering, groups and prompts."""

import json
from pathlib import Path

import numpy as np
from occany_ros.occupancy.grid import FREE, UNKNOWN
from occany_ros.semantics.classes import class_set, CLASS_SETS, KITTI, NO_CLASS, OCC3D
import pytest

PROMPTS = Path(__file__).parents[3] / 'shared' / 'fixtures' / 'semantics' / 'prompts.json'


@pytest.mark.parametrize('classes', CLASS_SETS.values(), ids=CLASS_SETS.keys())
def test_grid_numbers_and_back(classes):
    native = np.array(sorted({*range(classes.count), classes.other}), np.uint8)
    grid = classes.grid_from_native[native]
    assert np.array_equal(classes.native_from_grid[grid], native)
    assert sorted(grid) == list(range(len(classes.grid_names)))
    assert classes.grid_from_native[classes.empty] == FREE
    assert classes.grid_names[FREE] == 'free'
    assert classes.grid_from_native[NO_CLASS] == UNKNOWN
    assert classes.native_from_grid[UNKNOWN] == NO_CLASS
    assert len(classes.grid_names) == len(classes.grid_colours)


@pytest.mark.parametrize('classes', CLASS_SETS.values(), ids=CLASS_SETS.keys())
def test_names_and_colours_follow_the_numbers(classes):
    for native in range(classes.count):
        label = classes.grid_from_native[native]
        if native != classes.empty:
            assert classes.grid_names[label] == classes.names[native]
        assert np.array_equal(classes.grid_colours[label], classes.colours[native])


@pytest.mark.parametrize('classes', CLASS_SETS.values(), ids=CLASS_SETS.keys())
def test_groups(classes):
    assert len(classes.superclasses) == classes.count
    assert set(classes.superclasses) == set(range(len(classes.superclass_names)))
    assert classes.superclasses[classes.empty] == classes.superclass_empty
    assert not classes.traversable & classes.dynamic
    ground = classes.superclass_names.index('ground')
    assert {i for i, s in enumerate(classes.superclasses) if s == ground} <= classes.traversable


def test_occ3d_grid_labels_are_native_plus_one():
    assert np.array_equal(OCC3D.grid_from_native[:17], np.arange(1, 18))
    assert OCC3D.grid_from_native[17] == FREE
    assert OCC3D.grid_traversable == (12, 13, 14, 15)


def test_kitti_keeps_its_numbers_and_adds_other():
    assert np.array_equal(KITTI.grid_from_native[:21], np.arange(21))
    assert KITTI.grid_names[20] == 'other'


def test_lookup_by_name():
    assert class_set('kitti') is KITTI
    assert OCC3D.indices(('car', 'bus')) == {3, 4}
    with pytest.raises(LookupError, match='occ3d'):
        class_set('cityscapes')
    with pytest.raises(LookupError, match='tram'):
        OCC3D.indices(('tram',))


@pytest.mark.skipif(not PROMPTS.exists(), reason='golden fixtures are not beside the checkout')
@pytest.mark.parametrize(('key', 'classes'), [('occ3d_demo', OCC3D), ('kitti', KITTI)])
def test_released_prompts(key, classes):
    released = json.loads(PROMPTS.read_text())[key]
    assert list(classes.names) == released['class_names']
    assert [list(group) for group in classes.prompts] == released['prompts']
    assert [index for _, index in classes.flat_prompts] == released['flat_prompt_class']
    assert (classes.empty, classes.other) == (released['empty_class'], released['other_class'])
