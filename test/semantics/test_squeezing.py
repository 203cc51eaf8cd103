"""Squares of pixels and logits: the published ones."""

import numpy as np
from occany_ros.semantics.squeezing import squeezed_image, squeezed_masks, stretched_masks
import pytest
import torch

GOLDEN = (
    'sam2_demo_recon_only',
    'sam2_demo_gen4',
    'sam2_merge_gen4_thr15',
    'sam2_kitti_merge_gen3_thr15',
    'sam2_full_size_512x160',
    'sam2_full_size_512x288',
)


@pytest.fixture(params=GOLDEN)
def golden(request, shared):
    return np.load(shared / 'fixtures' / 'semantics' / f'{request.param}.npz')


def unpacked(golden, name):
    shape = golden[f'{name}_shape']
    bits = np.unpackbits(golden[name], count=int(shape.prod()))
    return torch.from_numpy(bits.reshape(shape).astype(bool))


def test_logits_become_the_published_masks(golden):
    logits = torch.from_numpy(golden['low_res_logits'])
    size = (int(golden['H']), int(golden['W']))
    assert torch.equal(stretched_masks(logits, size), unpacked(golden, 'masks0'))


def test_masks_are_rounded_as_published(golden):
    masks, size = unpacked(golden, 'obj_mask0'), (int(golden['H']), int(golden['W']))
    rounded = stretched_masks(squeezed_masks(masks, int(golden['S'])), size)
    assert torch.equal(rounded, unpacked(golden, 'obj_frames')[:, 0])


def test_what_the_published_tracker_starts_from_is_the_same(golden):
    masks, size = unpacked(golden, 'obj_mask0'), (int(golden['H']), int(golden['W']))
    start = squeezed_masks(masks, int(golden['S']))
    frames = unpacked(golden, 'obj_frames')
    for time in range(1, frames.shape[1]):
        moved = start.roll((time, 2 * time), dims=(1, 2)) * 0.5 - 0.25 * time
        assert torch.equal(stretched_masks(moved, size), frames[:, time])


def test_no_masks_stay_none():
    none = torch.zeros(0, 40, 128, dtype=torch.bool)
    assert squeezed_masks(none, 128).shape == (0, 32, 32)
    assert stretched_masks(squeezed_masks(none, 128), (40, 128)).shape == none.shape


def test_the_square_image_is_the_published_one(shared):
    golden = np.load(shared / 'fixtures' / 'semantics' / 'preproc.npz')
    square = squeezed_image(golden['image_128x40'], 128)[:, ::3, ::3]
    np.testing.assert_allclose(square.numpy(), golden['sam2_128'], atol=1e-5)


def test_a_square_image_is_only_coloured():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    square = squeezed_image(image, 16)
    colours = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (torch.from_numpy(image) / 255 - colours[0]) / colours[1]
    torch.testing.assert_close(square, expected.permute(2, 0, 1))
