"""Boxes with names: the published ones, and what becomes of odd answers."""

import numpy as np
from occany_ros.semantics.boxes import box_corners, Boxes, BoxThresholds, named_boxes
from occany_ros.semantics.classes import CLASS_SETS
from occany_ros.semantics.prompts import caption, detector_prompts
import pytest
import torch

GOLDEN = ('gdino_demo_bt15_tt0', 'gdino_kitti_bt5_tt5', 'gdino_occ3d_bt5_tt5')
TOKENS = ('[CLS]', 'traffic', 'cone', '.', 'cone', '.', 'van', '##s', '.', '[SEP]')
NAMES = ('traffic cone', 'cone', 'vans')


def named(rows, **thresholds):
    chances = torch.full((len(rows), 16), 0.01)
    for query, row in enumerate(rows):
        for place, chance in row.items():
            chances[query, place] = chance
    places = torch.rand(len(rows), 4, generator=torch.Generator().manual_seed(1))
    limits = BoxThresholds(**({'box': 0.3, 'text': 0.3} | thresholds))
    boxes = named_boxes(chances.logit(), places, TOKENS, NAMES, limits)
    for place, score in zip(boxes.places, boxes.scores, strict=True):
        query = int((places == place).all(dim=1).nonzero())
        assert score == pytest.approx(max(rows[query].values()))
    return boxes.labels.tolist()


@pytest.mark.parametrize('name', GOLDEN)
def test_published_answers_become_published_boxes(shared, name):
    golden = np.load(shared / 'fixtures' / 'semantics' / f'{name}.npz')
    logits = torch.full((len(golden['logits']), 256), -torch.inf)
    logits[:, : int(golden['n_tokens'])] = torch.from_numpy(golden['logits']).float()
    names = golden['class_names'].tolist()
    boxes = named_boxes(
        logits,
        torch.from_numpy(golden['boxes']),
        golden['tokens'].tolist(),
        names,
        BoxThresholds(float(golden['box_threshold']), float(golden['text_threshold'])),
    )
    np.testing.assert_array_equal(boxes.labels, golden['out_class_index'])
    np.testing.assert_array_equal(boxes.places.numpy(), golden['out_boxes'])
    np.testing.assert_allclose(boxes.scores.numpy(), golden['out_conf'], rtol=1e-6)
    assert caption(names) == str(golden['caption'])


@pytest.mark.parametrize('name', ['kitti', 'occ3d'])
def test_the_published_names_are_asked_for(shared, name):
    golden = np.load(shared / 'fixtures' / 'semantics' / f'gdino_{name}_bt5_tt5.npz')
    classes = CLASS_SETS[name]
    prompts = detector_prompts(classes)
    assert [name for name, _ in prompts] == golden['class_names'].tolist()
    assert classes.other not in {index for _, index in prompts}


def test_the_best_token_says_the_name():
    whole = {1: 0.5, 2: 0.6}
    assert named([whole, {4: 0.5}, {6: 0.4, 7: 0.9}]) == [0, 1, 2]


def test_a_separator_belongs_to_the_name_before_it():
    assert named([{3: 0.9, 1: 0.5, 2: 0.5}, {8: 0.9, 6: 0.5, 7: 0.5}]) == [0, 2]


def test_words_that_fit_too_badly_may_leave_another_name_or_none():
    assert named([{2: 0.9}, {1: 0.9}, {6: 0.9}]) == [1]
    assert named([{2: 0.9}, {1: 0.9}, {6: 0.9}], text=0.0) == [0, 0, 2]


def test_nothing_is_named_by_the_ends_of_the_caption():
    assert named([{0: 0.9}, {9: 0.9}]) == []


def test_unsure_boxes_are_dropped_at_the_very_threshold():
    assert named([{4: 0.49}, {4: 0.5}], box=0.5) == []
    assert named([{4: 0.49}, {4: 0.51}], box=0.5) == [1]


@pytest.mark.parametrize('name', ['sam2_demo_gen4', 'sam2_full_size_512x288', 'sam2_no_boxes'])
def test_corners_are_the_published_ones(shared, name):
    golden = np.load(shared / 'fixtures' / 'semantics' / f'{name}.npz')
    places = torch.from_numpy(golden['boxes_cxcywh'])
    corners = box_corners(places, (int(golden['H']), int(golden['W'])), int(golden['S']))
    expected = golden.get('box_points', np.zeros((0, 2, 2)))
    np.testing.assert_allclose(corners.reshape(-1, 2, 2).numpy(), expected, atol=2e-5)


def test_some_boxes_can_be_chosen():
    boxes = Boxes(torch.rand(3, 4), torch.rand(3), np.arange(3))
    some = boxes.chosen(np.array([True, False, True]))
    assert some.labels.tolist() == [0, 2]
    assert torch.equal(some.places, boxes.places[[0, 2]])
    assert torch.equal(some.scores, boxes.scores[[0, 2]])
