"""Plain MUSt3R in the code of OccAny: a token is a patch, and a patch tells points only."""

from occany_ros.layers.embedding import grid_positions, rotary_table
from occany_ros.models.config import DecoderConfig
from occany_ros.models.views import Views
import pytest
import torch
from torch.nn.functional import layer_norm, scaled_dot_product_attention

GRID = (2, 3)


def attended(query, key, value, heads):
    split = [x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (query, key, value)]
    return scaled_dot_product_attention(*split).transpose(0, 1).flatten(1)


def literal_block(block, x, seen, turn):
    """One block for the patches (n, d) of one view, equation by equation."""
    heads = block.attention.heads
    query, key, value = block.attention.query_key_value(block.norm_attention(x)).chunk(3, dim=-1)
    x = x + block.attention.output(attended(turn(query), turn(key), value, heads))
    read = block.cross_attention
    y = block.norm_memory(seen)
    query = read.query(block.norm_query(x))
    x = x + read.output(attended(query, read.key(y), read.value(y), heads))
    return x + block.mlp(block.norm_mlp(x))


def literal_memory(decoder, views, turn):
    """Block inputs that a joint call for some encoded views remembers, [layer][view] (n, d)."""
    states = [decoder.projection(view) for view in views]
    states = [states[0], *(x + decoder.later_view[0, 0] for x in states[1:])]
    inputs = []
    for block in decoder.blocks:
        inputs.append(states)
        states = [
            literal_block(block, x, torch.cat([y for y in states if y is not x] or [x]), turn)
            for x in states
        ]
    norm = decoder.feedback_norm
    offsets = [
        decoder.feedback(layer_norm(x, x.shape[-1:], norm.weight, norm.bias, 1e-5))
        for x in inputs[-1]
    ]
    return [
        [x + offset for x, offset in zip(layer, offsets, strict=True)] for layer in inputs[:-1]
    ] + [inputs[-1]]


@pytest.fixture
def decoder(small_must3r):
    return small_must3r.decoder


def tokens(views, seed=21):
    return torch.randn(1, views, 6, 64, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
@pytest.mark.parametrize('count', [1, 2, 3])
@pytest.mark.parametrize('shift', [0, 1], ids=['places from 0', 'places from 1'])
def test_memory_and_render_equal_the_literal_reference(decoder, count, shift):
    table = rotary_table(grid_positions(*GRID) + shift, decoder.head_width)
    heads = decoder.blocks[0].attention.heads

    def turn(x):
        return (
            table(x.unflatten(-1, (heads, -1)).transpose(0, 1)[None])[0].transpose(0, 1).flatten(1)
        )

    x = tokens(count)
    inputs = literal_memory(decoder, list(x[0]), turn)
    memory = decoder.remember(None, x, GRID)
    assert memory.view_of_token.tolist() == [view for view in range(count) for _ in range(6)]
    rendered = decoder.render(memory, x, GRID)
    assert rendered.shape == (1, count, 6, 48)
    for view in range(count):
        state = decoder.projection(x[0, view]) + decoder.later_view[0, 0]
        for block, views in zip(decoder.blocks, inputs, strict=True):
            state = literal_block(block, state, torch.cat(views), turn)
        torch.testing.assert_close(rendered[0, view], decoder.norm(state), atol=2e-4, rtol=1e-4)


def test_nothing_that_came_with_occany_is_there(small_must3r, small_occany):
    ours, theirs = small_must3r.state_dict(), small_occany.state_dict()
    assert {name: x.shape for name, x in ours.items()}.items() <= {
        name: x.shape for name, x in theirs.items()
    }.items()
    extra = {name for name in theirs if name not in ours}
    words = ('pose', 'injection', 'task', 'colour', 'feature')
    assert extra
    assert all(any(word in name for word in words) for name in extra)
    assert not any(any(word in name for word in words) for name in ours)


def test_points_and_registered_poses_without_features(small_must3r):
    generator = torch.Generator().manual_seed(4)
    views = Views(
        images=torch.rand(3, 3, 32, 48, generator=generator) * 2 - 1,
        cameras=('front',) * 3,
        stamps_ns=(0, 1, 2),
        intrinsics=torch.full((3, 3, 3), float('nan')),
        base_from_camera=torch.full((3, 4, 4), float('nan')),
    )
    encoded = small_must3r.encode(views)
    prediction = small_must3r.render(small_must3r.remember(None, encoded), encoded)
    assert prediction.world_points.shape == (3, 32, 48, 3)
    assert bool((prediction.confidence > 1).all())
    assert prediction.features == ()
    turns = prediction.world_from_camera[:, :3, :3]
    torch.testing.assert_close(turns @ turns.mT, torch.eye(3).expand(3, 3, 3), atol=1e-5, rtol=0)


def test_unknown_family_is_refused():
    with pytest.raises(ValueError, match=r"decoder\.family: expected 'occany' or 'must3r', got"):
        DecoderConfig(family='dust3r')
