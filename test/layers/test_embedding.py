"""Patches keep their order; rotations keep lengths and depend on relative place only."""

from hypothesis import given, settings
from hypothesis import strategies as st
from occany_ros.layers.embedding import grid_positions, PatchEmbedding, rotary_table
import pytest
import torch


def test_patches_run_row_by_row():
    embed = PatchEmbedding(channels=1, width=1, patch=2)
    torch.nn.init.constant_(embed.projection.weight, 0.25)
    torch.nn.init.zeros_(embed.projection.bias)
    image = torch.arange(6.0).reshape(2, 3).repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert embed(image[None, None]).flatten().tolist() == [0, 1, 2, 3, 4, 5]


def test_positions_are_row_then_column():
    assert grid_positions(2, 3).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert grid_positions(3, 1).tolist() == [[0, 0], [1, 0], [2, 0]]


def test_origin_is_left_alone_and_lengths_are_kept():
    rotary = rotary_table(grid_positions(4, 5), head_width=24)
    x = torch.randn(2, 3, 20, 24, generator=torch.Generator().manual_seed(1))
    turned = rotary(x)
    torch.testing.assert_close(turned[:, :, 0], x[:, :, 0])
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_products_depend_on_the_offset_between_places(row, column, down, right):
    generator = torch.Generator().manual_seed(2)
    query, key = torch.randn(2, 1, 1, 1, 16, generator=generator, dtype=torch.float64)

    def product(place, other):
        turn_query = rotary_table(torch.tensor([place]), 16)
        turn_key = rotary_table(torch.tensor([other]), 16)
        return float((turn_query(query) * turn_key(key)).sum())

    at_origin = product((0, 0), (down, right))
    assert product((row, column), (row + down, column + right)) == pytest.approx(
        at_origin, abs=1e-4
    )


def test_first_half_of_a_head_turns_with_the_row():
    x = torch.ones(1, 1, 1, 16)
    turned = rotary_table(torch.tensor([[3, 0]]), 16)(x)[0, 0, 0]
    assert not torch.allclose(turned[:8], x[0, 0, 0, :8])
    torch.testing.assert_close(turned[8:], x[0, 0, 0, 8:])


def test_odd_head_is_refused():
    with pytest.raises(ValueError, match='head_width: expected a multiple of 4, got 6'):
        rotary_table(grid_positions(1, 1), 6)
