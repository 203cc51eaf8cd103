"""
The decoder that remembers views and reads them back together (OccAny spec, section 5).

Token sets are (b, v, n, d); the first of the ``n`` tokens of a view stands for its pose, the
others are its patches in row-major order. Plain MUSt3R has no pose token: all are patches, at
(row, column) from 0. Where nothing but patches is turned, a shift of all of them changes nothing,
so it matters only beside a pose token, which stands at (0, 0) while patches begin at (1, 1).
"""

from typing import cast

from occany_ros.layers.block import DecoderBlock, Mlp, NORM_EPS
from occany_ros.layers.embedding import grid_positions, Rotary, rotary_table
from occany_ros.layers.linear import Linear
from occany_ros.models.config import DecoderConfig, HIDDEN_RATIO
from occany_ros.models.memory import append, Memory
import torch
from torch import nn, Tensor


class PosedBlock(DecoderBlock):
    """
    A decoder block whose patches are also told what the pose token knew at its entrance.

    :param width: channels of a token.
    :param heads: number of attention heads.
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__(width=width, heads=heads, hidden=HIDDEN_RATIO * width)
        self.injection = Mlp(width=width, hidden=width)

    def forward(self, x: Tensor, rotary: Rotary | None, memory: Tensor) -> Tensor:
        """Transform (b, n, d) with a memory, see `DecoderBlock.forward`."""
        injected = self.injection(x[:, :1])  # (b, 1, d)
        x = self.read_memory(self.look_within(x, rotary), memory)
        x[:, 1:] += injected
        return self.transform(x)


class MemoryDecoder(nn.Module):
    """
    Blocks that write a memory of views, and read it.

    :param config: its size.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.head_width = width // config.heads
        self.projection = Linear(config.encoder_width, width)
        self.pose_token: nn.Parameter | None = None
        self.later_view = nn.Parameter(torch.zeros(1, 1, width))
        if config.family == 'occany':
            self.pose_token = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.depth))
        self.feedback_norm = nn.LayerNorm(width)
        self.feedback = Mlp(width=width, hidden=HIDDEN_RATIO * width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)

    def remember(self, memory: Memory | None, tokens: Tensor, grid: tuple[int, int]) -> Memory:
        """
        Append views to a memory.

        Views of one call see each other and what is remembered, never themselves; a single view
        with nothing remembered sees itself. The last block's body is not run: a memory holds
        block inputs only.

        :param memory: views remembered so far, None for none.
        :param tokens: encoder tokens, (b, v, n, e).
        :param grid: rows and columns of patches.
        :returns: the longer memory.
        """
        return append(memory, self.new_entries(memory, tokens, grid))

    def new_entries(
        self, memory: Memory | None, tokens: Tensor, grid: tuple[int, int]
    ) -> list[Tensor]:
        """
        Prepare what `remember` appends, one entry a block, (b, v, 2, heads, 1 + n, d / heads).

        Parameters as in `remember`. The shapes follow from those of the parameters.
        """
        inputs = self._block_inputs(memory, self._embed(tokens, memory), self._rotary(grid))
        return self._corrected_entries(inputs)

    def observe(
        self, memory: Memory | None, tokens: Tensor, grid: tuple[int, int]
    ) -> tuple[Memory, Tensor]:
        """
        Append views to a memory, and also decode them as they are seen by that first pass.

        These causal outputs cost one block more than `remember`; they miss what later views
        would tell. Parameters as in `remember`.

        :returns: the longer memory, and decoded tokens, (b, v, 1 + n, d).
        """
        rotary = self._rotary(grid)
        inputs = self._block_inputs(memory, self._embed(tokens, memory), rotary)
        last = len(self.blocks) - 1
        x = self._step(last, inputs[last], memory, rotary)
        return append(memory, self._corrected_entries(inputs)), self._normalised(x)

    def render(self, memory: Memory, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """
        Decode views with the whole memory in sight; views do not see each other.

        :param memory: from `remember`.
        :param tokens: encoder tokens, (b, v, n, e).
        :param grid: rows and columns of patches.
        :returns: decoded tokens, (b, v, 1 + n, d).
        """
        x, rotary = self._embed(tokens, memory), self._rotary(grid)
        shape = x.shape
        x = x.flatten(0, 1)  # (b v, 1 + n, d)
        for block, entries in zip(self.blocks, memory.entries, strict=True):
            x = block(x, rotary, entries)
        return self._normalised(x).reshape(shape)

    def _normalised(self, x: Tensor) -> Tensor:
        """Apply the last normalisation in the type of its weights, that of the heads."""
        return self.norm(x.to(self.norm.weight.dtype))

    def _rotary(self, grid: tuple[int, int]) -> Rotary:
        places = grid_positions(*grid, self.later_view.device)
        if self.pose_token is not None:
            places = torch.cat((torch.zeros_like(places[:1]), places + 1))  # (1 + n, 2)
        return rotary_table(places, self.head_width).to(self.later_view.dtype)

    def _embed(self, tokens: Tensor, memory: Memory | None) -> Tensor:
        """Project tokens and mark every view but the very first one ever remembered."""
        x = self.projection(tokens)  # (b, v, n, d)
        if self.pose_token is not None:
            pose = self.pose_token.expand(*x.shape[:2], -1, -1)
            x = torch.cat((pose, x), dim=2)  # (b, v, 1 + n, d)
        if memory is not None:
            return x + self.later_view
        return torch.cat((x[:, :1], x[:, 1:] + self.later_view), dim=1)

    def _block_inputs(self, memory: Memory | None, x: Tensor, rotary: Rotary) -> list[Tensor]:
        """Run all blocks but the last; return what enters each block, (b, v, 1 + n, d)."""
        inputs = [x]
        for index in range(len(self.blocks) - 1):
            inputs.append(self._step(index, inputs[-1], memory, rotary))
        return inputs

    def _step(self, index: int, x: Tensor, memory: Memory | None, rotary: Rotary) -> Tensor:
        """Run one block of the memory pass on (b, v, 1 + n, d)."""
        block = self.blocks[index]
        old = None if memory is None else memory.entries[index]
        sees_old_only = x.shape[1] == 1 and old is not None
        visible = old if sees_old_only else _visible(old, _entries(block, x))
        return block(x.flatten(0, 1), rotary, visible).reshape(x.shape)

    def _corrected_entries(self, inputs: list[Tensor]) -> list[Tensor]:
        """Prepare block inputs, all but the last corrected by what the last one knows."""
        offset = self.feedback(self.feedback_norm(inputs[-1]))
        corrected = [x + offset for x in inputs[:-1]] + inputs[-1:]
        return [_entries(block, x) for block, x in zip(self.blocks, corrected, strict=True)]


def _block(config: DecoderConfig) -> DecoderBlock:
    if config.family == 'occany':
        return PosedBlock(width=config.width, heads=config.heads)
    hidden = HIDDEN_RATIO * config.width
    return DecoderBlock(width=config.width, heads=config.heads, hidden=hidden)


def _entries(block: nn.Module, x: Tensor) -> Tensor:
    """Keys and values of views, (b, v, n, d) to (b, v, 2, heads, n, d / heads)."""
    entries = cast('DecoderBlock', block).memory_entry(x.flatten(0, 1))
    return entries.reshape(*x.shape[:2], *entries.shape[1:])


def _visible(old: Tensor | None, new: Tensor) -> Tensor:
    """
    Keys and values each view of a call may read: the old ones and the other views' new ones.

    :param old: remembered, (b, 2, heads, m, e), or None.
    :param new: of this call, (b, v, 2, heads, n, e).
    :returns: (b v, 2, heads, m + (v - 1) n, e), or the view itself where there is nothing else.
    """
    views = new.unbind(1)
    if len(views) == 1:
        return views[0]  # monocular: the only view there is
    before = [] if old is None else [old]
    visible = [
        torch.cat(before + [other for j, other in enumerate(views) if j != i], dim=3)
        for i in range(len(views))
    ]
    return torch.stack(visible, dim=1).flatten(0, 1)
