"""How fast a device multiplies matrices: the measure of every share in the tables."""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Final

from occany_ros.evaluation.bench.cost import duration
from occany_ros.layers.linear import product
import torch
from torch import Tensor

LARGEST: Final = {'cpu': 2048}
LARGEST_ELSEWHERE: Final = 8192
SLOW_S: Final = 0.25
"""A product that takes this long is as good as a larger one."""


def matrix_rate(device: torch.device, dtype: torch.dtype, repeats: int = 7) -> float:
    """
    Measure the rate of square matrix products.

    Sizes double until a product takes long or is as large as the device deserves. Both libraries
    a product may come from are tried. The fastest size counts, because no network can use more.

    :param device: where.
    :param dtype: of the matrices; float32 on a GPU follows torch's setting for TF32.
    :param repeats: products of each size; their median counts.
    :returns: operations a second, a multiplication with its addition as two.
    """
    return max(_rate(multiply, device, dtype, repeats) for multiply in (torch.matmul, product))


def _rate(
    multiply: Callable[[Tensor, Tensor], Tensor],
    device: torch.device,
    dtype: torch.dtype,
    repeats: int,
) -> float:
    largest = LARGEST.get(device.type, LARGEST_ELSEWHERE)
    best, edge = 0.0, 256
    while edge <= largest:
        left, right = (torch.randn(edge, edge, device=device).to(dtype) for _ in range(2))
        run = partial(multiply, left, right)
        if duration(run, device) > SLOW_S:
            repeats = 1
        middle = median(duration(run, device) for _ in range(repeats))
        best = max(best, 2 * edge**3 / middle)
        if middle > SLOW_S:
            break
        edge *= 2
    return best
