"""The memory pass against a slow reference written view by view, and what must not change it."""

from occany_ros.models.memory import append
import pytest
import torch

GRID = (2, 3)


@pytest.fixture
def decoder(small_occany):
    return small_occany.decoder


def tokens(views, batch=1, seed=10):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, views, 6, 64, generator=generator)


def slow_observe(decoder, old, views):
    """One memory call for a list of encoded views (n, e): every key and value made afresh."""
    rotary = decoder._rotary(GRID)
    states = []
    for index, view in enumerate(views):
        x = torch.cat((decoder.pose_token[0, 0], decoder.projection(view)))
        is_reference = old is None and index == 0
        states.append(x if is_reference else x + decoder.later_view[0, 0])
    inputs = []
    for layer, block in enumerate(decoder.blocks):
        inputs.append(states)
        after = []
        for index, x in enumerate(states):
            others = [y for other, y in enumerate(states) if other != index]
            if old is None and len(states) == 1:
                others = [x]
            seen = [] if old is None else [old[layer]]
            seen += [block.memory_entry(y[None])[0] for y in others]
            after.append(block(x[None], rotary, torch.cat(seen, dim=2)[None])[0])
        states = after
    new = []
    for layer, block in enumerate(decoder.blocks):
        entries = []
        for x, last in zip(inputs[layer], inputs[-1], strict=True):
            offset = decoder.feedback(decoder.feedback_norm(last))
            is_last = layer == len(decoder.blocks) - 1
            entries.append(block.memory_entry((x if is_last else x + offset)[None])[0])
        before = [] if old is None else [old[layer]]
        new.append(torch.cat(before + entries, dim=2))
    return new, [decoder.norm(x) for x in states]


@torch.inference_mode()
@pytest.mark.parametrize('groups', [[1], [2], [3], [2, 1], [2, 1, 1], [1, 1], [2, 3], [4, 2]])
def test_memory_pass_equals_the_slow_reference(decoder, groups):
    x = tokens(sum(groups))
    memory, slow, first = None, None, 0
    for size in groups:
        views = x[:, first:].narrow(1, 0, size)
        memory, decoded = decoder.observe(memory, views, GRID)
        slow, slow_decoded = slow_observe(decoder, slow, list(views[0]))
        torch.testing.assert_close(decoded[0], torch.stack(slow_decoded), atol=2e-4, rtol=1e-4)
        first += size
    for layer, expected in zip(memory.entries, slow, strict=True):
        torch.testing.assert_close(layer[0], expected, atol=2e-4, rtol=1e-4)
    assert memory.num_views == sum(groups)
    assert memory.view_of_token.tolist() == [v for v in range(sum(groups)) for _ in range(7)]


@torch.inference_mode()
def test_remember_is_observe_without_outputs(decoder):
    x = tokens(3)
    pair = decoder.remember(None, x[:, :2], GRID)
    observed, _ = decoder.observe(None, x[:, :2], GRID)
    assert all(torch.equal(a, b) for a, b in zip(pair.layers, observed.layers, strict=True))


@torch.inference_mode()
def test_remembering_never_changes_what_is_remembered(decoder):
    x = tokens(4)
    pair = decoder.remember(None, x[:, :2], GRID)
    kept = [layer.clone() for layer in pair.layers]
    more = decoder.remember(pair, x[:, 2:], GRID)
    for old, copy, grown in zip(pair.layers, kept, more.layers, strict=True):
        assert torch.equal(old, copy)
        assert torch.equal(grown[:, : old.shape[1]], old)
    assert (pair.num_views, more.num_views) == (2, 4)
    assert (pair.num_tokens, more.num_tokens) == (14, 28)


@torch.inference_mode()
def test_rendered_views_do_not_see_each_other(decoder):
    x = tokens(3, batch=2)
    memory = decoder.remember(None, x[:, :2], GRID)
    together = decoder.render(memory, x, GRID)
    assert together.shape == (2, 3, 7, 48)
    for view in range(3):
        alone = decoder.render(memory, x[:, [view]], GRID)
        torch.testing.assert_close(together[:, [view]], alone, atol=1e-4, rtol=1e-4)
    backwards = decoder.render(memory, x.flip(1), GRID).flip(1)
    torch.testing.assert_close(together, backwards, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_batches_do_not_mix(decoder):
    x = tokens(3, batch=2)
    memory = decoder.remember(decoder.remember(None, x[:, :2], GRID), x[:, 2:], GRID)
    rendered = decoder.render(memory, x, GRID)
    alone = decoder.remember(decoder.remember(None, x[1:, :2], GRID), x[1:, 2:], GRID)
    torch.testing.assert_close(rendered[1:], decoder.render(alone, x[1:], GRID))


@torch.inference_mode()
def test_every_remembered_view_tells_in_a_render(decoder):
    x = tokens(3)
    memory = decoder.remember(decoder.remember(None, x[:, :2], GRID), x[:, 2:], GRID)
    full = decoder.render(memory, x[:, :1], GRID)
    short = decoder.render(decoder.remember(None, x[:, :2], GRID), x[:, :1], GRID)
    assert not torch.allclose(full, short, atol=1e-3)


@torch.inference_mode()
def test_memory_pass_skips_the_last_block(decoder):
    calls = []
    hook = decoder.blocks[-1].register_forward_hook(lambda *_: calls.append(1))
    decoder.remember(None, tokens(2), GRID)
    assert calls == []
    decoder.observe(None, tokens(2), GRID)
    hook.remove()
    assert calls == [1]


def test_memory_counts_views_and_tokens():
    entries = [torch.zeros(1, 2, 2, 1, 5, 2)] * 3
    memory = append(append(None, entries), [x[:, :1] for x in entries])
    assert memory.num_views == 3
    assert memory.view_of_token.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert [layer.shape for layer in memory.layers] == [(1, 15, 4)] * 3
