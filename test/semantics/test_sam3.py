"""The detector answers as the library's whole network does when it is told of no boxes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.network_folder import load_network, load_tokenizer
from occany_ros.semantics.sam3 import geometry_token, query_scores, Sam3
from occany_ros.semantics.sam3_prompts import encode_prompts, EncodedPrompts
from occany_ros.semantics.squeezing import stretched_masks
import pytest
from sam3_folders import QUERIES, save_small_sam3, spread, WIDTH
import torch
from torch.nn import functional

transformers = pytest.importorskip(
    'transformers', reason='the optional extra semantics is not installed'
)
EDGE = 5
SIZE = (13, 31)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return save_small_sam3(tmp_path_factory.mktemp('released') / 'sam3')


@pytest.fixture(scope='module')
def network(folder):
    return load_network('Sam3Model', folder)


@pytest.fixture(scope='module')
def prompts(folder, network):
    return encode_prompts(network, load_tokenizer('CLIPTokenizer', folder), OCC3D)


@pytest.fixture
def pyramid():
    drawn = torch.Generator().manual_seed(3)
    edges = (4 * EDGE, 2 * EDGE, EDGE)
    return tuple(torch.randn(WIDTH, edge, edge, generator=drawn) for edge in edges)


@pytest.fixture
def pooled(monkeypatch):
    """Give the library what it pools boxes with; what it answers for a box of padding is moot."""
    from transformers.models.sam3 import modeling_sam3

    def roi_align(features, boxes, size):
        count = sum(len(entry) for entry in boxes)
        return torch.randn(count, features.shape[1], size, size)

    part = SimpleNamespace(ops=SimpleNamespace(roi_align=roi_align))
    monkeypatch.setattr(modeling_sam3, 'torchvision', part, raising=False)


def library_answer(network, prompts, pyramid, *, boxes=True, extra=None):
    """Scores and mask logits of the library's whole network, prompt by prompt."""
    from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

    count = len(prompts.tokens)
    maps = [level.expand(count, -1, -1, -1) for level in pyramid]
    codes = [network.geometry_encoder.position_encoding(x.shape, x.device, x.dtype) for x in maps]
    unread = maps[-1][:, :, ::2, ::2]
    words, is_word = prompts.tokens, prompts.is_word
    if extra is not None:
        words = torch.cat((words, extra.expand(count, -1, -1)), dim=1)
        is_word = functional.pad(is_word, (0, extra.shape[1]), value=True)
    padding = {
        'input_boxes': torch.full((count, 1, 4), 0.5),
        'input_boxes_labels': torch.full((count, 1), -10),
    }
    with torch.inference_mode():
        answer = network(
            vision_embeds=Sam3VisionEncoderOutput(
                fpn_hidden_states=(*maps, unread), fpn_position_encoding=(*codes, unread)
            ),
            text_embeds=SimpleNamespace(pooler_output=words),
            attention_mask=is_word,
            **(padding if boxes else {}),
        )
    return query_scores(answer.pred_logits, answer.presence_logits), answer.pred_masks


def found_by_library(scores, masks, threshold):
    kept = scores > threshold
    return stretched_masks(masks[kept], SIZE).numpy(), scores[kept].numpy(), kept.nonzero()[:, 0]


def middle_of(scores):
    """Choose a threshold in a wide gap between scores, so that rounding crosses it nowhere."""
    ordered = scores.flatten().sort().values
    quarter = len(ordered) // 4
    middle = ordered[quarter:-quarter]
    widest = int(middle.diff().argmax())
    return float(middle[[widest, widest + 1]].mean())


@pytest.mark.usefixtures('pooled')
@pytest.mark.parametrize('at_once', [0, 1, 7])
def test_it_finds_what_the_whole_network_finds(network, prompts, pyramid, at_once):
    scores, masks = library_answer(network, prompts, pyramid)
    threshold = middle_of(scores)
    detector = Sam3(network, prompts, threshold=threshold)
    detector.prompts_at_once = at_once
    found = detector.find(pyramid, SIZE)
    wanted_masks, wanted_scores, wanted_prompts = found_by_library(scores, masks, threshold)
    assert 0 < len(found.scores) < scores.numel()
    np.testing.assert_array_equal(found.labels, prompts.classes[wanted_prompts.numpy()])
    assert len(wanted_scores) > 0
    np.testing.assert_allclose(found.scores, wanted_scores, atol=1e-5)
    assert (found.pixels != wanted_masks).mean() < 1e-3
    assert 0.01 < wanted_masks.mean() < 0.99


@pytest.mark.usefixtures('pooled')
def test_the_token_of_no_boxes_is_the_library_s_own(network, prompts, pyramid):
    with_padding, masks_with_padding = library_answer(network, prompts, pyramid)
    coarse = pyramid[-1][None]
    part = network.geometry_encoder
    codes = part.position_encoding(coarse.shape, coarse.device, coarse.dtype)
    with torch.inference_mode():
        token = geometry_token(part, coarse, codes)
    assert token.shape == (1, 1, WIDTH)
    once, masks_once = library_answer(network, prompts, pyramid, boxes=False, extra=token)
    torch.testing.assert_close(once, with_padding, atol=1e-5, rtol=0)
    torch.testing.assert_close(masks_once, masks_with_padding, atol=1e-3, rtol=1e-3)


def test_the_token_of_no_boxes_is_there_exactly_once(network, prompts, pyramid):
    coarse = pyramid[-1][None]
    part = network.geometry_encoder
    codes = part.position_encoding(coarse.shape, coarse.device, coarse.dtype)
    with torch.inference_mode():
        token = geometry_token(part, coarse, codes)
    found = Sam3(network, prompts, threshold=0.0).find(pyramid, SIZE)
    ours = torch.from_numpy(found.scores).view(-1, QUERIES)
    answers = [
        library_answer(network, prompts, pyramid, boxes=False, extra=extra)[0]
        for extra in (None, token, token.repeat(1, 2, 1))
    ]
    apart = [float((answer - ours).abs().max()) for answer in answers]
    assert apart[1] < 1e-5
    assert apart[0] > 1e-3
    assert apart[2] > 1e-3


def test_padding_takes_no_part(network, prompts, pyramid):
    ours = Sam3(network, prompts, threshold=0.0).find(pyramid, SIZE).scores
    noise = torch.where(prompts.is_word[..., None], prompts.tokens, 100.0)
    noisy = type(prompts)(tokens=noise, is_word=prompts.is_word, classes=prompts.classes)
    assert not torch.equal(noisy.tokens, prompts.tokens)
    again = Sam3(network, noisy, threshold=0.0).find(pyramid, SIZE).scores
    np.testing.assert_allclose(again, ours, atol=1e-6)


def test_nothing_above_the_threshold_is_nothing(network, prompts, pyramid):
    found = Sam3(network, prompts, threshold=1.0).find(pyramid, SIZE)
    assert found.pixels.shape == (0, *SIZE)
    assert found.pixels.dtype == np.bool_
    assert len(found.scores) == len(found.labels) == 0


def test_a_score_must_be_above_the_threshold(network, prompts, pyramid):
    scores = Sam3(network, prompts, threshold=0.0).find(pyramid, SIZE).scores
    highest = float(scores.max())
    detector = Sam3(network, prompts, threshold=highest)
    assert len(detector.find(pyramid, SIZE).scores) == 0


def test_masks_are_made_only_where_something_was_found(network, prompts, pyramid):
    scores = Sam3(network, prompts, threshold=0.0).find(pyramid, SIZE).scores
    best = np.sort(scores.reshape(-1, QUERIES).max(axis=1))
    threshold = float(best[-4:-2].mean())
    asked = []
    hook = network.mask_decoder.register_forward_hook(
        lambda _module, _args, options, _answer: asked.append(options['decoder_queries'].shape),
        with_kwargs=True,
    )
    found = Sam3(network, prompts, threshold=threshold).find(pyramid, SIZE)
    hook.remove()
    assert len(asked) == 3
    assert sum(shape[1] for shape in asked) == len(found.scores)


def test_lower_precision_moves_scores_a_little(network, prompts, pyramid):
    exact = Sam3(network, prompts, threshold=0.0).find(pyramid, SIZE)
    lowered = Sam3(network, prompts, threshold=0.0, precision=torch.bfloat16)
    rough = lowered.find(pyramid, SIZE)
    assert rough.scores.dtype == np.float32
    assert 0 < np.abs(rough.scores - exact.scores).mean() < 0.02
    assert (rough.pixels != exact.pixels).mean() < 0.1


def test_prompts_are_padded_alike_and_encoded_apart(folder, network, prompts):
    tokenizer = load_tokenizer('CLIPTokenizer', folder)
    assert prompts.tokens.shape == (39, 32, WIDTH)
    assert (~prompts.is_word).any()
    assert prompts.classes[0] == 1
    alone = tokenizer(['concrete barrier'], return_tensors='pt')
    encoded = network.get_text_features(**alone).pooler_output[0]
    count = len(encoded)
    torch.testing.assert_close(prompts.tokens[1, :count], encoded, atol=1e-5, rtol=0)
    assert prompts.is_word[1].sum() == count
    assert len(encode_prompts(network, tokenizer, KITTI).tokens) == 37


def test_a_tokenizer_of_another_network_is_refused(folder, network):
    def tokenizer(words, **how):
        written = load_tokenizer('CLIPTokenizer', folder)(words, **how)
        written['input_ids'] += 1000
        return written

    with pytest.raises(ValueError, match=r'tokenizer: expected words below 56, got 10\d\d'):
        encode_prompts(network, tokenizer, OCC3D)


def test_a_class_set_without_prompts_is_refused(folder, network):
    silent = replace(OCC3D, prompts=((),) * OCC3D.count)
    with pytest.raises(ValueError, match='class set occ3d: expected prompts'):
        encode_prompts(network, load_tokenizer('CLIPTokenizer', folder), silent)


@pytest.mark.slow
@pytest.mark.parametrize('edge', [37, 72], ids=['distilled', 'pretrained'])
def test_the_released_size_finds_what_the_whole_network_finds(edge):
    drawn = torch.Generator().manual_seed(6)
    with torch.device('meta'):
        whole = transformers.Sam3Model(transformers.Sam3Config())
    whole.vision_encoder = whole.text_encoder = None
    whole = whole.to_empty(device='cpu').eval()
    spread(whole)
    width = whole.config.detr_encoder_config.hidden_size
    prompts = EncodedPrompts(
        tokens=torch.randn(2, 32, width, generator=drawn),
        is_word=torch.arange(32) < torch.tensor([[4], [6]]),
        classes=np.array([1, 2], np.uint8),
    )
    pyramid = tuple(
        torch.randn(width, scale * edge, scale * edge, generator=drawn) for scale in (4, 2, 1)
    )
    coarse = pyramid[-1][None]
    part = whole.geometry_encoder
    with torch.inference_mode():
        token = geometry_token(
            part, coarse, part.position_encoding(coarse.shape, 'cpu', torch.float32)
        )
    scores, masks = library_answer(whole, prompts, pyramid, boxes=False, extra=token)
    threshold = middle_of(scores)
    found = Sam3(whole, prompts, threshold=threshold).find(pyramid, SIZE)
    wanted_masks, wanted_scores, _ = found_by_library(scores, masks, threshold)
    assert len(wanted_scores) > 0
    np.testing.assert_allclose(found.scores, wanted_scores, atol=1e-5)
    assert (found.pixels != wanted_masks).mean() < 1e-3
