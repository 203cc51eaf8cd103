"""Blocks are residual, and read what they are given."""

from occany_ros.layers.block import DecoderBlock, EncoderBlock, Mlp
from occany_ros.layers.embedding import grid_positions, rotary_table
import torch


def tokens(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(4))


def test_silenced_block_changes_nothing():
    block = EncoderBlock(width=16, heads=2, hidden=32)
    for layer in (block.attention.output, block.mlp.contract):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = tokens(2, 6, 16)
    assert torch.equal(block(x, rotary_table(grid_positions(2, 3), 8)), x)


def test_sets_of_tokens_do_not_mix():
    block = EncoderBlock(width=16, heads=2, hidden=32)
    x = tokens(2, 6, 16)
    rotary = rotary_table(grid_positions(2, 3), 8)
    torch.testing.assert_close(block(x, rotary)[:1], block(x[:1], rotary))


def test_decoder_block_is_its_three_steps_and_heeds_the_memory():
    block = DecoderBlock(width=16, heads=2, hidden=32)
    x, rotary = tokens(2, 6, 16), rotary_table(grid_positions(2, 3), 8)
    memory = block.memory_entry(tokens(1, 9, 16))
    read = block.read_memory(block.look_within(x, rotary), memory)
    assert torch.equal(block(x, rotary, memory), block.transform(read))
    assert not torch.allclose(block(x, rotary, memory), block(x, rotary, memory.flip(1)))


def test_order_of_the_memory_does_not_matter():
    block = DecoderBlock(width=16, heads=2, hidden=32)
    x, memory = tokens(1, 6, 16), block.memory_entry(tokens(1, 9, 16))
    torch.testing.assert_close(block(x, None, memory), block(x, None, memory.flip(3)))


def test_mlp_may_change_the_width():
    assert Mlp(width=8, hidden=4, out=3)(tokens(2, 5, 8)).shape == (2, 5, 3)
