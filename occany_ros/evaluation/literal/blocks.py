"""Attention and MLPs, every table and every split made anew at each call."""

from occany_ros.layers.attention import CrossAttention, SelfAttention
from occany_ros.layers.block import DecoderBlock, EncoderBlock, Mlp
import torch
from torch import nn, Tensor
from torch.nn import functional


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Weight times ``x`` plus bias, by the plain operator."""
    return functional.linear(x, layer.weight, layer.bias)


def layer_norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    """Layer normalisation with the gains of ``layer``."""
    return functional.layer_norm(x, x.shape[-1:], layer.weight, layer.bias, layer.eps)


def mlp(layer: Mlp, x: Tensor) -> Tensor:
    """Two linear layers with an exact GELU between them."""
    hidden = functional.gelu(linear(layer.expand, x))
    return linear(layer.contract, hidden)


def patch_places(rows: int, columns: int) -> Tensor:
    """Row and column of every patch, row-major, (rows * columns, 2) int64."""
    return torch.tensor([(row, column) for row in range(rows) for column in range(columns)])


def rotated(x: Tensor, places: Tensor, base: float = 100.0) -> Tensor:
    """
    Turn the first half of every head by the row, the second by the column (spec, section 3).

    :param x: (v, heads, n, d).
    :param places: row and column of each token, (n, 2).
    """
    halves = []
    for half, position in zip(x.chunk(2, dim=-1), places.unbind(-1), strict=True):
        quarter = half.shape[-1] // 2
        slow = base ** (-torch.arange(quarter, dtype=torch.float32, device=x.device) / quarter)
        angle = position.to(x.device, torch.float32)[:, None] * slow  # (n, d / 4)
        first, second = half[..., :quarter], half[..., quarter:]
        halves.append(first * angle.cos() - second * angle.sin())
        halves.append(second * angle.cos() + first * angle.sin())
    return torch.cat(halves, dim=-1)


def in_heads(x: Tensor, heads: int) -> Tensor:
    """Lay tokens (v, n, d) out head by head, (v, heads, n, d / heads), in memory of their own."""
    views, tokens, width = x.shape
    return x.reshape(views, tokens, heads, width // heads).permute(0, 2, 1, 3).contiguous()


def attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Read values by the likeness of queries and keys, and join the heads: (v, n, d)."""
    read = functional.scaled_dot_product_attention(query, key, value)
    return read.permute(0, 2, 1, 3).reshape(read.shape[0], read.shape[2], -1)


def self_attention(layer: SelfAttention, x: Tensor, places: Tensor) -> Tensor:
    """Let the tokens of each view look at one another, (v, n, d)."""
    query, key, value = linear(layer.query_key_value, x).chunk(3, dim=-1)
    query, key, value = (in_heads(part, layer.heads) for part in (query, key, value))
    read = attended(rotated(query, places), rotated(key, places), value)
    return linear(layer.output, read)


def entries(block: DecoderBlock, x: Tensor) -> Tensor:
    """Keys, then values, that readers of this block see of its inputs, (v, n, 2 d)."""
    y = layer_norm(block.norm_memory, x)
    layer = block.cross_attention
    return torch.cat((linear(layer.key, y), linear(layer.value, y)), dim=-1)


def cross_attention(layer: CrossAttention, x: Tensor, memory: Tensor) -> Tensor:
    """
    Read a memory that is split and laid out in heads once more.

    :param x: (v, n, d).
    :param memory: keys and values for each view, (v, m, 2 d).
    """
    query = in_heads(linear(layer.query, x), layer.heads)
    key, value = (in_heads(part, layer.heads) for part in memory.chunk(2, dim=-1))
    return linear(layer.output, attended(query, key, value))


def encoder_block(block: EncoderBlock, x: Tensor, places: Tensor) -> Tensor:
    """Run one block of the image encoder on (v, n, d)."""
    x = x + self_attention(block.attention, layer_norm(block.norm_attention, x), places)
    return x + mlp(block.mlp, layer_norm(block.norm_mlp, x))
