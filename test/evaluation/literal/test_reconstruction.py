"""The fast reconstruction answers what the literal schedule answers, saving by saving."""

from occany_ros.evaluation.literal.decoder import LiteralMemory, observe, render
from occany_ros.evaluation.literal.reconstruction import encoded, reconstruct
from occany_ros.evaluation.parity.deterministic import fill
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
from occany_ros.models.views import Views
import pytest
import torch

GRID = (3, 4)
TOLERANCE = 1e-5


@pytest.fixture(scope='module')
def network():
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=2, heads=2),
        decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
    )
    made = OccAny(config).eval()
    for name in ('encoder', 'decoder', 'heads'):
        fill(getattr(made, name), name, 0.05)
    return made


@pytest.fixture(scope='module')
def images():
    generator = torch.Generator().manual_seed(4)
    return torch.rand(5, 3, 48, 64, generator=generator) * 2 - 1


def views_of(images):
    nothing = torch.full((len(images), 4, 4), float('nan'))
    return Views(
        images=images,
        cameras=('front',) * len(images),
        stamps_ns=tuple(range(len(images))),
        intrinsics=nothing[:, :3, :3],
        base_from_camera=nothing,
    )


def agree(fast, literal, tolerance=TOLERANCE):
    """Compare as the golden files are compared: relative to the greatest value, at least one."""
    error = float((fast - literal).abs().max())
    assert error <= tolerance * max(1.0, float(literal.abs().max())), error


@torch.inference_mode()
def test_encoder(network, images):
    agree(network.encoder(images), encoded(network.encoder, images))


@torch.inference_mode()
def test_memory_pass_without_heads_and_last_block(network, images):
    tokens = network.encoder(images)
    fast, literal = None, None
    for group in ([0, 1], [2], [3, 4]):
        fast = network.decoder.remember(fast, tokens[None, group], GRID)
        literal, _ = observe(network.decoder, literal, tokens[group], GRID)
    assert fast.num_views == literal.views == 5
    for ours, theirs in zip(fast.layers, literal.layers, strict=True):
        agree(ours[0], theirs)


@torch.inference_mode()
def test_views_folded_into_the_queries_of_one_memory(network, images):
    tokens = network.encoder(images)
    memory = network.decoder.remember(None, tokens[None, :2], GRID)
    copied = LiteralMemory(tuple(layer[0] for layer in memory.layers), 2)
    agree(
        network.decoder.render(memory, tokens[None], GRID)[0],
        render(network.decoder, copied, tokens, GRID),
    )


@torch.inference_mode()
@pytest.mark.parametrize('count', [1, 2, 5])
def test_reconstruction(network, images, count):
    literal = reconstruct(network, images[:count])
    tokens = network.encode(views_of(images[:count]))
    fast = network.render(network.remember(None, tokens), tokens)
    assert float(fast.world_points.std()) > 0.01
    agree(fast.world_points, literal.seen.maps.world_points)
    agree(fast.local_points, literal.seen.maps.local_points)
    agree(fast.confidence, literal.seen.maps.confidence)
    for ours, theirs in zip(fast.features, literal.seen.features, strict=True):
        agree(ours, theirs)
    agree(network.heads.poses(literal_decoded(network, literal)), literal.seen.poses)


def literal_decoded(network, scene):
    return render(network.decoder, scene.memory, scene.tokens, GRID)[None]


@torch.inference_mode()
def test_literal_reconstruction_runs_what_it_throws_away(network, images, monkeypatch):
    from occany_ros.evaluation.literal import reconstruction

    calls = []
    real = reconstruction.outputs

    def counting(*arguments):
        calls.append(len(arguments[1]))
        return real(*arguments)

    monkeypatch.setattr(reconstruction, 'outputs', counting)
    reconstruct(network, images)
    assert calls == [2, 1, 1, 1, 5]
