"""The transformer against a literal writing of the spec, above all where no golden file is."""

from occany_ros.models.plus.backbone import Backbone
from occany_ros.models.plus.config import BackboneConfig, PATCH, TABLE_EDGE
import pytest
import torch
from torch.nn.functional import gelu, layer_norm, silu

WIDTH, HEADS, HIDDEN = 128, 2, 96
GRID = (2, 3)
EVEN_FIRST = BackboneConfig(WIDTH, 8, HEADS, HIDDEN, False, 4, (4, 5, 6, 7))
GATED_ODD_FIRST = BackboneConfig(WIDTH, 8, HEADS, HIDDEN, True, 3, (3, 5, 6, 7))


def made(config):
    torch.manual_seed(1)
    backbone = Backbone(config).eval().double()
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.normal_(std=parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.5)
    return backbone


def literal_turn(x, places):
    """Turn (n, 64): the first 32 channels by the row, the others by the column."""
    turned = x.clone()
    for token, place in enumerate(places):
        for half in range(2):
            for k in range(16):
                angle = torch.tensor(place[half] * 100.0 ** (-2 * k / 32))
                first, second = 32 * half + k, 32 * half + k + 16
                a, b = x[token, first], x[token, second]
                turned[token, first] = a * angle.cos() - b * angle.sin()
                turned[token, second] = b * angle.cos() + a * angle.sin()
    return turned


def literal_block(block, x, places, config):
    """Run a block on one set of tokens (n, d) as section 3.4 of the spec says it."""
    attention, mlp = block.attention, block.mlp
    y = layer_norm(x, (WIDTH,), block.norm_attention.weight, block.norm_attention.bias, 1e-6)
    query, key, value = attention.query_key_value(y).split(WIDTH, dim=1)
    heads = []
    for head in range(HEADS):
        part = slice(64 * head, 64 * head + 64)
        q, k = query[:, part], key[:, part]
        if places is not None:
            norms = attention.query_norm, attention.key_norm
            q, k = (
                layer_norm(z, (64,), norm.weight, norm.bias, 1e-5)
                for z, norm in zip((q, k), norms, strict=True)
            )
            q, k = literal_turn(q, places), literal_turn(k, places)
        heads.append((q @ k.T / 8).softmax(dim=1) @ value[:, part])
    x = x + block.scale_attention * attention.output(torch.cat(heads, dim=1))
    y = mlp.expand(layer_norm(x, (WIDTH,), block.norm_mlp.weight, block.norm_mlp.bias, 1e-6))
    y = silu(y[:, :HIDDEN]) * y[:, HIDDEN:] if config.is_gated else gelu(y)
    return x + block.scale_mlp * mlp.contract(y)


def literal_taps(backbone, images):
    """Answer what the heads read, one list of views a tap, by section 3.3 of the spec."""
    config, rows, columns = backbone.config, *GRID
    views = list(backbone.embed(images))
    local = list(views)
    inside = [(0, 0)] + [(r + 1, c + 1) for r in range(rows) for c in range(columns)]
    outside = [(0, 0)] + [(1, 1)] * (rows * columns)
    taps = []
    for index, block in enumerate(backbone.blocks):
        is_turned = index >= config.first_turned
        if index == config.first_turned:
            for number, view in enumerate(views):
                camera = backbone.camera_tokens[:, min(number, 1)]
                views[number] = torch.cat((camera, view[1:]))
        if is_turned and index % 2:
            whole = literal_block(block, torch.cat(views), outside * len(views), config)
            views = list(whole.chunk(len(views)))
        else:
            places = inside if is_turned else None
            views = [literal_block(block, view, places, config) for view in views]
            local = list(views)
        if index in config.taps:
            norm = backbone.norm
            taps.append(
                [
                    torch.cat((own, layer_norm(x, (WIDTH,), norm.weight, norm.bias, 1e-5)), 1)[1:]
                    for own, x in zip(local, views, strict=True)
                ]
            )
    return taps


@pytest.mark.parametrize('config', [EVEN_FIRST, GATED_ODD_FIRST], ids=['plain', 'gated'])
@torch.inference_mode()
def test_agrees_with_the_spec_word_by_word(config):
    backbone = made(config)
    backbone.norm.float()
    images = torch.randn(3, 3, GRID[0] * PATCH, GRID[1] * PATCH, dtype=torch.float64)
    alone = backbone.alone(backbone.embed(images), GRID)
    stream = backbone.joined(alone[None])
    _, taps = backbone.together(stream, GRID, config.first_turned, config.depth)
    backbone.norm.double()
    for ours, literal in zip(taps, literal_taps(backbone, images), strict=True):
        torch.testing.assert_close(ours[0].double(), torch.stack(literal), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_run_may_be_cut_anywhere():
    backbone = made(EVEN_FIRST).float()
    start = backbone.joined(torch.randn(1, 2, 7, WIDTH))
    end, taps = backbone.together(start, GRID, 4, 8)
    for cut in (5, 6, 7):
        middle, early = backbone.together(start, GRID, 4, cut)
        last, late = backbone.together(middle, GRID, cut, 8)
        torch.testing.assert_close(last.tokens, end.tokens)
        torch.testing.assert_close(last.local, end.local)
        torch.testing.assert_close(torch.stack(early + late), torch.stack(taps))


@pytest.mark.parametrize('wanted', [1, 2, 3])
@pytest.mark.parametrize('end', [5, 6, 7, 8])
@torch.inference_mode()
def test_views_nobody_wants_are_looked_at_and_no_more(end, wanted):
    backbone = made(EVEN_FIRST)
    backbone.norm.float()
    start = backbone.joined(torch.randn(2, 3, 7, WIDTH, dtype=torch.float64))
    last, counts = backbone.blocks[end - 1].mlp, []
    listening = last.register_forward_hook(lambda _module, _inputs, y: counts.append(y[..., 0]))
    whole, all_taps = backbone.together(start, GRID, 4, end)
    some, taps = backbone.together(start, GRID, 4, end, wanted=wanted)
    listening.remove()
    torch.testing.assert_close(some.tokens, whole.tokens[:, :wanted])
    torch.testing.assert_close(some.local, whole.local[:, :wanted])
    torch.testing.assert_close(torch.stack(taps), torch.stack(all_taps)[:, :, :wanted])
    assert [count.numel() for count in counts] == [2 * 3 * 7, 2 * wanted * 7]


def test_only_the_first_of_all_views_has_the_first_camera_token():
    backbone = made(EVEN_FIRST)
    tokens = torch.zeros(2, 3, 7, WIDTH, dtype=torch.float64)
    first, other = backbone.camera_tokens[0]
    cameras = backbone.joined(tokens).tokens[:, :, 0]
    assert torch.equal(cameras, torch.stack((first, other, other)).expand(2, -1, -1))
    cameras = backbone.joined(tokens, has_first=False).tokens[:, :, 0]
    assert torch.equal(cameras, other.expand(2, 3, -1))


def literal_cubic(place, bend=-0.75):
    """Interpolate 0, 1, 2, ... at a place, as torch bends its cubics."""
    first = int(place) - 1
    total = 0.0
    for index in range(first, first + 4):
        x = abs(place - index)
        near = (bend + 2) * x**3 - (bend + 3) * x**2 + 1
        far = bend * (x**3 - 5 * x**2 + 8 * x - 4)
        total += index * (near if x <= 1 else far)
    return total


@torch.inference_mode()
def test_the_table_of_places_is_stretched_by_factors_but_for_its_own_grid():
    backbone = made(EVEN_FIRST).float()
    for parameter in (*backbone.embedding.parameters(), backbone.class_token):
        parameter.zero_()
    row = torch.arange(TABLE_EDGE).float().repeat_interleave(TABLE_EDGE)
    backbone.places[0, 1:] = row[:, None]
    edge = TABLE_EDGE * PATCH
    assert torch.equal(backbone.embed(torch.zeros(1, 3, edge, edge)), backbone.places)
    rows, columns = 12, 20
    stretched = backbone.embed(torch.zeros(1, 3, rows * PATCH, columns * PATCH))
    assert torch.equal(stretched[:, 0], backbone.places[:, 0])
    marks = stretched[0, 1:, 0].reshape(rows, columns)
    places = [(place + 0.5) * TABLE_EDGE / (rows + 0.1) - 0.5 for place in range(1, rows - 1)]
    expected = torch.tensor([literal_cubic(place) for place in places])
    torch.testing.assert_close(
        marks[1:-1], expected[:, None].expand(-1, columns), atol=1e-4, rtol=0
    )
