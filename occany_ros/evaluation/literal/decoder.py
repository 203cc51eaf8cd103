"""The decoder pass by pass, last block and heads included even where nobody looks."""

from dataclasses import dataclass

from occany_ros.evaluation.literal.blocks import (
    cross_attention,
    entries,
    layer_norm,
    linear,
    mlp,
    patch_places,
    self_attention,
)
from occany_ros.models.decoder import MemoryDecoder, PosedBlock
import torch
from torch import Tensor

Grid = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class LiteralMemory:
    """
    What is remembered of views.

    :param layers: keys, then values, for each block, (m, 2 d).
    :param views: number of views.
    """

    layers: tuple[Tensor, ...]
    views: int


def observe(
    decoder: MemoryDecoder, memory: LiteralMemory | None, tokens: Tensor, grid: Grid
) -> tuple[LiteralMemory, Tensor]:
    """
    Append views, and decode them as this pass sees them (spec, section 5.4).

    :param memory: None for none.
    :param tokens: encoder tokens of the views of this call, (v, n, e).
    :param grid: rows and columns of patches.
    :returns: the longer memory, and decoded tokens (v, 1 + n, d).
    """
    x = _embedded(decoder, tokens, is_first=memory is None)
    inputs = []
    for index, block in enumerate(_blocks(decoder)):
        inputs.append(x)
        new = entries(block, x)  # (v, 1 + n, 2 d)
        old = None if memory is None else memory.layers[index]
        x = _block(block, x, _visible(old, new), grid)
    offset = mlp(decoder.feedback, layer_norm(decoder.feedback_norm, inputs[-1]))
    layers = []
    for index, block in enumerate(_blocks(decoder)):
        is_last = index == len(inputs) - 1
        new = entries(block, inputs[index] if is_last else inputs[index] + offset).flatten(0, 1)
        layers.append(new if memory is None else torch.cat((memory.layers[index], new)))
    views = len(tokens) + (0 if memory is None else memory.views)
    return LiteralMemory(tuple(layers), views), layer_norm(decoder.norm, x)


def render(decoder: MemoryDecoder, memory: LiteralMemory, tokens: Tensor, grid: Grid) -> Tensor:
    """
    Decode views with the whole memory in sight, a copy of it for each view.

    :returns: decoded tokens, (v, 1 + n, d).
    """
    x = _embedded(decoder, tokens, is_first=False)
    for block, layer in zip(_blocks(decoder), memory.layers, strict=True):
        x = _block(block, x, layer.repeat(len(tokens), 1, 1), grid)
    return layer_norm(decoder.norm, x)


def _blocks(decoder: MemoryDecoder) -> list[PosedBlock]:
    return [block for block in decoder.blocks if isinstance(block, PosedBlock)]


def _embedded(decoder: MemoryDecoder, tokens: Tensor, *, is_first: bool) -> Tensor:
    """Project tokens, put the pose token before them, mark all but the very first view."""
    if decoder.pose_token is None:
        raise ValueError('decoder.family: expected occany, got must3r: nothing of it is literal')
    views = []
    for index, view in enumerate(tokens):
        x = torch.cat((decoder.pose_token[0, 0], linear(decoder.projection, view)))
        views.append(x if is_first and index == 0 else x + decoder.later_view[0, 0])
    return torch.stack(views)  # (v, 1 + n, d)


def _block(block: PosedBlock, x: Tensor, memory: Tensor, grid: Grid) -> Tensor:
    """Run one block on (v, 1 + n, d) with a memory for each view, (v, m, 2 d)."""
    pose = x[:, :1]
    places = torch.cat((torch.zeros(1, 2, dtype=torch.int64), patch_places(*grid) + 1))
    x = x + self_attention(block.attention, layer_norm(block.norm_attention, x), places)
    x = x + cross_attention(block.cross_attention, layer_norm(block.norm_query, x), memory)
    x = torch.cat((x[:, :1], x[:, 1:] + mlp(block.injection, pose)), dim=1)
    return x + mlp(block.mlp, layer_norm(block.norm_mlp, x))


def _visible(old: Tensor | None, new: Tensor) -> Tensor:
    """Copy for each view what is remembered and what the other views say, (v, m, 2 d)."""
    visible = []
    for index in range(len(new)):
        others = [entry for other, entry in enumerate(new) if other != index]
        if old is not None:
            others.insert(0, old)
        visible.append(torch.cat(others) if others else new[index])
    return torch.stack(visible)
