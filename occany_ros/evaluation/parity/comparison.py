"""One number of ours beside one of the released code."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    How far one output is from the golden one.

    :param name: the tensor in the file.
    :param error: largest absolute difference, divided by the largest golden value where that
        exceeds 1; infinite for another shape or anything not finite on one side only.
    :param tolerance: what ``error`` may be; None where nothing was computed to compare with.
    :param reason: why nothing is computed, where that is meant to be so.
    """

    name: str
    error: float
    tolerance: float | None
    reason: str = ''

    @property
    def has_passed(self) -> bool:
        """Whether there was a check and the error is within its tolerance."""
        return self.tolerance is not None and self.error <= self.tolerance


def left_out(name: str, reason: str) -> Comparison:
    """Say that an output is not computed, and why."""
    return Comparison(name=name, error=float('nan'), tolerance=None, reason=reason)


def compare(
    name: str,
    ours: Tensor,
    golden: Tensor,
    tolerance: float,
    *,
    leading_axis: int | None = None,
    spared: float = 0.0,
) -> Comparison:
    """
    Compare one output with the golden one, which may be a part of it.

    Where a shape can come about in several ways, the part that fits best counts.

    :param name: the tensor in the file.
    :param ours: in full.
    :param golden: of the same number of axes, perhaps thinned out, see `thinned`.
    :param tolerance: see `Comparison`.
    :param leading_axis: see `thinned`.
    :param spared: see `relative_error`.
    """
    parts = thinned(ours, golden.shape, leading_axis)
    error = min((relative_error(part, golden, spared) for part in parts), default=float('inf'))
    return Comparison(name=name, error=error, tolerance=tolerance)


def relative_error(ours: Tensor, golden: Tensor, spared: float = 0.0) -> float:
    """
    Largest difference over the largest golden value or 1, for equal shapes.

    :param spared: share of the differences that do not count, the largest ones.
    """
    a, b = ours.detach().cpu().double(), golden.double()
    is_same = (a == b) | (a.isnan() & b.isnan())
    difference = torch.where(is_same, 0.0, (a - b).abs()).nan_to_num(nan=float('inf'))
    finite = b[b.isfinite()]
    scale = max(1.0, float(finite.abs().max())) if finite.numel() else 1.0
    if not difference.numel():
        return 0.0
    counted = max(1, difference.numel() - int(spared * difference.numel()))
    return float(difference.flatten().kthvalue(counted).values) / scale


def thinned(ours: Tensor, shape: torch.Size, leading_axis: int | None = None) -> Iterator[Tensor]:
    """
    Take every n-th element along each axis but the first, so that a shape results.

    :param leading_axis: axis along which the first elements only may have been taken as well.
    :returns: all parts that have the shape.
    """
    if ours.dim() != len(shape) or ours.shape[:1] != shape[:1]:
        return
    choices = []
    for axis, (full, wanted) in enumerate(zip(ours.shape, shape, strict=True)):
        steps = [slice(None, None, step) for step in _steps(full, wanted)]
        leading = [slice(wanted)] if axis == leading_axis and wanted < full else []
        choices.append(steps + leading)
    for part in product(*choices):
        yield ours[part]


def _steps(full: int, wanted: int) -> range:
    """Find the steps that leave a number of elements of an axis."""
    if wanted < 1 or wanted > full:
        return range(1, 2 if full == wanted else 1)
    shortest = -(-full // wanted)
    if wanted == 1:
        return range(shortest, shortest + 1)
    return range(shortest, (full - 1) // (wanted - 1) + 1)
