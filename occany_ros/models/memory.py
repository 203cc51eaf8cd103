"""What the decoder remembers of the views it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """
    Keys and values for every decoder block; a value: appending makes a new one.

    :param entries: keys, then values, laid out in heads, one (b, 2, heads, m, d / heads) for each
        block.
    :param view_of_token: index of the view each token came from, (m,) int64.
    :param num_views: views remembered so far.
    """

    entries: tuple[Tensor, ...]
    view_of_token: Tensor
    num_views: int

    @property
    def num_tokens(self) -> int:
        """Tokens remembered so far in each block."""
        return self.view_of_token.shape[0]

    @property
    def layers(self) -> tuple[Tensor, ...]:
        """Keys, then values, along the channels, one (b, m, 2 d) for each block; copies."""
        return tuple(x.permute(0, 3, 1, 2, 4).flatten(2) for x in self.entries)


def append(memory: Memory | None, entries: Sequence[Tensor]) -> Memory:
    """
    Remember more views; what was remembered before stays as it is.

    :param memory: what is remembered already, None for nothing.
    :param entries: keys and values of the new views for each block, (b, v, 2, heads, n, e).
    :returns: the longer memory.
    """
    views, tokens = entries[0].shape[1], entries[0].shape[4]
    first = 0 if memory is None else memory.num_views
    indices = torch.arange(first, first + views, device=entries[0].device)
    labels = indices.repeat_interleave(tokens)
    if memory is None:
        return Memory(
            entries=tuple(torch.cat(new.unbind(1), dim=3) for new in entries),
            view_of_token=labels,
            num_views=views,
        )
    return Memory(
        entries=tuple(
            torch.cat((old, *new.unbind(1)), dim=3)
            for old, new in zip(memory.entries, entries, strict=True)
        ),
        view_of_token=torch.cat((memory.view_of_token, labels)),
        num_views=first + views,
    )
