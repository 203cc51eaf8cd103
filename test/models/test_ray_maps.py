"""Seven convolutions, two linear layers and a normalisation against their one-step form."""

from occany_ros.models.config import PATCH, RAY_MAP_CHANNELS, RayMapConfig
from occany_ros.models.ray_maps import RayMapEncoder
import pytest
import torch
from torch.nn.functional import unfold

SMALL = RayMapConfig(encoder_width=40, width=24, part_width=16)


def encoder(seed=3):
    generator = torch.Generator().manual_seed(seed)
    network = RayMapEncoder(SMALL)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def literal(network, maps):
    """Spec, section 9, with every layer as it stands: (r, 362, h, w) to (r, n, d)."""
    pieces = maps.split(list(RAY_MAP_CHANNELS.values()), dim=1)
    embedded = [
        network.get_submodule(kind)(piece).flatten(2).mT
        for kind, piece in zip(RAY_MAP_CHANNELS, pieces, strict=True)
    ]
    return network.norm(network.projection(network.mix(torch.cat(embedded, dim=-1))))


def in_patches(maps):
    """Cut maps (r, 362, h, w) into patches by kind, (r n, 256, c)."""
    pieces = maps.split(list(RAY_MAP_CHANNELS.values()), dim=1)
    return [
        unfold(x, PATCH, stride=PATCH).mT.reshape(-1, x.shape[1], PATCH * PATCH).mT.contiguous()
        for x in pieces
    ]


def conditioning(seed=5):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(2, sum(RAY_MAP_CHANNELS.values()), 32, 48, generator=generator)
    maps[:, :, :16, 16:32] = 0.0  # one patch on which nothing falls
    return maps


def test_one_step_agrees_with_the_layers():
    network, maps = encoder(), conditioning()
    with torch.inference_mode():
        expected = literal(network, maps)
        ours = network(in_patches(maps)).reshape(expected.shape)
        torch.testing.assert_close(ours, expected, atol=2e-5, rtol=0)
        torch.testing.assert_close(network.nothing(), expected[0, 1], atol=2e-5, rtol=0)
        assert torch.equal(network.nothing(), ours[1, 1])
        # Made once: the second call finds the same weights, laid out anew or not.
        assert torch.equal(network(in_patches(maps)).reshape(expected.shape), ours)


def test_follows_its_weights():
    network, maps = encoder(), conditioning()
    network(in_patches(maps))
    network.load_state_dict(encoder(seed=8).state_dict())
    with torch.inference_mode():
        ours = network(in_patches(maps))
        torch.testing.assert_close(ours, literal(network, maps).flatten(0, 1), atol=2e-5, rtol=0)
    kept = encoder(seed=8).state_dict()
    assert kept.keys() == network.state_dict().keys()
    assert all(torch.equal(x, kept[name]) for name, x in network.state_dict().items())


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_stays_near(dtype):
    network, maps = encoder(), conditioning()
    patches = in_patches(maps)
    with torch.inference_mode():
        full = network(patches)
        half = network([*patches[:4], *(x.to(dtype) for x in patches[4:])])
    assert half.dtype == torch.float32
    error = (half - full).abs().max() / full.abs().max()
    assert 0 < error < 0.02


def test_layers_are_multiplied_once_for_each_type(monkeypatch):
    network, maps = encoder(), conditioning()
    made, multiplied = [], network._multiplied

    def counting(*arguments):
        made.append(arguments[1])
        return multiplied(*arguments)

    monkeypatch.setattr(network, '_multiplied', counting)
    patches = in_patches(maps)
    with torch.inference_mode():
        for _ in range(2):
            network([*patches[:4], *(x.to(torch.bfloat16) for x in patches[4:])])
            network.nothing()
    assert made == [torch.bfloat16, torch.float32]
