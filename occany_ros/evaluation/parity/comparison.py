"""One number of ours beside one of the released code."""

from dataclasses import dataclass

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
    """

    name: str
    error: float
    tolerance: float | None

    @property
    def has_passed(self) -> bool:
        """Whether there was a check and the error is within its tolerance."""
        return self.tolerance is not None and self.error <= self.tolerance


def compare(name: str, ours: Tensor, golden: Tensor, tolerance: float) -> Comparison:
    """
    Compare one output with the golden one, which may be a part of it.

    :param name: the tensor in the file.
    :param ours: in full.
    :param golden: of the same number of axes, perhaps thinned out, see `thinned`.
    :param tolerance: see `Comparison`.
    """
    part = thinned(ours, golden.shape)
    if part is None:
        return Comparison(name=name, error=float('inf'), tolerance=tolerance)
    return Comparison(name=name, error=relative_error(part, golden), tolerance=tolerance)


def relative_error(ours: Tensor, golden: Tensor) -> float:
    """Largest difference over the largest golden value or 1, for equal shapes."""
    a, b = ours.detach().cpu().double(), golden.double()
    is_same = (a == b) | (a.isnan() & b.isnan())
    difference = torch.where(is_same, 0.0, (a - b).abs()).nan_to_num(nan=float('inf'))
    finite = b[b.isfinite()]
    scale = max(1.0, float(finite.abs().max())) if finite.numel() else 1.0
    return float(difference.max()) / scale if difference.numel() else 0.0


def thinned(ours: Tensor, shape: torch.Size) -> Tensor | None:
    """
    Take every n-th element along each axis but the first, so that a shape results.

    :returns: the part, None if no step leads to the shape.
    """
    if ours.dim() != len(shape) or ours.shape[:1] != shape[:1]:
        return None
    for axis, (full, wanted) in enumerate(zip(ours.shape, shape, strict=True)):
        if full == wanted:
            continue
        step = -(-full // wanted) if wanted else 0
        if not step or -(-full // step) != wanted:
            return None
        ours = ours[(slice(None),) * axis + (slice(None, None, step),)]
    return ours
