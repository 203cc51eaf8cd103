"""Novel views of a network against the same thing done the long way round."""

from dataclasses import replace
import math

from occany_ros.models.conditioning import conditioning_maps, nearest_pixels, seen_pixels
from occany_ros.models.config import (
    DecoderConfig,
    EncoderConfig,
    OccAnyConfig,
    RAY_MAP_CHANNELS,
    RayMapConfig,
)
from occany_ros.models.novel_batch import even_groups, full_groups, views_that_fit
from occany_ros.models.occany import OccAny
from occany_ros.models.postprocess import point_maps
from occany_ros.models.prediction import NovelViewRenderer
from occany_ros.models.views import Views
import pytest
import torch

SMALL = OccAnyConfig(
    encoder=EncoderConfig(width=64, depth=2, heads=2),
    decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
    ray_maps=RayMapConfig(encoder_width=64, width=24, part_width=16),
)
HEIGHT, WIDTH = 32, 48


def network(config=SMALL, seed=9, **options):
    generator = torch.Generator().manual_seed(seed)
    made = OccAny(config, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return made.eval()


def street(tokens_of, count=3, seed=4):
    """Tokens of random images, their memory, and a plausible scene as what they showed."""
    generator = torch.Generator().manual_seed(seed)
    nothing = torch.full((count, 4, 4), float('nan'))
    views = Views(
        images=torch.rand(count, 3, HEIGHT, WIDTH, generator=generator) * 2 - 1,
        cameras=('front',) * count,
        stamps_ns=tuple(range(count)),
        intrinsics=nothing[:, :3, :3],
        base_from_camera=nothing,
    )
    tokens = tokens_of.encode(views)
    memory = tokens_of.remember(None, tokens)
    seen = tokens_of.render(memory, tokens)
    rows, columns = torch.meshgrid(
        (torch.arange(HEIGHT) - HEIGHT / 2) / 30,
        (torch.arange(WIDTH) - WIDTH / 2) / 30,
        indexing='ij',
    )
    rays = torch.stack((columns, rows, torch.ones_like(rows)), dim=-1)
    depth = 5 + 10 * torch.rand(count, HEIGHT, WIDTH, 1, generator=generator)
    steps = torch.arange(count)[:, None, None, None] * torch.tensor([0.0, 0.0, 1.5])
    seen = replace(seen, world_points=rays * depth + steps, focal=torch.full((count,), 30.0))
    return tokens, memory, seen


def poses(count=7):
    result = torch.eye(4).repeat(count, 1, 1)
    for index in range(count):
        angle = 0.3 * (index - count // 2)
        c, s = math.cos(angle), math.sin(angle)
        result[index, :3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        result[index, 2, 3] = 0.7 * index
    return result


def literal(made, memory, tokens, seen, world_from_camera):
    """Sections 8 to 10 of the spec, one view at a time, with whole maps and whole heads."""
    images = torch.stack([entry.image for entry in tokens])
    pixels = seen_pixels(images, seen.world_points, seen.confidence, seen.features, seen.focal[0])
    encoder, grid = made.ray_maps, tokens[0].grid
    points, confidence, features = [], [], []
    for pose in world_from_camera:
        nearest = nearest_pixels(pixels, pose.unsqueeze(0))
        maps = conditioning_maps(pixels, nearest, pose.unsqueeze(0))
        pieces = maps.split(list(RAY_MAP_CHANNELS.values()), dim=1)
        embedded = [
            encoder.get_submodule(kind)(piece).flatten(2).mT
            for kind, piece in zip(RAY_MAP_CHANNELS, pieces, strict=True)
        ]
        known = encoder.norm(encoder.projection(encoder.mix(torch.cat(embedded, dim=-1))))
        decoded = made.novel_decoder.render(memory, known.unsqueeze(0), grid)
        answer = point_maps(
            made.novel_heads.points(decoded, grid)[0], made.config.decoder.activation
        )
        points.append(answer.world_points)
        confidence.append(answer.confidence)
        features.append([x[0] for x in made.novel_heads.features(decoded, grid)])
    return (
        torch.cat(points),
        torch.cat(confidence),
        [torch.cat(x) for x in zip(*features, strict=True)],
    )


@pytest.mark.parametrize('activation', ['linear', 'norm_exp'])
def test_agrees_with_whole_maps_and_whole_heads(activation):
    config = replace(SMALL, decoder=replace(SMALL.decoder, activation=activation))
    made = network(config)
    assert isinstance(made, NovelViewRenderer)
    tokens, memory, seen = street(made)
    made.novel_features = True
    novel = made.render_novel(memory, tokens, seen, poses())
    with torch.inference_mode():
        points, confidence, features = literal(made, memory, tokens, seen, poses())
    torch.testing.assert_close(novel.world_points, points, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(novel.confidence, confidence, atol=1e-4, rtol=1e-4)
    for ours, expected in zip(novel.features, features, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(novel.world_from_camera, poses())
    assert novel.focal.tolist() == [30.0] * 7
    assert novel.labels is None


@pytest.mark.parametrize('at_once', [1, 3, 7, 50])
def test_groups_do_not_change_the_result(at_once):
    made = network()
    tokens, memory, seen = street(made)
    expected = made.render_novel(memory, tokens, seen, poses())
    made.views_at_once = at_once
    novel = made.render_novel(memory, tokens, seen, poses())
    torch.testing.assert_close(novel.world_points, expected.world_points, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(novel.confidence, expected.confidence, atol=1e-5, rtol=1e-5)
    assert novel.features == ()


def test_depends_on_what_was_seen_and_remembered():
    made = network()
    tokens, memory, seen = street(made)
    novel = made.render_novel(memory, tokens, seen, poses())
    elsewhere = replace(seen, world_points=seen.world_points + 1.0)
    moved = made.render_novel(memory, tokens, elsewhere, poses())
    assert (moved.world_points - novel.world_points).abs().max() > 1e-3
    shorter = made.remember(None, tokens[:2])
    forgetful = made.render_novel(shorter, tokens, seen, poses())
    assert (forgetful.world_points - novel.world_points).abs().max() > 1e-3


def test_half_precision_stays_near():
    exact, rounded = network(), network(precision=torch.bfloat16)
    tokens, memory, seen = street(exact)
    expected = exact.render_novel(memory, tokens, seen, poses())
    _, rounded_memory, _ = street(rounded)
    novel = rounded.render_novel(rounded_memory, tokens, seen, poses())
    assert novel.world_points.dtype == torch.float32
    error = (novel.world_points - expected.world_points).abs().mean()
    assert 0 < error / expected.world_points.abs().mean() < 0.05


def test_no_views_are_wanted():
    made = network()
    tokens, memory, seen = street(made)
    novel = made.render_novel(memory, tokens, seen, poses()[:0])
    assert novel.world_points.shape == (0, HEIGHT, WIDTH, 3)
    assert novel.confidence.shape == (0, HEIGHT, WIDTH)


def test_reconstruction_stage_says_what_is_missing():
    made = network(replace(SMALL, ray_maps=None))
    tokens, memory, seen = street(made)
    with pytest.raises(ValueError, match='rendering stage'):
        made.render_novel(memory, tokens, seen, poses())


def test_groups_are_even_and_fit():
    assert list(even_groups(10, 4)) == [(0, 3), (3, 6), (6, 10)]
    assert list(even_groups(0, 4)) == []
    assert list(full_groups(10, 4)) == [(0, 4), (4, 8), (8, 10)]
    assert list(full_groups(3, 0)) == [(0, 3)]
    assert list(full_groups(0, 0)) == list(full_groups(0, 4)) == []
    device = torch.device('cpu')
    assert views_that_fit(10**12, device) == 1
    assert views_that_fit(160 * 512, device) > views_that_fit(288 * 512, device) > 1
