"""
Softmax attention, by the fastest kernel the device has for it.

Torch's own kernel is the fastest on a GPU. On a CPU it works through small blocks, whose products
do not reach the rate of larger ones below float32. There the scores of a few heads at a time are
written out, as many as stay in the cache, and multiplied by the ordinary operators.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

CACHED_SCORES: Final = 1 << 22
"""Scores that are written out at once; in two bytes each they stay in a cache of 8 MB."""


def read(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """
    Take the mean of values, weighted by the softmax of how keys fit queries.

    :param query: (b, heads, n, d).
    :param key: (b, heads, m, d).
    :param value: (b, heads, m, d).
    :returns: (b, heads, n, d).
    """
    if _writes_scores(query):
        return _read_in_parts(query, key, value)
    return scaled_dot_product_attention(query, key, value)


def _writes_scores(query: Tensor) -> bool:
    return (
        query.device.type == 'cpu'
        and query.dtype == torch.bfloat16
        and not (torch.is_grad_enabled() and query.requires_grad)
        and not torch.compiler.is_compiling()
    )


def _read_in_parts(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Read a few heads at a time, and of long sets some queries at a time."""
    batch, heads, tokens, width = query.shape
    found = query.new_empty(batch, tokens, heads, width).transpose(1, 2)
    rows = min(tokens, max(1, CACHED_SCORES // key.shape[2]))
    at_once = max(1, CACHED_SCORES // (rows * key.shape[2]))
    query = query * width**-0.5
    for index in range(batch):
        for first in range(0, heads, at_once):
            some = slice(first, first + at_once)
            keys, values = key[index, some].mT, value[index, some]
            for start in range(0, tokens, rows):
                part = slice(start, start + rows)
                scores = torch.bmm(query[index, some, part], keys)
                found[index, some, part] = torch.bmm(scores.softmax(dim=-1), values)
    return found
