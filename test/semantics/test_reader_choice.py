"""What every reader of labels keeps to, whatever networks of masks it is made of."""

from typing import get_args

import numpy as np
from occany_ros.semantics.classes import OCC3D
from occany_ros.semantics.reader_choice import LICENCES, load_reader, Masks, masks_for, NAMES
import pytest
from sam2_folders import sam2_features, save_small_masks
from sam3_folders import sam3_features, save_small_sam3
import torch

SIZE = (24, 40)
FEATURES = {'sam2': sam2_features, 'sam3': sam3_features}


@pytest.fixture(scope='module', params=get_args(Masks))
def masks(request):
    return request.param


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    folder = save_small_masks(tmp_path_factory.mktemp('weights'))
    save_small_sam3(folder / 'sam3')
    return folder


def loaded(masks, weights, source):
    how = {'device': torch.device('cpu'), 'precision': torch.float32}
    reader = load_reader(masks, weights, OCC3D, source, **how)
    if masks == 'sam3':
        reader.detector.threshold = 0.2  # drawn weights are sure of nothing
    return reader


@pytest.fixture(scope='module')
def distilled(masks, weights):
    return loaded(masks, weights, 'distill')


@pytest.fixture(scope='module')
def pretrained(masks, weights):
    return loaded(masks, weights, 'pretrained')


def images():
    drawn = np.random.default_rng(4)
    return [drawn.integers(0, 256, (*SIZE, 3), np.uint8) for _ in range(2)]


def test_every_pixel_of_every_view_gets_a_label(masks, distilled, pretrained):
    for labels in (
        distilled.read(images(), FEATURES[masks]()),
        pretrained.read(images(), ()),
    ):
        assert labels.shape == (2, *SIZE)
        assert labels.dtype == np.uint8
        assert set(np.unique(labels)) <= {*range(len(OCC3D.names)), OCC3D.empty}
        assert len(np.unique(labels)) > 2


def test_every_view_is_labelled_by_itself(masks, distilled, pretrained):
    features = FEATURES[masks]()
    both = distilled.read(images(), features)
    for view in range(2):
        one = tuple(level[view, None] for level in features)
        np.testing.assert_array_equal(distilled.read(images()[view:][:1], one)[0], both[view])
    first, second = images()
    labels = pretrained.read([first, second], ())
    np.testing.assert_array_equal(pretrained.read([second, first], ()), labels[::-1])
    assert (labels[0] != labels[1]).any()


def test_features_of_another_network_are_refused(masks, distilled):
    other = 'sam2' if masks == 'sam3' else 'sam3'
    for wrong in ((), FEATURES[other](), FEATURES[masks](views=3)):
        with pytest.raises(ValueError, match='features: expected square maps'):
            distilled.read(images(), wrong)


def test_features_are_of_the_network_they_imitate():
    assert {masks_for(variant) for variant in ('tiny', 'occany', 'must3r')} == {'sam2'}
    assert {masks_for(variant) for variant in ('occany_plus', 'da3')} == {'sam3'}
    assert set(NAMES) == set(LICENCES) == set(get_args(Masks))
