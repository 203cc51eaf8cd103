"""Floating-point operations, counted while they happen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
from typing import Any

from occany_ros.layers.linear import fused_products
from occany_ros.models.occany import OccAny
from occany_ros.models.passes import Passes
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop


def flop_counter() -> FlopCounterMode:
    """
    Make a counter of the multiplications and additions of matrix work, as torch counts them.

    Convolutions, matrix products and attention count, a multiplication with its addition as two;
    work on single elements does not.
    """
    return FlopCounterMode(display=False, custom_mapping=_processor_kernels())


def counted_flops(action: Callable[[], object]) -> int:
    """Run something once and count its operations."""
    with flop_counter() as counter:
        action()
    return int(counter.get_total_flops())


@contextmanager
def unaccelerated(network: object) -> Iterator[None]:
    """
    Run a network pass by pass and kernel by kernel meanwhile, so that its operations can be seen.

    :param network: perhaps prepared by `occany_ros.models.acceleration.accelerate`.
    """
    with ExitStack() as stack:
        if isinstance(network, OccAny):
            stack.callback(setattr, network, 'passes', network.passes)
            network.passes = Passes()
        stack.enter_context(torch.compiler.set_stance('force_eager'))
        yield


def _processor_kernels() -> dict[Any, Any]:
    """Give the formulas of the kernels for processors that torch's table leaves out."""
    attention = getattr(torch.ops.aten, '_scaled_dot_product_flash_attention_for_cpu', None)
    product = fused_products()
    formulas: dict[Any, Any] = {} if attention is None else {attention: _attention_flops}
    return formulas if product is None else {**formulas, product: _product_flops}


def _product_flops(
    x: torch.Size, second: torch.Size, third: torch.Size | None, *_: object, **__: object
) -> int:
    """Count a product (..., d) by (e, d); with a residual, the matrix is the third tensor."""
    has_residual = third is not None and len(third) == 2
    matrix = third if has_residual and third is not None else second
    return 2 * x.numel() * matrix[0]


def _attention_flops(
    query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    return int(sdpa_flop(query, key, value))
