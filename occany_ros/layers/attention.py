"""Attention within a set of tokens, and attention to a memory."""

from occany_ros.layers.embedding import Rotary
import torch
from torch import nn, Tensor
from torch.nn.functional import scaled_dot_product_attention


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Split channels into attention heads: (b, n, heads * d) to (b, heads, n, d)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`."""
    return x.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """
    Every token of a set looks at every token of the set.

    :param width: channels of a token.
    :param heads: number of attention heads; must divide ``width``.
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """
        Mix the tokens of each set.

        :param x: (b, n, d).
        :param rotary: turns queries and keys by place; None leaves places out.
        :returns: (b, n, d).
        """
        query, key, value = (
            split_heads(part, self.heads) for part in self.query_key_value(x).chunk(3, dim=-1)
        )  # (b, heads, n, d / heads) each
        if rotary is not None:
            query, key = rotary(query), rotary(key)
        return self.output(join_heads(scaled_dot_product_attention(query, key, value)))


class CrossAttention(nn.Module):
    """
    Tokens look at the keys and values of other tokens.

    Keys and values are made apart from their use (`keys_values`), so a memory can hold them.

    :param width: channels of a token.
    :param heads: number of attention heads; must divide ``width``.
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def keys_values(self, y: Tensor, rotary: Rotary | None = None) -> Tensor:
        """
        Prepare tokens to be looked at.

        :param y: (b, n, d).
        :param rotary: turns the keys by place, where the queries are turned too.
        :returns: keys, then values, along the channels, (b, n, 2 d).
        """
        key = self.key(y)
        if rotary is not None:
            key = join_heads(rotary(split_heads(key, self.heads)))
        return torch.cat((key, self.value(y)), dim=-1)  # (b, n, 2 d)

    def forward(self, x: Tensor, keys_values: Tensor, rotary: Rotary | None = None) -> Tensor:
        """
        Read from prepared tokens.

        Where fewer memories than token sets are given, consecutive sets share one; they are read
        as one long set of queries, so a shared memory is never copied.

        :param x: (b, n, d).
        :param keys_values: from `keys_values`, (g, m, 2 d); ``g`` divides ``b``.
        :param rotary: turns the queries by place.
        :returns: (b, n, d).
        """
        groups = keys_values.shape[0]
        query = split_heads(self.query(x), self.heads)  # (b, heads, n, d / heads)
        if rotary is not None:
            query = rotary(query)
        query = split_heads(join_heads(query).reshape(groups, -1, x.shape[-1]), self.heads)
        key, value = (split_heads(part, self.heads) for part in keys_values.chunk(2, dim=-1))
        read = join_heads(scaled_dot_product_attention(query, key, value))  # (g, b n / g, d)
        return self.output(read.reshape(x.shape))
