"""Class sets from files: what is gathered, and what mistakes say."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.occupancy.grid import FREE, UNKNOWN
from occany_ros.semantics.class_file import class_names_in, MOST_CLASSES, read_class_set
from occany_ros.semantics.classes import KITTI, NO_CLASS, OCC3D
import pytest
import yaml

PLANNER = Path(__file__).parents[2] / 'config' / 'classes' / 'planner.yaml'
CAR = '{name: car, colour: [1, 2, 3], gathers: [car, bus]}'


def written(folder, text):
    path = folder / 'classes.yaml'
    path.write_text(text)
    return path


def label(classes, network, name):
    """Grid label that a network's class ends up with."""
    return classes.grid_from_native[classes.native_from_network[network.names.index(name)]]


def test_the_example_places_every_class_of_the_network():
    classes = read_class_set(PLANNER, OCC3D)
    assert classes.grid_names == ('free', 'ground', 'static', 'vehicle', 'person', 'other')
    assert class_names_in(PLANNER) == classes.grid_names[1:5]
    for name, gathered in (
        ('driveable_surface', 1), ('terrain', 1), ('manmade', 2), ('truck', 3), ('bicycle', 3),
        ('pedestrian', 4), ('other', 5), ('free', FREE),
    ):  # fmt: skip
        assert label(classes, OCC3D, name) == gathered, name
    assert classes.grid_traversable == (1,)
    assert classes.grid_dynamic == (3, 4)
    assert classes.grid_colours[3].tolist() == [255, 158, 0]
    assert classes.grid_from_native[classes.native_from_network[NO_CLASS]] == UNKNOWN
    placed = {int(classes.native_from_network[index]) for index in range(OCC3D.count)}
    assert placed == {0, 1, 2, 3, 4, classes.other}


def test_what_nobody_gathers_is_other(tmp_path):
    classes = read_class_set(written(tmp_path, f'classes: [{CAR}]'), OCC3D)
    assert label(classes, OCC3D, 'bus') == 1
    assert label(classes, OCC3D, 'manmade') == label(classes, OCC3D, 'other') == 2
    assert classes.grid_names[2] == 'other'
    assert 'bus' in classes.prompts[1]


def test_other_may_be_listed(tmp_path):
    other = '{name: other, colour: [9, 9, 9], gathers: [vegetation]}'
    classes = read_class_set(written(tmp_path, f'classes: [{other}, {CAR}]'), OCC3D)
    assert classes.grid_names == ('free', 'other', 'car')
    assert label(classes, OCC3D, 'manmade') == label(classes, OCC3D, 'vegetation') == 1
    assert classes.grid_colours[1].tolist() == [9, 9, 9]


def test_the_network_may_have_another_set(tmp_path):
    text = 'classes: [{name: way, colour: [0, 0, 0], gathers: [road, parking]}]'
    classes = read_class_set(written(tmp_path, text), KITTI)
    assert label(classes, KITTI, 'parking') == 1
    assert classes.native_from_network[KITTI.other] == classes.other
    assert label(classes, KITTI, 'empty') == FREE


def test_numbers_of_the_sets_of_the_package_stay_as_they_are():
    for classes in (OCC3D, KITTI):
        np.testing.assert_array_equal(classes.native_from_network, np.arange(256))


MISTAKES = {
    'no list': ('classes: 3', ['classes', 'planner.yaml']),
    'no mapping': ('[1, 2]', ['list']),
    'more beside it': (f'classes: [{CAR}]\nnetwork: occ3d', ['network']),
    'no entry': ('classes: [car]', ['class 1', 'str']),
    'missing': ('classes: [{name: car}]', ['class 1', "['colour', 'gathers']"]),
    'unknown key': (f'classes: [{CAR[:-1]}, color: 1}}]', ['class 1', "['color']"]),
    'number as name': ('classes: [{name: 1, colour: [1, 2, 3], gathers: []}]', ['class 1', "'1'"]),
    'free': ('classes: [{name: free, colour: [1, 2, 3], gathers: []}]', ["'free'", 'another']),
    'name twice': (f'classes: [{CAR}, {CAR}]', ["['car'] twice"]),
    'colour': ('classes: [{name: a, colour: [1, 2, 256], gathers: []}]', ['class a', '256']),
    'colour true': ('classes: [{name: a, colour: [1, 2, true], gathers: []}]', ['True']),
    'colour name': ('classes: [{name: a, colour: red, gathers: []}]', ['class a', 'red']),
    'gathers': ('classes: [{name: a, colour: [1, 2, 3], gathers: car}]', ['class a', 'list']),
    'no such class': (
        'classes: [{name: a, colour: [1, 2, 3], gathers: [pedestrians]}]',
        ['class a', 'occ3d', "'pedestrian'"],
    ),
    'free space': (
        'classes: [{name: a, colour: [1, 2, 3], gathers: [free]}]', ['class a', "'free'"]
    ),
    'gathered twice': (
        f'classes: [{CAR}, {{name: b, colour: [1, 2, 3], gathers: [bus]}}]',
        ['class b', "'bus'", 'which car has'],
    ),
    'flag': (f'classes: [{CAR[:-1]}, dynamic: 1}}]', ['class car', 'dynamic', "'1'"]),
    'both flags': (
        f'classes: [{CAR[:-1]}, dynamic: true, traversable: true}}]', ['class car', 'both']
    ),
    'too many': (
        'classes:\n' + ''.join(f'- {{name: c{i}, colour: [1, 2, 3], gathers: []}}\n'
                               for i in range(MOST_CLASSES + 1)),
        [str(MOST_CLASSES)],
    ),
    'aliases': ('classes: &a [*a]', ['alias']),
    'code': ('classes: !!python/object/apply:os.getcwd []', ['YAML']),
}  # fmt: skip


@pytest.mark.parametrize('mistake', MISTAKES)
def test_mistakes_name_file_entry_and_remedy(mistake, tmp_path):
    text, parts = MISTAKES[mistake]
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match='expected') as caught:
        read_class_set(path, OCC3D)
    for part in (str(path), *parts):
        assert part in str(caught.value)
    assert len(str(caught.value)) < 600 + len(str(path))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {'name': st.text(max_size=5) | ANYTHING},
    optional={
        'colour': st.lists(st.integers(-1, 256), max_size=4) | ANYTHING,
        'gathers': st.lists(st.sampled_from((*OCC3D.names, 'x')), max_size=3) | ANYTHING,
        'traversable': ANYTHING,
        'dynamic': st.booleans() | ANYTHING,
    },
)


@given(tree=ANYTHING | st.fixed_dictionaries({'classes': st.lists(ENTRY | ANYTHING, max_size=3)}))
def test_whatever_a_file_says_it_is_read_or_refused(tree):
    with TemporaryDirectory() as folder:
        path = written(Path(folder), yaml.safe_dump(tree))
        try:
            classes = read_class_set(path, OCC3D)
        except ValueError as error:
            refused = str(error)
            classes = None
    if classes is None:
        assert str(path) in refused
        return
    assert len(classes.grid_names) == len(classes.grid_colours)
    assert classes.native_from_network[OCC3D.empty] == classes.empty


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match='nowhere'):
        read_class_set(tmp_path / 'nowhere.yaml', OCC3D)
