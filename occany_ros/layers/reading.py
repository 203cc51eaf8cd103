"""
Softmax attention, by the fastest kernel the device has for it.

Torch's own kernel is the fastest on a GPU, and on a CPU in float32. In bf16 on a CPU its small
blocks do not reach the rate of larger products. There the scores of a head, or of a few, are
written out, no more than stay in the cache, and multiplied as any other matrices.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

CACHED_BYTES: Final = 1 << 23
"""Scores that are written out at once."""


def read(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """
    Take the mean of values, weighted by the softmax of how keys fit queries.

    :param query: (b, heads, n, d).
    :param key: (b, heads, m, d).
    :param value: (b, heads, m, d).
    :returns: (b, heads, n, d).
    """
    if not _writes_scores(query):
        return scaled_dot_product_attention(query, key, value)
    batch, heads, tokens, width = query.shape
    found = query.new_empty(batch, tokens, heads, width).transpose(1, 2)
    most = max(1, CACHED_BYTES // query.element_size() // key.shape[2])  # rows of scores
    parts = [slice(start, start + most) for start in range(0, tokens, most)]
    at_once = max(1, most // tokens)
    query = query * width**-0.5
    for index in range(batch):
        for first in range(0, heads, at_once):
            some = slice(first, first + at_once)
            keys, values = key[index, some].mT, value[index, some]
            for part in parts:
                scores = torch.bmm(query[index, some, part], keys)
                found[index, some, part] = torch.bmm(scores.softmax(dim=-1), values)
    return found


def _writes_scores(query: Tensor) -> bool:
    return (
        query.device.type == 'cpu'
        and query.dtype == torch.bfloat16
        and not (torch.is_grad_enabled() and query.requires_grad)
        and not torch.compiler.is_compiling()
    )
