"""The detector of boxes: what it is shown, what it is asked, and what it answers."""

from dataclasses import replace
import json

import numpy as np
from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.semantics.boxes import BoxThresholds, named_boxes
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.grounding import (
    FOLDER,
    Grounding,
    load_grounding,
    network_image,
    network_size,
)
from occany_ros.semantics.prompts import detector_prompts
import pytest
from sam2_folders import save_small_grounding
import torch

CPU = torch.device('cpu')
transformers = pytest.importorskip(
    'transformers', reason='the optional extra semantics is not installed'
)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp('weights')
    save_small_grounding(folder / FOLDER)
    return folder


@pytest.fixture(scope='module')
def detector(weights):
    return load_grounding(weights, OCC3D, device=CPU)


def image(seed=0, size=(24, 40)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def test_images_get_the_published_sizes(shared):
    file = shared / 'fixtures' / 'semantics' / 'gdino_resize.json'
    for case in json.loads(file.read_text(encoding='utf-8')):
        width, height = case['in_wh']
        assert network_size((height, width)) == tuple(reversed(case['gdino_wh']))
        assert network_size((width, height)) == tuple(case['gdino_wh'])


def test_a_plain_image_stays_plain():
    plain = np.full((30, 50, 3), (255, 0, 51), np.uint8)
    shown = network_image(plain)
    assert shown.shape == (3, *network_size((30, 50)))
    for channel, value in enumerate([(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]):
        torch.testing.assert_close(shown[channel], torch.full_like(shown[channel], value))


@pytest.mark.parametrize('classes', [OCC3D, KITTI], ids=lambda one: one.name)
def test_it_is_asked_for_the_names_of_the_class_set(weights, classes):
    detector = load_grounding(weights, classes, device=CPU)
    words = [word for name, _ in detector_prompts(classes) for word in (*name.split(), '.')]
    assert list(detector.tokens) == ['[CLS]', *words, '[SEP]']
    assert detector.question['input_ids'].shape == (1, len(detector.tokens))


def test_boxes_are_those_of_the_library_with_names(weights, detector):
    network = transformers.GroundingDinoForObjectDetection.from_pretrained(weights / FOLDER)
    with torch.inference_mode():
        answer = network.eval()(network_image(image())[None], **detector.question)
    names = [name for name, _ in detector_prompts(OCC3D)]
    expected = named_boxes(
        answer.logits[0], answer.pred_boxes[0], detector.tokens, names, BoxThresholds(0.05, 0.05)
    )
    found = detector.detect(image())
    assert len(found.labels) > 2
    torch.testing.assert_close(found.places, expected.places)
    torch.testing.assert_close(found.scores, expected.scores)
    labels = np.array([index for _, index in detector_prompts(OCC3D)])
    np.testing.assert_array_equal(found.labels, labels[expected.labels])


def test_another_image_has_other_boxes(detector):
    first, second = (detector.detect(image(seed)) for seed in (0, 1))
    assert not torch.equal(first.scores, second.scores)


def test_nothing_is_surer_than_certain(weights, detector):
    tokenizer = transformers.BertTokenizer.from_pretrained(weights / FOLDER)
    strict = Grounding(detector.network, tokenizer, OCC3D, BoxThresholds(box=1.0, text=0.05))
    found = strict.detect(image())
    assert len(found.labels) == len(found.scores) == len(found.places) == 0


def test_a_tokenizer_of_another_network_is_refused(detector):
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.']
    stranger = transformers.BertTokenizer(vocab={word: n for n, word in enumerate(words)})
    with pytest.raises(ValueError, match=r'tokenizer: expected separators .*got \(2, 3, 5\)'):
        Grounding(detector.network, stranger, OCC3D)


def test_a_class_set_without_names_is_refused(weights, detector):
    tokenizer = transformers.BertTokenizer.from_pretrained(weights / FOLDER)
    nameless = replace(OCC3D, prompts=tuple(() for _ in OCC3D.prompts))
    with pytest.raises(ValueError, match='expected names for at least one class'):
        Grounding(detector.network, tokenizer, nameless)


def test_a_folder_without_a_detector_is_explained(tmp_path):
    with pytest.raises(CheckpointError, match=r'grounding-dino-base.*semantics\.weights'):
        load_grounding(tmp_path, OCC3D, device=CPU)
