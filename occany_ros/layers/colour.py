"""Ranges of colours that networks expect: from -1 to 1, or as in ImageNet."""

from typing import Final

from torch import Tensor

MEAN: Final = (0.485, 0.456, 0.406)
SPREAD: Final = (0.229, 0.224, 0.225)
"""Of red, green and blue in the images of ImageNet."""


def centred(colours: Tensor) -> Tensor:
    """
    Spread colours over both signs.

    :param colours: 0 to 1.
    :returns: -1 to 1, of the same shape.
    """
    return (colours - 0.5) / 0.5


def uncentred(colours: Tensor) -> Tensor:
    """
    Undo `centred`.

    :param colours: -1 to 1.
    :returns: 0 to 1, of the same shape.
    """
    return (colours + 1) / 2


def standardised(colours: Tensor) -> Tensor:
    """
    Bring colours to the mean and spread of ImageNet.

    :param colours: RGB, 0 to 1, (..., 3, h, w).
    :returns: about -2 to 3, of the same shape.
    """
    mean, spread = (colours.new_tensor(x)[:, None, None] for x in (MEAN, SPREAD))
    return (colours - mean) / spread
