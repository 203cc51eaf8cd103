"""
Passes that are recorded once for every set of shapes and replayed from then on.

On a GPU a small pass takes longer to launch, kernel by kernel, than to run. A CUDA graph launches
all of it at once; it works on the buffers it was recorded with, so inputs are copied into them
and answers out of them. A rolling window has few shapes: they repeat with every set.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import logging
from typing import Final, Protocol

from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.memory import append, Memory
from occany_ros.models.passes import Passes
import torch
from torch import nn, Tensor

RECORDINGS: Final = 32
"""Shapes kept; each holds its inputs and answers in memory."""
WARM_UPS: Final = 2

Step = Callable[[Sequence[Tensor]], list[Tensor]]


class Recorder(Protocol):
    """Records a step on fixed buffers."""

    def __call__(
        self, step: Step, inputs: Sequence[Tensor]
    ) -> tuple[Callable[[], None], list[Tensor]]:
        """Return what replays the step, and the buffers that then hold its answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """
    A recorded step.

    :param inputs: buffers it reads.
    :param outputs: buffers it writes.
    :param replay: runs it.
    """

    inputs: list[Tensor]
    outputs: list[Tensor]
    replay: Callable[[], None]

    def run(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Replay with new inputs; the answers are copies that later replays leave alone."""
        for buffer, x in zip(self.inputs, inputs, strict=True):
            buffer.copy_(x)
        self.replay()
        return [x.clone() for x in self.outputs]


class GraphedPasses(Passes):
    """
    Replays passes whose shapes it has seen before.

    :param record: how a step is recorded; see `record_cuda_graph`.
    :param limit: recordings kept; the one unused for longest goes first.
    """

    def __init__(self, record: Recorder, limit: int = RECORDINGS) -> None:
        self._record: Recorder | None = record
        self._limit = limit
        self._recordings: OrderedDict[object, Recording] = OrderedDict()

    def encode(self, encoder: ImageEncoder, images: Tensor) -> Tensor:
        """Encode images (b, 3, h, w) into tokens (b, n, d)."""
        return self._run(encoder, 'encode', lambda x: [encoder(x[0])], [images])[0]

    def remember(
        self,
        decoder: MemoryDecoder,
        memory: Memory | None,
        tokens: Tensor,
        grid: tuple[int, int],
    ) -> Memory:
        """Append views to a memory, see `MemoryDecoder.remember`."""
        old = () if memory is None else memory.entries

        def step(inputs: Sequence[Tensor]) -> list[Tensor]:
            known = None if memory is None else _memory_of(inputs[1:])
            return decoder.new_entries(known, inputs[0], grid)

        return append(memory, self._run(decoder, ('remember', grid), step, [tokens, *old]))

    def render(
        self, decoder: MemoryDecoder, memory: Memory, tokens: Tensor, grid: tuple[int, int]
    ) -> Tensor:
        """Decode views with a memory in sight, see `MemoryDecoder.render`."""

        def step(inputs: Sequence[Tensor]) -> list[Tensor]:
            return [decoder.render(_memory_of(inputs[1:]), inputs[0], grid)]

        inputs = [tokens, *memory.entries]
        return self._run(decoder, ('render', grid), step, inputs)[0]

    def _run(
        self, owner: nn.Module, name: object, step: Step, inputs: Sequence[Tensor]
    ) -> list[Tensor]:
        key = (id(owner), name, *((tuple(x.shape), x.dtype, x.device) for x in inputs))
        if key not in self._recordings and not self._add(key, step, inputs):
            return step(inputs)
        self._recordings.move_to_end(key)
        return self._recordings[key].run(inputs)

    def _add(self, key: object, step: Step, inputs: Sequence[Tensor]) -> bool:
        """Record a step for new shapes, and forget the shapes unused for longest."""
        if self._record is None:
            return False
        buffers = [x.clone() for x in inputs]
        try:
            replay, outputs = self._record(step, buffers)
        except RuntimeError as error:
            self._record = None
            logging.getLogger(__name__).warning(
                'model.compile: passes cannot be recorded here, they run as they are: %s; set it '
                'to off',
                str(error).partition('\n')[0],
            )
            return False
        self._recordings[key] = Recording(buffers, outputs, replay)
        if len(self._recordings) > self._limit:
            self._recordings.popitem(last=False)
        return True


def record_cuda_graph(
    step: Step, inputs: Sequence[Tensor]
) -> tuple[Callable[[], None], list[Tensor]]:
    """Record a step as a CUDA graph, after it ran a few times on a stream of its own."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            step(inputs)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = step(inputs)
    return graph.replay, outputs


def _memory_of(entries: Sequence[Tensor]) -> Memory:
    """Wrap entries for a pass that reads nothing else of a memory."""
    return Memory(tuple(entries), torch.empty(0, dtype=torch.int64), num_views=0)
