"""The decoder of views nobody took: it reads what another one remembers, and writes nothing."""

from typing import cast

from occany_ros.layers.block import DecoderBlock
from occany_ros.models.config import DecoderConfig
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.heads import Heads


def reading_decoder(config: DecoderConfig) -> MemoryDecoder:
    """
    Build a decoder that can only `MemoryDecoder.render`, without the weights that write.

    :param config: its size.
    """
    decoder = MemoryDecoder(config)
    for block in decoder.blocks:
        del block.norm_memory
        attention = cast('DecoderBlock', block).cross_attention
        del attention.key, attention.value
    del decoder.feedback_norm, decoder.feedback
    return decoder


def poseless_heads(config: DecoderConfig) -> Heads:
    """
    Build heads that are not asked for poses, because those of novel views are given.

    :param config: size of the decoder they sit on.
    """
    heads = Heads(config)
    del heads.pose
    return heads
