"""Text, cards and swatches: the small things every picture is made of."""

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Colour = tuple[int, int, int]

PAPER: Final[Colour] = (238, 240, 244)
CARD: Final[Colour] = (255, 255, 255)
BORDER: Final[Colour] = (211, 216, 224)
INK: Final[Colour] = (28, 35, 48)
FAINT: Final[Colour] = (108, 117, 132)
ACCENT: Final[Colour] = (205, 38, 55)

Weight = Literal['regular', 'bold']

_WEIGHTS: Final = {'regular': 400, 'bold': 640}
_HERSHEY_HEIGHT: Final = 30.0  # pixels of a line at scale 1
_RADIUS: Final = 10


def blank(height: int, width: int, colour: Colour = PAPER) -> Rgb:
    """Make an empty sheet."""
    return np.full((height, width, 3), colour, np.uint8)


def write(
    sheet: Rgb,
    text: str,
    place: tuple[int, int],
    *,
    size: int = 16,
    colour: Colour = INK,
    weight: Weight = 'regular',
) -> int:
    """
    Write one line of text.

    OpenCV 5 brings a real font; before it there were only strokes, and no signs beyond ASCII.

    :param place: left end of the base line, (x, y) pixels.
    :param size: height, pixels.
    :returns: where the line ends, pixels from the left.
    """
    if hasattr(cv2, 'FontFace'):
        face = cv2.FontFace('sans')
        end, _ = cv2.putText(sheet, text, place, colour, face, size, _WEIGHTS[weight])
        return int(end[0])
    plain = text.replace('→', '->').replace('±', '+-').replace('·', '-')
    plain = plain.encode('ascii', 'replace').decode()
    scale, thickness = size / _HERSHEY_HEIGHT, 2 if weight == 'bold' else 1
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(sheet, plain, place, font, scale, colour, thickness, cv2.LINE_AA)
    (width, _), _ = cv2.getTextSize(plain, font, scale, thickness)
    return place[0] + int(width)


def card(sheet: Rgb, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """
    Draw a white card with round corners and a thin border.

    :param corner: upper left, (x, y) pixels.
    :param size: (width, height) pixels.
    """
    left, top = corner
    right, bottom = left + size[0] - 1, top + size[1] - 1
    r = _RADIUS
    for colour, inset in ((BORDER, 0), (CARD, 1)):
        low, high = (left + inset, top + inset), (right - inset, bottom - inset)
        cv2.rectangle(sheet, (low[0] + r, low[1]), (high[0] - r, high[1]), colour, -1)
        cv2.rectangle(sheet, (low[0], low[1] + r), (high[0], high[1] - r), colour, -1)
        for x in (low[0] + r, high[0] - r):
            for y in (low[1] + r, high[1] - r):
                cv2.circle(sheet, (x, y), r, colour, -1, cv2.LINE_AA)


def place(sheet: Rgb, picture: Rgb, corner: tuple[int, int]) -> None:
    """Copy a picture onto a sheet; ``corner`` is its upper left, (x, y) pixels."""
    height, width = picture.shape[:2]
    right, bottom = corner[0] + width, corner[1] + height
    left, top = corner
    sheet[top:bottom, left:right] = picture


def tag(sheet: Rgb, text: str, corner: tuple[int, int], size: int = 15) -> None:
    """Write a caption on a dark strip inside a picture; ``corner`` is its upper left."""
    strip = blank(size + 12, 1200, (0, 0, 0))
    width = write(strip, text, (9, size + 4), size=size, colour=(255, 255, 255)) + 9
    strip = strip[:, :width]
    right, bottom = corner[0] + strip.shape[1], corner[1] + strip.shape[0]
    left, top = corner
    under = sheet[top:bottom, left:right]
    strip = strip[: under.shape[0], : under.shape[1]]
    under[:] = np.maximum(strip, (under * 0.38).astype(np.uint8))


def swatch(sheet: Rgb, colour: Colour, corner: tuple[int, int], side: int = 16) -> None:
    """Draw a small filled square with a thin border."""
    end = (corner[0] + side - 1, corner[1] + side - 1)
    cv2.rectangle(sheet, corner, end, colour, -1)
    cv2.rectangle(sheet, corner, end, BORDER, 1)


def fitted(picture: Rgb, width: int, height: int) -> Rgb:
    """Scale a picture to cover a box and cut off what sticks out, middle kept."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (
        max(width, round(picture.shape[1] * scale)),
        max(height, round(picture.shape[0] * scale)),
    )
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    big = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    right, bottom = left + width, top + height
    return big[top:bottom, left:right]
