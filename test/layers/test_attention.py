"""Attention against a plain softmax, and memories shared by several sets of queries."""

from occany_ros.layers.attention import CrossAttention, join_heads, SelfAttention, split_heads
from occany_ros.layers.embedding import grid_positions, rotary_table
import pytest
import torch


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def slow_attention(query, key, value, heads):
    """Softmax attention head by head, written out."""
    outputs = []
    for q, k, v in zip(*(x.chunk(heads, dim=-1) for x in (query, key, value)), strict=True):
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        outputs.append(scores.softmax(dim=-1) @ v)
    return torch.cat(outputs, dim=-1)


def test_heads_survive_a_round_trip(generator):
    x = torch.randn(2, 5, 12, generator=generator)
    assert torch.equal(join_heads(split_heads(x, 3)), x)


def test_self_attention_equals_softmax(generator):
    attention = SelfAttention(width=12, heads=3)
    x = torch.randn(2, 5, 12, generator=generator)
    expected = attention.output(slow_attention(*attention.query_key_value(x).chunk(3, -1), 3))
    torch.testing.assert_close(attention(x, None), expected)


def test_self_attention_sees_places(generator):
    attention = SelfAttention(width=16, heads=2)
    x = torch.randn(1, 6, 16, generator=generator)
    rotary = rotary_table(grid_positions(2, 3), 8)
    assert not torch.allclose(attention(x, rotary), attention(x, None))


def test_cross_attention_equals_softmax(generator):
    attention = CrossAttention(width=12, heads=3)
    x, y = (torch.randn(2, n, 12, generator=generator) for n in (4, 7))
    memory = attention.keys_values(y)
    assert memory.shape == (2, 2, 3, 7, 4)
    expected = attention.output(
        slow_attention(attention.query(x), attention.key(y), attention.value(y), 3)
    )
    torch.testing.assert_close(attention(x, memory), expected)


def test_shared_memory_equals_copies_of_it(generator):
    attention = CrossAttention(width=12, heads=3)
    x = torch.randn(6, 4, 12, generator=generator)
    memory = attention.keys_values(torch.randn(2, 7, 12, generator=generator))
    torch.testing.assert_close(
        attention(x, memory), attention(x, memory.repeat_interleave(3, dim=0))
    )


def test_cross_attention_with_places_depends_on_offsets(generator):
    attention = CrossAttention(width=16, heads=2)
    x, y = (torch.randn(1, 6, 16, generator=generator) for _ in range(2))
    here, there = (rotary_table(grid_positions(2, 3) + offset, 8) for offset in (0, 9))
    torch.testing.assert_close(
        attention(x, attention.keys_values(y, here), here),
        attention(x, attention.keys_values(y, there), there),
    )
    assert not torch.allclose(
        attention(x, attention.keys_values(y, here), here), attention(x, attention.keys_values(y))
    )
