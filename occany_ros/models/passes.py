"""How the transformers of a network are run, apart from what they compute."""

from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.memory import Memory
from torch import Tensor


class Passes:
    """Runs every pass as it is written; others may run the same pass in another way."""

    def encode(self, encoder: ImageEncoder, images: Tensor) -> Tensor:
        """Encode images (b, 3, h, w) into tokens (b, n, d)."""
        return encoder(images)

    def remember(
        self,
        decoder: MemoryDecoder,
        memory: Memory | None,
        tokens: Tensor,
        grid: tuple[int, int],
    ) -> Memory:
        """Append views to a memory, see `MemoryDecoder.remember`."""
        return decoder.remember(memory, tokens, grid)

    def render(
        self, decoder: MemoryDecoder, memory: Memory, tokens: Tensor, grid: tuple[int, int]
    ) -> Tensor:
        """Decode views with a memory in sight, see `MemoryDecoder.render`."""
        return decoder.render(memory, tokens, grid)
