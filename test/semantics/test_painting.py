"""Label maps from masks: what hides what, and the published maps."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.semantics.painting import Masks, merge, paint
import pytest

EMPTY, OTHER = 17, 0
GOLDEN = (
    'sam2_demo_recon_only',
    'sam2_demo_gen4',
    'sam2_merge_gen4_thr15',
    'sam2_kitti_merge_gen3_thr15',
    'sam2_no_boxes',
    'sam2_full_size_512x160',
    'sam2_full_size_512x288',
)


def unpacked(golden, name):
    shape = golden[f'{name}_shape']
    return np.unpackbits(golden[name], count=int(shape.prod())).reshape(shape).astype(bool)


def drawn(count, seed, shape=(5, 7)):
    random = np.random.default_rng(seed)
    return Masks(
        pixels=random.random((count, *shape)) < 0.4,
        scores=random.integers(0, 6, count).astype(np.float32) / 100,
        labels=random.integers(0, 6, count),
    )


def painted_literally(found, empty, ignored):
    """Go from the surest mask to the least sure one, and write what is still empty."""
    painted = np.full(found.pixels.shape[1:], empty, np.uint8)
    for index in sorted(range(len(found.scores)), key=lambda index: -found.scores[index]):
        if found.labels[index] in ignored:
            continue
        for place in zip(*np.nonzero(found.pixels[index]), strict=True):
            if painted[place] == empty:
                painted[place] = found.labels[index]
    return painted


@given(st.integers(0, 12), st.integers(0, 1000), st.sets(st.integers(0, 5)))
def test_the_surest_mask_wins(count, seed, ignored):
    found = drawn(count, seed)
    for empty in (3, EMPTY):
        np.testing.assert_array_equal(
            paint(found.pixels, found.scores, found.labels, empty, ignored),
            painted_literally(found, empty, ignored),
        )


def test_of_equally_sure_masks_the_first_counts():
    pixels = np.ones((3, 2, 2), bool)
    scores = np.array([0.2, 0.5, 0.5], np.float32)
    assert (paint(pixels, scores, np.array([4, 5, 6]), EMPTY, ()) == 5).all()


def test_ignored_masks_hide_nothing():
    pixels = np.ones((2, 2, 2), bool)
    painted = paint(pixels, np.array([0.9, 0.1]), np.array([OTHER, 4]), EMPTY, (OTHER,))
    assert (painted == 4).all()


@given(st.integers(0, 12), st.integers(0, 1000))
def test_merging_unites_masks_of_one_label_and_score(count, seed):
    found = drawn(count, seed)
    groups = {}
    for index in range(count):
        key = (int(found.labels[index]), round(float(found.scores[index]) / 0.01))
        groups.setdefault(key, []).append(index)
    merged = merge(found)
    assert len(merged.scores) == len(groups)
    for index, members in enumerate(groups.values()):
        assert merged.labels[index] == found.labels[members[0]]
        assert merged.scores[index] == found.scores[members].max()
        np.testing.assert_array_equal(merged.pixels[index], found.pixels[members].any(axis=0))


@pytest.mark.parametrize('name', GOLDEN)
def test_published_masks_become_published_label_maps(shared, name):
    golden = np.load(shared / 'fixtures' / 'semantics' / f'{name}.npz')
    ignored, empty = golden['ignore_ids'].tolist(), int(golden['empty_class'])
    if 'obj_frames' not in golden:
        assert not len(golden['conf'])
        none = np.zeros((0, int(golden['H']), int(golden['W'])), bool)
        painted = paint(none, golden['conf'], golden['label_ids'], empty, ignored)
        assert (golden['sem2d'] == painted).all()
        return
    frames, scores = unpacked(golden, 'obj_frames'), golden['obj_conf']
    for time, expected in enumerate(golden['sem2d']):
        used = scores > (-1 if time == 0 else golden['box_conf_thres'])
        labels = golden['obj_label'][used]
        painted = paint(frames[used, time], scores[used], labels, empty, ignored)
        np.testing.assert_array_equal(painted, expected)


@pytest.mark.parametrize('name', [name for name in GOLDEN if 'merge' in name or '160' in name])
def test_published_masks_are_merged_as_published(shared, name):
    golden = np.load(shared / 'fixtures' / 'semantics' / f'{name}.npz')
    merged = merge(Masks(unpacked(golden, 'masks0'), golden['conf'], golden['label_ids']))
    ours = zip(merged.labels, merged.scores, merged.pixels, strict=True)
    pixels = unpacked(golden, 'obj_mask0')
    theirs = zip(golden['obj_label'], golden['obj_conf'], pixels, strict=True)
    found, expected = (
        sorted((int(label), float(score), mask.tobytes()) for label, score, mask in objects)
        for objects in (ours, theirs)
    )
    assert found == expected
