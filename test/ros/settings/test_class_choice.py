"""Which classes the grid has, and in which colours: chosen in one place."""

from pathlib import Path

import numpy as np
from occany_ros.ros.settings.class_choice import (
    check_mode,
    chosen_classes,
    label_rules,
    labels_from,
)
from occany_ros.ros.settings.parameter_checks import changed, parameters_from
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

PLANNER = str(Path(__file__).parents[3] / 'config' / 'classes' / 'planner.yaml')
CUSTOM = {'semantics.class_set': 'custom', 'semantics.class_file': PLANNER}


def chosen(values, own='occ3d'):
    return chosen_classes(parameters_from(values), 'tiny', own)


def test_the_networks_own_classes_unless_told_otherwise():
    assert chosen({}) is OCC3D
    assert chosen({'semantics.class_set': 'kitti'}, None) is KITTI
    assert chosen({}, None) is OCC3D
    with pytest.raises(ValueError, match='expected auto, occ3d') as caught:
        chosen({'semantics.class_set': 'kitti'})
    assert 'or custom' in str(caught.value)


def test_classes_from_a_file():
    assert chosen(CUSTOM).grid_names[1:5] == ('ground', 'static', 'vehicle', 'person')
    named = chosen(CUSTOM | {'semantics.traversable': ['ground', 'static']})
    assert named.grid_names == chosen(CUSTOM).grid_names


@pytest.mark.parametrize(
    ('values', 'parts'),
    [
        ({'semantics.class_set': 'custom'}, ('semantics.class_file', 'planner.yaml')),
        (CUSTOM | {'semantics.class_file': '/no/where'}, ('semantics.class_file', '/no/where')),
        (CUSTOM | {'semantics.dynamic': ['vehicles']}, ('semantics.dynamic', "'vehicle'")),
        (CUSTOM | {'semantics.traversable': ['terrain']}, ('semantics.traversable', 'terrain')),
        ({'semantics.dynamic': ['pedestrain']}, ('semantics.dynamic', "'pedestrian'")),
        ({'semantics.dynamic': ['none', 'car']}, ('semantics.dynamic', "'none'")),
    ],
)  # fmt: skip
def test_mistakes_are_refused_before_a_network_is_loaded(values, parts):
    with pytest.raises(ValueError, match=parts[0]) as caught:
        parameters_from(values)
    assert parts[1] in str(caught.value)


def test_names_are_checked_at_run_time_too():
    before = parameters_from(CUSTOM)
    after = changed(before, {'semantics.dynamic': ['person'], 'semantics.temporal_vote': 5})
    assert after.semantics.dynamic == ('person',)
    with pytest.raises(ValueError, match="'person'"):
        changed(before, {'semantics.dynamic': ['persons']})


def test_a_lost_file_keeps_nobody_from_changing_something_else(tmp_path):
    path = tmp_path / 'classes.yaml'
    path.write_text(Path(PLANNER).read_text())
    before = parameters_from(CUSTOM | {'semantics.class_file': str(path)})
    path.unlink()
    assert changed(before, {'sync.slop': 0.01}).sync.slop == 0.01


def test_rules_of_labels():
    def rules(**values):
        given = {f'semantics.{name}': value for name, value in values.items()}
        return label_rules(parameters_from(given), OCC3D)

    plain = rules()
    assert (plain.source, plain.moving, plain.votes, plain.every) == ('distill', None, 0, 1)
    assert plain.moving_in(OCC3D) == OCC3D.dynamic
    assert rules(dynamic=['car', 'bus']).moving_in(OCC3D) == OCC3D.indices(('car', 'bus'))
    assert rules(dynamic=['none']).moving_in(OCC3D) == frozenset()
    other = rules(mode='off', temporal_vote=4, every=3)
    assert (other.source, other.votes, other.every) == ('off', 4, 3)


def test_where_labels_come_from_is_said():
    assert 'features' in labels_from(parameters_from({}), 'tiny', 'occ3d')
    missing = labels_from(parameters_from({}), 'occany', None)
    assert missing.startswith('none: ')
    assert 'occany' in missing
    assert 'semantics.mode' in missing
    off = labels_from(parameters_from({'semantics.mode': 'off'}), 'tiny', 'occ3d')
    assert off.startswith('off: ')


def test_a_mode_that_needs_another_network_is_refused():
    check_mode(parameters_from({'semantics.mode': 'off'}))
    with pytest.raises(ValueError, match='expected distill or off') as caught:
        check_mode(parameters_from({'semantics.mode': 'pretrained'}))
    assert 'semantics.mode' in str(caught.value)


def test_the_palette_reaches_the_classes():
    plain, safe = chosen({}), chosen({'palette': 'colour_blind'})
    assert safe.grid_names == plain.grid_names
    assert not np.array_equal(safe.grid_colours, plain.grid_colours)
    assert chosen(CUSTOM | {'palette': 'colour_blind'}).grid_colours.shape == (6, 3)
