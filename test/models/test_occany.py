"""The three verbs, the schedule, and what a reconstruction promises."""

from dataclasses import replace
import re

from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
from occany_ros.models.occany import groups, OccAny
from occany_ros.models.views import Views
import pytest
import torch

SMALL = OccAnyConfig(
    encoder=EncoderConfig(width=64, depth=2, heads=2),
    decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
)


def views(count, height=32, width=48, seed=11):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 3, height, width, generator=generator) * 2 - 1
    nothing = torch.full((count, 4, 4), float('nan'))
    return Views(
        images=images,
        cameras=('front',) * count,
        stamps_ns=tuple(range(count)),
        intrinsics=nothing[:, :3, :3],
        base_from_camera=nothing,
    )


@pytest.mark.parametrize('count', [1, 2, 5])
def test_reconstruction_has_the_promised_shapes(small_occany, count):
    tokens = small_occany.encode(views(count))
    assert len(tokens) == count
    prediction = small_occany.render(small_occany.remember(None, tokens), tokens)
    assert prediction.world_points.shape == (count, 32, 48, 3)
    assert prediction.local_points.shape == (count, 32, 48, 3)
    assert prediction.confidence.shape == (count, 32, 48)
    assert bool((prediction.confidence > 1).all())
    assert prediction.world_from_camera.shape == (count, 4, 4)
    assert prediction.focal.shape == (count,)
    assert len(set(prediction.focal.tolist())) == 1
    assert prediction.labels is None
    assert [tuple(x.shape) for x in prediction.features] == [
        (count, 256, 4, 4),
        (count, 64, 8, 8),
        (count, 32, 16, 16),
    ]
    turns = prediction.world_from_camera[:, :3, :3]
    torch.testing.assert_close(
        turns @ turns.mT, torch.eye(3).expand(count, 3, 3), atol=1e-5, rtol=0
    )


def test_views_are_encoded_independently(small_occany):
    both = views(2)
    alone = Views(
        both.images[1:], ('front',), (1,), both.intrinsics[1:], both.base_from_camera[1:]
    )
    together = small_occany.encode(both)
    torch.testing.assert_close(together[1].tokens, small_occany.encode(alone)[0].tokens)
    assert together[0].grid == (2, 3)


def test_memory_grows_exactly_as_if_built_at_once(small_occany):
    tokens = small_occany.encode(views(4))
    at_once = small_occany.remember(None, tokens)
    grown = small_occany.remember(small_occany.remember(None, tokens[:2]), tokens[2:])
    assert all(torch.equal(a, b) for a, b in zip(at_once.layers, grown.layers, strict=True))
    monocular = small_occany.remember(None, tokens[:1])
    different = small_occany.remember(monocular, tokens[1:])
    assert not torch.allclose(at_once.layers[1], different.layers[1])


def test_schedule():
    assert groups(1, is_empty=True) == [(0, 1)]
    assert groups(2, is_empty=True) == [(0, 2)]
    assert groups(5, is_empty=True) == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert groups(2, is_empty=False) == [(0, 1), (1, 2)]


def test_images_of_any_multiple_of_the_patch(small_occany):
    for height, width in ((16, 16), (48, 32)):
        tokens = small_occany.encode(views(2, height, width))
        prediction = small_occany.render(small_occany.remember(None, tokens), tokens)
        assert prediction.confidence.shape == (2, height, width)


def test_unusable_input_is_refused(small_occany):
    with pytest.raises(ValueError, match='multiples of 16, got 32 x 50'):
        small_occany.encode(views(1, 32, 50))
    with pytest.raises(ValueError, match='at least one view, got none'):
        small_occany.remember(None, [])
    mixed = small_occany.encode(views(1)) + small_occany.encode(views(1, 16, 16))
    with pytest.raises(ValueError, match='views of one size'):
        small_occany.remember(None, mixed)


def test_half_precision_stays_close_and_answers_in_full_precision(small_occany):
    half = OccAny(small_occany.config, precision=torch.bfloat16)
    half.load_state_dict(small_occany.state_dict())
    results = []
    for network in (small_occany, half.eval()):
        tokens = network.encode(views(2))
        results.append(network.render(network.remember(None, tokens), tokens))
    full, rough = results
    assert rough.world_points.dtype == torch.float32
    error = (rough.confidence.log() - full.confidence.log()).abs().mean()
    assert 0 < float(error) < 0.2 * float(full.confidence.log().std() + 1)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'encoder\.heads: expected a divisor of the width 64'):
        EncoderConfig(width=64, heads=5)
    with pytest.raises(ValueError, match=r"decoder\.activation: expected 'linear' or 'norm_exp'"):
        DecoderConfig(activation='relu')
    with pytest.raises(ValueError, match=r'decoder\.encoder_width: expected the encoder width 64'):
        OccAnyConfig(encoder=EncoderConfig(width=64, heads=2))


def test_rendering_stage_keeps_no_weight_that_nobody_reads():
    network = OccAny(replace(SMALL, ray_maps=RayMapConfig(encoder_width=64, width=24)))
    reconstruction = OccAny(SMALL)
    assert reconstruction.ray_maps is None
    assert reconstruction.novel_decoder is None
    assert reconstruction.novel_heads is None
    novel = {
        name.removeprefix('novel_')
        for name, _ in network.named_parameters()
        if name.startswith('novel_')
    }
    written = (
        r'decoder\.feedback|decoder\.blocks\.\d+\.(norm_memory|cross_attention\.(key|value))'
        r'|heads\.pose\.'
    )
    expected = {
        name
        for name, _ in reconstruction.named_parameters()
        if not name.startswith('encoder.') and not re.match(written, name)
    }
    assert novel == expected
