"""Which classes the grid has, and in which colours: chosen in one place."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
from occany_ros.ros.settings.class_choice import (
    check_mode,
    chosen_classes,
    label_rules,
    labels_from,
    reader_source,
)
from occany_ros.ros.settings.parameter_checks import changed, parameters_from
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

PLANNER = str(Path(__file__).parents[3] / 'config' / 'classes' / 'planner.yaml')
CUSTOM = {'semantics.class_set': 'custom', 'semantics.class_file': PLANNER}
# variant -> class set it answers in, whether it has features to read
NETWORKS = {
    'tiny': ('occ3d', False),
    'occany': (None, True),
    'occany_plus': (None, True),
    'must3r': (None, False),
    'da3': (None, False),
}


def network(variant):
    own, has_features = NETWORKS[variant]
    return SimpleNamespace(variant=variant, class_set=own, has_features=has_features)


def semantics(**values):
    return parameters_from({f'semantics.{name}': value for name, value in values.items()})


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
    assert rules(mode='pretrained', weights='/some/where').source == 'pretrained'
    other = rules(mode='off', temporal_vote=4, every=3)
    assert (other.source, other.votes, other.every) == ('off', 4, 3)


# mode, whether weights are given -> variant -> who reads, and how what is said begins
WAYS = {
    ('distill', False): {
        'tiny': (None, 'the network'),
        'occany': (None, 'none: semantics.weights'),
        'occany_plus': (None, 'none: semantics.weights'),
        'must3r': (None, 'none: model.variant must3r'),
        'da3': (None, 'none: model.variant da3'),
    },
    ('distill', True): {
        'tiny': (None, 'the network'),
        'occany': ('distill', "GroundingDINO and SAM 2 on the network's"),
        'occany_plus': ('distill', "SAM 3 on the network's"),
        'must3r': (None, 'none: model.variant must3r'),
        'da3': (None, 'none: model.variant da3'),
    },
    ('pretrained', True): {
        'tiny': ('pretrained', 'GroundingDINO and SAM 2 on the images'),
        'occany': ('pretrained', 'GroundingDINO and SAM 2 on the images'),
        'occany_plus': ('pretrained', 'SAM 3 on the images'),
        'must3r': ('pretrained', 'GroundingDINO and SAM 2 on the images'),
        'da3': ('pretrained', 'SAM 3 on the images'),
    },
    ('off', True): dict.fromkeys(NETWORKS, (None, 'off: ')),
}


@pytest.mark.parametrize('variant', NETWORKS)
@pytest.mark.parametrize('way', WAYS)
def test_who_reads_labels_of_what_is_said(way, variant):
    mode, has_weights = way
    parameters = semantics(mode=mode, weights='/some/where' if has_weights else '')
    source, said = WAYS[way][variant]
    assert reader_source(parameters, network(variant)) == source
    assert labels_from(parameters, network(variant)).startswith(said)


@pytest.mark.parametrize('variant', ['occany', 'da3'])
def test_what_has_no_labels_says_what_to_do(variant):
    said = labels_from(semantics(), network(variant))
    for part in (variant, 'semantics.weights', 'semantics.mode'):
        assert part in said


@pytest.mark.parametrize(
    ('variant', 'folder'), [('occany', 'sam2.1-hiera-large'), ('occany_plus', 'sam3')]
)
def test_networks_of_masks_must_be_somewhere(variant, folder):
    values = {'model.variant': variant, 'semantics.mode': 'pretrained'}
    with pytest.raises(ValueError, match=r'^semantics\.weights: ') as caught:
        check_mode(parameters_from(values))
    for part in (variant, folder, 'semantics.mode to off'):
        assert part in str(caught.value)
    check_mode(parameters_from(values | {'semantics.weights': '/some/where'}))
    check_mode(semantics(mode='off'))
    check_mode(semantics())


def test_the_palette_reaches_the_classes():
    plain, safe = chosen({}), chosen({'palette': 'colour_blind'})
    assert safe.grid_names == plain.grid_names
    assert not np.array_equal(safe.grid_colours, plain.grid_colours)
    assert chosen(CUSTOM | {'palette': 'colour_blind'}).grid_colours.shape == (6, 3)
