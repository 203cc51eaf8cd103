"""The square of pixels, or of logits, that networks of masks work in (semantics spec B.5, B.9)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.layers.colour import standardised
import torch
from torch import Tensor
from torch.nn import functional

INSIDE: Final = 10.0
"""Logit of a pixel that is surely part of a mask."""
STRIDE: Final = 4
"""Edge of the square of pixels over that of the square of logits."""


def squeezed_image(image: NDArray[np.uint8], edge: int) -> Tensor:
    """
    Squeeze an image into the square that SAM 2 was trained on.

    :param image: RGB, (h, w, 3).
    :param edge: of the square, pixels.
    :returns: (3, edge, edge) float32.
    """
    owned = np.array(image)  # those of messages cannot be written to
    parts = torch.from_numpy(owned).permute(2, 0, 1)[None].float() / 255  # (1, 3, h, w)
    square = functional.interpolate(parts, (edge, edge), mode='bilinear', antialias=True)
    return standardised(square[0])


def stretched_masks(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """
    Bring masks to the size of a view.

    :param logits: (n, s, s).
    :param size: height and width wanted, pixels.
    :returns: which pixels are inside, (n, height, width) bool.
    """
    return functional.interpolate(logits[:, None].float(), size, mode='bilinear')[:, 0] > 0


def squeezed_masks(masks: Tensor, edge: int) -> Tensor:
    """
    Make logits of masks, as SAM 2 does before it follows things through a video.

    The published code takes every mask through this, and so rounds it to the grid of the logits,
    even where there is nothing to follow it to.

    :param masks: (n, h, w) bool.
    :param edge: of the square of pixels; that of the logits is a quarter of it.
    :returns: -10 to 10, (n, edge / 4, edge / 4) float32.
    """
    pixels = functional.interpolate(
        masks[:, None].float(), (edge, edge), mode='bilinear', antialias=True
    )
    logits = torch.where(pixels >= 0.5, INSIDE, -INSIDE)
    grid = (edge // STRIDE, edge // STRIDE)
    return functional.interpolate(logits, grid, mode='bilinear', antialias=True)[:, 0]
