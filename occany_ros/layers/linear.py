"""
Linear layers that take the fastest product their device has.

On a CPU, torch hands float32 products to one library and lower precisions to another, oneDNN,
which is also the faster of the two at float32 on many processors, and can add a residual or apply
a GELU while its results are still in cache. Its entry is not a documented one, so it is used only
where it is found and only without gradients; otherwise the plain operators do the same.
"""

from typing import Any, cast, Final

import torch
from torch import nn, Tensor
from torch.nn import functional

_TYPES: Final = (torch.float32, torch.bfloat16)


def fused_products() -> Any:  # noqa: ANN401 - operators have no type of their own
    """Find the fused products for CPUs; None where this build of torch has none."""
    mkldnn: Any = torch.backends.mkldnn
    return getattr(torch.ops.mkldnn, '_linear_pointwise', None) if mkldnn.is_available() else None


_FUSED: Final = fused_products()


def cpu_multiplies_fp16() -> bool:
    """Tell whether this processor has fast products in float16."""
    has = getattr(torch.ops.mkldnn, '_is_mkldnn_fp16_supported', None)
    return fused_products() is not None and has is not None and bool(has())


def product(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    residual: Tensor | None = None,
    gelu: bool = False,
) -> Tensor:
    """
    Multiply by a matrix, and do what follows in the same pass where that is possible.

    :param x: (..., d).
    :param weight: (e, d), of the type of ``x``.
    :param bias: added to every row, (e,).
    :param residual: added to the product, of the shape of the answer.
    :param gelu: apply an exact GELU to the product, which then takes no residual.
    :returns: (..., e).
    :raises ValueError: if a residual is to follow a GELU.
    """
    if residual is not None and gelu:
        raise ValueError('residual: expected none where a GELU follows, got one')
    if _is_fusible(x, weight):
        if residual is None:
            name, kind = ('gelu', 'none') if gelu else ('none', '')
            return cast('Tensor', _FUSED(x, weight, bias, name, [], kind))
        if residual.shape[:-1] == x.shape[:-1] and residual.dtype == x.dtype:
            return cast('Tensor', _FUSED.binary(x, residual, weight, bias, 'add'))
    y = functional.linear(x, weight, bias)
    if gelu:
        return functional.gelu(y)
    return y if residual is None else residual + y


class Linear(nn.Linear):
    """An affine map of the last axis, with what usually follows it."""

    def forward(self, x: Tensor, *, residual: Tensor | None = None, gelu: bool = False) -> Tensor:
        """Transform (..., d) into (..., e), see `product`."""
        return product(x, self.weight, self.bias, residual=residual, gelu=gelu)


def _is_fusible(x: Tensor, weight: Tensor) -> bool:
    return (
        _FUSED is not None
        and x.device.type == 'cpu'
        and x.dtype in _TYPES
        and weight.dtype == x.dtype
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
        and not torch.is_autocast_enabled('cpu')
        and not torch.compiler.is_compiling()
        and bool(torch.backends.mkldnn.enabled)
    )
