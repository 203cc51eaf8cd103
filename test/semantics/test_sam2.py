"""Masks of boxes: the library's own at its own size, and at any other."""

import numpy as np
from occany_ros.semantics.boxes import box_corners
from occany_ros.semantics.network_folder import load_network
from occany_ros.semantics.sam2 import Sam2
from occany_ros.semantics.squeezing import squeezed_image, stretched_masks
import pytest
from sam2_folders import save_small_sam2, WIDTH
import torch

transformers = pytest.importorskip(
    'transformers', reason='the optional extra semantics is not installed'
)
SIZE = (20, 32)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return save_small_sam2(tmp_path_factory.mktemp('weights') / 'sam2')


@pytest.fixture(scope='module')
def segmenter(folder):
    return Sam2(load_network('Sam2Model', folder))


def sized(folder, edge):
    """Configure the library's network for another size."""
    cells = edge // 16
    config = transformers.Sam2Config.from_pretrained(folder)
    config.vision_config.backbone_config.image_size = [edge, edge]
    config.vision_config.backbone_feature_sizes = [[x * cells, x * cells] for x in (4, 2, 1)]
    config.prompt_encoder_config.image_size = edge
    return transformers.Sam2Model.from_pretrained(folder, config=config).eval()


def image():
    return np.random.default_rng(3).integers(0, 256, (*SIZE, 3), np.uint8)


def places(count=5):
    drawn = torch.rand(count, 4, generator=torch.Generator().manual_seed(6))
    return 0.2 + 0.5 * drawn


def pyramid(cells=8, seed=7):
    drawn = torch.Generator().manual_seed(seed)
    widths = (WIDTH, WIDTH // 4, WIDTH // 8)
    return tuple(
        torch.randn(width, scale * cells, scale * cells, generator=drawn)
        for width, scale in zip(widths, (1, 2, 4), strict=True)
    )


@pytest.mark.parametrize('edge', [128, 256])
def test_images_and_boxes_are_read_as_by_the_library(folder, segmenter, edge):
    network, corners = sized(folder, edge), box_corners(places(), SIZE, edge)
    with torch.inference_mode():
        answer = network(
            pixel_values=squeezed_image(image(), edge)[None],
            input_boxes=corners[None],
            multimask_output=False,
        )
    levels = segmenter.encode(image(), edge)
    assert [level.shape[0] for level in levels] == list(segmenter.widths)
    for ours, theirs in zip(levels, reversed(answer.image_embeddings), strict=True):
        torch.testing.assert_close(ours, theirs[0])
    logits = segmenter.logits(levels, corners)
    torch.testing.assert_close(logits, answer.pred_masks[0, :, 0])
    masks = segmenter.masks(levels, places(), SIZE)
    assert torch.equal(masks, stretched_masks(logits, SIZE))
    assert masks.any()
    assert not masks.all()


def test_the_published_square_is_the_usual_one(segmenter):
    assert [level.shape[-1] for level in segmenter.encode(image())] == [32, 64, 128]


@pytest.mark.parametrize('together', [1, 2, 5])
def test_groups_of_boxes_change_nothing(segmenter, together):
    expected = segmenter.masks(pyramid(), places(), SIZE)
    segmenter.boxes_at_once = together
    masks = segmenter.masks(pyramid(), places(), SIZE)
    segmenter.boxes_at_once = 0
    assert torch.equal(masks, expected)


def test_every_size_of_features_has_its_own_places(segmenter):
    """Let sizes take turns: nothing of the one before is kept."""
    small, large = pyramid(8), pyramid(16)
    first = segmenter.masks(small, places(), SIZE)
    segmenter.masks(large, places(), SIZE)
    assert torch.equal(segmenter.masks(small, places(), SIZE), first)


def test_no_boxes_have_no_masks(segmenter):
    masks = segmenter.masks(pyramid(), places(0), SIZE)
    assert masks.shape == (0, *SIZE)
    assert segmenter.rounded(masks, pyramid()).shape == (0, *SIZE)


def test_low_precision_reaches_the_network(folder):
    segmenter = Sam2(load_network('Sam2Model', folder), precision=torch.bfloat16)
    seen = []
    for part in (
        segmenter.network.vision_encoder.backbone.blocks[0].mlp.proj_in,
        segmenter.network.mask_decoder.transformer.layers[0].mlp.proj_in,
    ):
        part.register_forward_hook(lambda _part, _args, answer: seen.append(answer.dtype))
    levels = segmenter.encode(image(), 128)
    assert {level.dtype for level in levels} == {torch.float32}
    assert segmenter.masks(levels, places(), SIZE).dtype == torch.bool
    assert seen == [torch.bfloat16] * 2
