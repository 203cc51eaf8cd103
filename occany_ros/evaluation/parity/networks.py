"""Golden files of the image encoder and of the decoder with memory."""

import ast
from collections.abc import Sequence

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.maps import prefixed
from occany_ros.evaluation.parity.setup import (
    build_decoder,
    build_encoder,
    input_tokens,
    weight_scale,
)
from occany_ros.evaluation.parity.taps import tapped
from occany_ros.layers.embedding import grid_positions
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.heads import Heads
from occany_ros.models.memory import Memory
from occany_ros.models.occany import groups
import torch
from torch import nn, Tensor

TOLERANCE = 1e-5
SHARP_DECODER_TOLERANCE = 3e-5
SHARP_SCALE = 0.1

Grid = tuple[int, int]


def check_encoder(fixture: Fixture) -> list[Comparison]:
    """Encode ``img`` and compare the tokens, and what passes between the blocks."""
    encoder = build_encoder(fixture)
    images = fixture.tensors['img']
    watched: dict[str, nn.Module] = {'patch_embed': encoder.embedding}
    for index, block in enumerate(encoder.blocks):
        watched[f'block{index}_out'] = block
        watched[f'block{index}_attn_out'] = block.get_submodule('attention')
    with tapped(watched) as seen:
        tokens = encoder(images.flatten(0, 1))
    places = grid_positions(images.shape[-2] // 16, images.shape[-1] // 16)
    outputs = {name: output for name, (_, output) in seen.items()}
    outputs |= {'tokens': tokens, 'pos': places.expand(tokens.shape[0], -1, -1)}
    answers = {name: Answer(value, TOLERANCE) for name, value in outputs.items()}
    return matched(fixture, answers, {'img'})


def check_decoder(fixture: Fixture) -> list[Comparison]:
    """Remember the views in groups, render them, and compare every output of every call."""
    tokens, grid = input_tokens(fixture)
    tolerance = tolerance_of(fixture)
    decoder, heads = build_decoder(fixture)
    steps = recorded_groups(fixture, tokens.shape[1])
    run = DecoderRun(decoder, heads, grid, tolerance)
    memory = run.remember(tokens, steps)
    run.render(memory, tokens)
    return matched(fixture, run.answers, {'img', 'x', 'pos'})


def tolerance_of(fixture: Fixture) -> float:
    """Allow a decoder's outputs to be off by this much; by more where weights are large."""
    return SHARP_DECODER_TOLERANCE if weight_scale(fixture) > SHARP_SCALE else TOLERANCE


def recorded_groups(fixture: Fixture, num_views: int) -> list[tuple[int, int]]:
    """Index ranges of views that enter the memory together, as recorded or as always."""
    if 'steps' not in fixture.metadata:
        return groups(num_views, is_empty=True)
    ranges, first = [], 0
    for size in ast.literal_eval(fixture.metadata['steps']):
        ranges.append((first, first + size))
        first += size
    return ranges


class DecoderRun:
    """
    One pass of views through a decoder, with every output kept under its golden name.

    :param decoder: the decoder.
    :param heads: its heads.
    :param grid: rows and columns of patches.
    :param tolerance: of every output.
    """

    def __init__(self, decoder: MemoryDecoder, heads: Heads, grid: Grid, tolerance: float) -> None:
        self.decoder = decoder
        self.heads = heads
        self.grid = grid
        self.tolerance = tolerance
        self.answers: dict[str, Answer] = {}

    def remember(self, tokens: Tensor, steps: Sequence[tuple[int, int]]) -> Memory:
        """Remember views group by group; the last group is also called ``last``."""
        memory: Memory | None = None
        for index, (first, last) in enumerate(steps):
            memory = self._observe(f'step{index}', memory, tokens[:, first:last])
        if memory is None:
            raise ValueError('steps: expected at least one group of views, got none')
        for alias, index in (('init', 0), ('last', len(steps) - 1)):
            stem = f'step{index}.'
            self.answers |= {
                f'{alias}.{name.removeprefix(stem)}': answer
                for name, answer in self.answers.items()
                if name.startswith(stem)
            }
        self.answers |= self._memory(memory, tokens.shape[0])
        return memory

    def render(self, memory: Memory, tokens: Tensor) -> dict[str, Tensor]:
        """Render views; returns raw maps and poses under their names."""
        decoded = self.decoder.render(memory, tokens, self.grid)
        outputs = self._outputs(decoded)
        outputs['raw_view0'] = outputs['raw'][:, 0]
        self._keep('render', {name: x for name, x in outputs.items() if name != 'raw_view0'})
        self.answers['render.raw_view0'] = Answer(outputs['raw_view0'], self.tolerance)
        return outputs

    def _observe(self, name: str, memory: Memory | None, tokens: Tensor) -> Memory:
        old = 0 if memory is None else memory.num_tokens
        blocks = {f'block{i}': block for i, block in enumerate(self.decoder.blocks)}
        reads = {
            f'{label}_ca': block.get_submodule('cross_attention')
            for label, block in blocks.items()
        }
        with tapped({**blocks, **reads}) as seen:
            grown, decoded = self.decoder.observe(memory, tokens, self.grid)
        flow = {f'{label}_out': output for label, (_, output) in seen.items()}
        flow |= {f'{label}_in': seen[label][0] for label in blocks}
        new = {f'mem{i}.new': layer[:, old:] for i, layer in enumerate(grown.layers)}
        self.answers |= prefixed(
            name, {key: Answer(x, self.tolerance) for key, x in (flow | new).items()}
        )
        self.answers |= prefixed(name, self._memory(grown, tokens.shape[0]))
        self._keep(name, self._outputs(decoded))
        return grown

    def _memory(self, memory: Memory, batch: int) -> dict[str, Answer]:
        labels = memory.view_of_token.expand(batch, -1)
        counters = torch.tensor([memory.num_views, memory.num_views, memory.num_tokens])
        answers = {f'mem{i}': Answer(x, self.tolerance) for i, x in enumerate(memory.layers)}
        exact = {'mem_labels': Answer(labels, 0.0), 'mem_counters': Answer(counters, 0.0)}
        return answers | exact

    def _outputs(self, decoded: Tensor) -> dict[str, Tensor]:
        coarse, middle, fine = self.heads.features(decoded, self.grid)
        points, colours = (
            head(decoded, self.grid) for head in (self.heads.points, self.heads.colours)
        )
        return {
            'raw': torch.cat((points, colours), dim=-1),
            'surfaces': self.heads.surfaces(decoded, self.grid),
            'pose': self.heads.poses(decoded),
            'sam_image_embed': coarse,
            'sam_s1': middle,
            'sam_s0': fine,
        }

    def _keep(self, name: str, outputs: dict[str, Tensor]) -> None:
        self.answers |= prefixed(
            name,
            {key: Answer(x, self.tolerance, leading_axis=1) for key, x in outputs.items()},
        )
