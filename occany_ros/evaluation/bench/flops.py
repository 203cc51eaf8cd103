"""Floating-point operations, counted while they happen."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop


def flop_counter() -> FlopCounterMode:
    """
    Make a counter of the multiplications and additions of matrix work, as torch counts them.

    Convolutions, matrix products and attention count, a multiplication with its addition as two;
    work on single elements does not.
    """
    return FlopCounterMode(display=False, custom_mapping=_processor_attention())


def counted_flops(action: Callable[[], object]) -> int:
    """Run something once and count its operations."""
    with flop_counter() as counter:
        action()
    return int(counter.get_total_flops())


def _processor_attention() -> dict[Any, Any]:
    """Give the formula of the attention kernel for processors, which torch's table leaves out."""
    kernel = getattr(torch.ops.aten, '_scaled_dot_product_flash_attention_for_cpu', None)
    return {} if kernel is None else {kernel: _attention_flops}


def _attention_flops(
    query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    return int(sdpa_flop(query, key, value))
