"""Channels gathered at the winners against maps of everything."""

from occany_ros.models import conditioning
from occany_ros.models.conditioning import (
    channels_at,
    conditioning_maps,
    nearest_pixels,
    ray_map_tokens,
    seen_pixels,
)
from occany_ros.models.config import RAY_MAP_CHANNELS, RayMapConfig
from occany_ros.models.ray_maps import RayMapEncoder
import pytest
import torch
from torch.nn.functional import interpolate

HEIGHT, WIDTH, VIEWS = 32, 48, 3


def known(seed=1):
    """Make up three seen views of points scattered ahead."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(VIEWS, HEIGHT, WIDTH, 3, generator=generator)
    points = points * torch.tensor([4.0, 2.0, 5.0]) + torch.tensor([0.0, 0.0, 6.0])
    images = torch.rand(VIEWS, 3, HEIGHT, WIDTH, generator=generator) * 2 - 1
    confidence = 1 + torch.rand(VIEWS, HEIGHT, WIDTH, generator=generator)
    features = [
        torch.randn(VIEWS, c, e, e, generator=generator) for c, e in ((256, 8), (64, 16), (32, 32))
    ]
    return images, points, confidence, features, torch.tensor(30.0)


def poses():
    result = torch.eye(4).repeat(4, 1, 1)
    result[1:, :3, 3] = torch.tensor([[0.5, 0.1, 1.0], [-2.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    result[3, 0, 0] = result[3, 2, 2] = -1.0  # looks back, where little is
    return result


def literal_maps(images, points, confidence, features, nearest, world_from_camera):
    """Spec, section 8: a table of all channels of all source pixels, read pixel by pixel."""
    resized = [
        interpolate(x, (HEIGHT, WIDTH), mode='bilinear', align_corners=False) for x in features
    ]
    table = torch.cat(
        (points.movedim(-1, 1), images, confidence.unsqueeze(1) - 1, *resized), dim=1
    )
    table = table.movedim(1, -1).reshape(-1, table.shape[1])
    maps = torch.zeros(len(nearest), 362, HEIGHT, WIDTH)
    for r, row, column in (nearest >= 0).nonzero().tolist():
        source = table[nearest[r, row, column]]
        rotation, position = world_from_camera[r, :3, :3], world_from_camera[r, :3, 3]
        maps[r, :3, row, column] = rotation.T @ source[:3] - rotation.T @ position
        maps[r, 3:, row, column] = source
    return maps


def encoder():
    generator = torch.Generator().manual_seed(2)
    network = RayMapEncoder(RayMapConfig(encoder_width=40, width=24, part_width=16))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def literal_tokens(network, maps):
    pieces = maps.split(list(RAY_MAP_CHANNELS.values()), dim=1)
    embedded = [
        network.get_submodule(kind)(piece).flatten(2).mT
        for kind, piece in zip(RAY_MAP_CHANNELS, pieces, strict=True)
    ]
    return network.norm(network.projection(network.mix(torch.cat(embedded, dim=-1))))


def test_gathers_what_the_full_maps_hold():
    everything = known()
    seen = seen_pixels(*everything)
    nearest = nearest_pixels(seen, poses())
    shown = (nearest >= 0).float().mean(dim=(1, 2)).tolist()
    assert shown[0] > 0.3 > shown[3] > 0
    expected = literal_maps(*everything[:4], nearest, poses())
    maps = conditioning_maps(seen, nearest, poses())
    torch.testing.assert_close(maps, expected, atol=1e-5, rtol=0)
    assert bool((maps.movedim(1, -1)[nearest < 0] == 0).all())


@pytest.mark.parametrize('budget', [1, 1 << 22, 1 << 30])
def test_tokens_agree_with_convolved_full_maps(monkeypatch, budget):
    monkeypatch.setitem(conditioning.PATCH_BYTES, 'cpu', budget)
    everything, network = known(), encoder()
    seen = seen_pixels(*everything)
    nearest = nearest_pixels(seen, poses())
    nearest[2] = -1  # a view that shows nothing
    nearest[1, :16, 16:32] = -1
    with torch.inference_mode():
        expected = literal_tokens(network, literal_maps(*everything[:4], nearest, poses()))
        tokens = ray_map_tokens(network, seen, nearest, poses())
        torch.testing.assert_close(tokens, expected, atol=2e-5, rtol=0)
        assert torch.equal(tokens[2], network.nothing().expand_as(tokens[2]))
        assert torch.equal(tokens[1, 1], network.nothing())


def test_views_on_which_nothing_shows_at_all_are_encoded_too():
    images, points, confidence, features, focal = known()
    network = encoder()
    behind = poses()[3:]  # nothing shows on any patch
    with torch.inference_mode():
        seen = seen_pixels(images, points.abs(), confidence, features, focal, torch.float32)
        nearest = nearest_pixels(seen, behind)
        assert not bool((nearest >= 0).any())
        tokens = ray_map_tokens(network, seen, nearest, behind)
        assert torch.equal(tokens, network.nothing().expand(1, 6, -1))


def test_what_nothing_shows_is_zero_even_beside_broken_points():
    images, points, confidence, features, focal = known()
    points[0, 0, 0] = float('nan')
    seen = seen_pixels(images, points, confidence, features, focal)
    nearest = nearest_pixels(seen, poses())
    assert not bool((nearest == 0).any())
    maps = conditioning_maps(seen, nearest, poses())
    assert bool(maps.isfinite().all())


def test_features_keep_the_type_they_are_asked_in():
    everything = known()
    full, half = (seen_pixels(*everything, dtype=x) for x in (torch.float32, torch.bfloat16))
    nearest = nearest_pixels(full, poses()).flatten(1)[:, ::7]
    for exact, rounded in zip(
        channels_at(full, nearest, poses()), channels_at(half, nearest, poses()), strict=True
    ):
        is_feature = exact.shape[-1] >= 32
        assert rounded.dtype == (torch.bfloat16 if is_feature else torch.float32)
        torch.testing.assert_close(
            rounded.float(), exact, atol=0.05 if is_feature else 0.0, rtol=0
        )
