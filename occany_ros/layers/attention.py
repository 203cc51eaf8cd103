"""Attention within a set of tokens, and attention to a memory."""

from occany_ros.layers.embedding import Rotary
from occany_ros.layers.linear import Linear
from occany_ros.layers.reading import read
import torch
from torch import nn, Tensor


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
        self.query_key_value = Linear(width, 3 * width)
        self.output = Linear(width, width)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """
        Mix the tokens of each set.

        :param x: (b, n, d).
        :param rotary: turns queries and keys by place; None leaves places out.
        :returns: (b, n, d).
        """
        parts = split_heads(self.query_key_value(x), 3 * self.heads)  # (b, 3 heads, n, ...)
        turned, value = torch.split(parts, [2 * self.heads, self.heads], dim=1)
        if rotary is not None:
            turned = rotary(turned)
        query, key = turned.chunk(2, dim=1)
        return self.output(join_heads(read(query, key, value)))


class CrossAttention(nn.Module):
    """
    Tokens look at the keys and values of other tokens.

    Keys and values are made apart from their use (`keys_values`), so a memory can hold them. They
    are laid out in heads then, once for all readers.

    :param width: channels of a token.
    :param heads: number of attention heads; must divide ``width``.
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.output = Linear(width, width)

    def keys_values(self, y: Tensor, rotary: Rotary | None = None) -> Tensor:
        """
        Prepare tokens to be looked at.

        :param y: (b, n, d).
        :param rotary: turns the keys by place, where the queries are turned too.
        :returns: keys, then values, in heads, (b, 2, heads, n, d / heads).
        """
        key, value = (split_heads(layer(y), self.heads) for layer in (self.key, self.value))
        if rotary is not None:
            key = rotary(key)
        return torch.stack((key, value), dim=1)

    def forward(self, x: Tensor, keys_values: Tensor, rotary: Rotary | None = None) -> Tensor:
        """
        Read from prepared tokens.

        Where fewer memories than token sets are given, consecutive sets share one; they are read
        as one long set of queries, so a shared memory is never copied.

        :param x: (b, n, d).
        :param keys_values: from `keys_values`, (g, 2, heads, m, d / heads); ``g`` divides ``b``.
        :param rotary: turns the queries by place.
        :returns: (b, n, d).
        """
        query = self.query(x)  # (b, n, d)
        if rotary is not None:
            query = join_heads(rotary(split_heads(query, self.heads)))
        query = query.reshape(len(keys_values), -1, x.shape[-1])  # (g, b n / g, d)
        key, value = keys_values.unbind(dim=1)
        found = join_heads(read(split_heads(query, self.heads), key, value))
        return self.output(found.reshape(x.shape))
