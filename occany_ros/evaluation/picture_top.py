"""A voxel grid from above, with the driven path and a scale."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.evaluation.picture_ink import ACCENT, blank, CARD, FAINT, INK, Rgb, write
from occany_ros.occupancy.grid import FREE, OccupancyGrid3d, UNKNOWN

SUPERSAMPLING: Final = 2
UNSEEN: Final = (229, 232, 237)
SEEN: Final = (248, 249, 251)
RING: Final = (128, 136, 150)
RINGS: Final = (10, 20, 30, 40)  # metres
BAR: Final = 10  # metres
GROUND_LIGHT: Final = 0.80


@dataclass(frozen=True, slots=True)
class Extent:
    """
    Part of the ground that is shown, base frame, metres.

    :param back: smallest x.
    :param front: largest x.
    :param side: largest distance to the left and right.
    """

    back: float
    front: float
    side: float

    def size(self, width: int) -> tuple[int, int]:
        """Return height and width of a picture of that width, pixels."""
        return round(width * (self.front - self.back) / (2 * self.side)), width


def top_picture(
    grid: OccupancyGrid3d,
    colours: Rgb,
    width: int,
    extent: Extent,
    path: NDArray[np.float64],
) -> Rgb:
    """
    Draw the highest occupied cell of every column; the robot looks up, its left is left.

    :param colours: RGB of every label, (c, 3).
    :param width: pixels.
    :param path: positions of the robot in its present base frame, metres, (n, 2).
    :returns: RGB, (h, w, 3).
    """
    height, width = (SUPERSAMPLING * side for side in extent.size(width))
    scale = width / (2 * extent.side)  # pixels per metre
    cells = column_colours(grid, colours)[::-1, ::-1]  # row = -x, column = -y
    step = grid.spec.resolution * scale
    ends = np.asarray(grid.spec.origin[:2]) + grid.spec.resolution * np.asarray(cells.shape[:2])
    shift = ((extent.side - ends[1]) * scale, (extent.front - ends[0]) * scale)
    matrix = np.array([[step, 0, shift[0] - 0.5 + step / 2], [0, step, shift[1] - 0.5 + step / 2]])
    picture = np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(cells),
            matrix,
            (width, height),
            flags=cv2.INTER_NEAREST,
            borderValue=UNSEEN,
        ),
        np.uint8,
    )
    middle = (extent.side * scale, extent.front * scale)
    _rings(picture, middle, scale)
    _path(picture, middle, scale, path)
    _ego(picture, middle, scale)
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    picture = np.asarray(small, np.uint8)
    _ring_names(picture, middle, scale)
    _scale_bar(picture, scale / SUPERSAMPLING)
    return picture


def column_colours(grid: OccupancyGrid3d, colours: Rgb) -> Rgb:
    """Colour every column by its highest occupied cell, brighter the higher it is, (x, y, 3)."""
    labels = grid.labels
    occupied = (labels != FREE) & (labels != UNKNOWN)
    size_z = labels.shape[2]
    top = size_z - 1 - np.argmax(occupied[:, :, ::-1], axis=2)
    label = np.take_along_axis(labels, top[:, :, None], axis=2)[:, :, 0]
    light = GROUND_LIGHT + (1.1 - GROUND_LIGHT) * top / max(size_z - 1, 1)
    known = (labels != UNKNOWN).any(axis=2)
    filled = occupied.any(axis=2)
    safe = np.where(filled, label, 0)
    shaded = np.clip(colours[safe] * light[:, :, None], 0, 255)
    ground = np.where(known[:, :, None], np.array(SEEN), np.array(UNSEEN))
    return np.where(filled[:, :, None], shaded, ground).astype(np.uint8)


def _rings(picture: Rgb, middle: tuple[float, float], scale: float) -> None:
    overlay = picture.copy()
    centre = (round(middle[0]), round(middle[1]))
    for radius in RINGS:
        for start in range(0, 360, 6):  # dashes
            sector = (round(radius * scale),) * 2
            cv2.ellipse(overlay, centre, sector, 0, start, start + 3, RING, 2, cv2.LINE_AA)
    cv2.addWeighted(overlay, 0.75, picture, 0.25, 0, picture)


def _ring_names(picture: Rgb, middle: tuple[float, float], scale: float) -> None:
    x = round(middle[0] / SUPERSAMPLING)
    for radius in RINGS:
        y = round((middle[1] - radius * scale) / SUPERSAMPLING)
        if 14 < y < picture.shape[0]:
            _haloed(picture, f'{radius} m', (x + 5, y + 15))


def _path(
    picture: Rgb, middle: tuple[float, float], scale: float, path: NDArray[np.float64]
) -> None:
    if len(path) < 2:
        return
    pixels = np.stack([middle[0] - scale * path[:, 1], middle[1] - scale * path[:, 0]], axis=1)
    line = np.round(pixels * 16).astype(np.int32)
    for colour, thickness in ((CARD, 12), (ACCENT, 7)):
        cv2.polylines(
            picture,
            [line],
            isClosed=False,
            color=colour,
            thickness=thickness,
            lineType=cv2.LINE_AA,
            shift=4,
        )
    for x, y in np.round(pixels).astype(int):
        cv2.circle(picture, (int(x), int(y)), 7, CARD, -1, cv2.LINE_AA)
        cv2.circle(picture, (int(x), int(y)), 5, ACCENT, -1, cv2.LINE_AA)


def _ego(picture: Rgb, middle: tuple[float, float], scale: float) -> None:
    """Arrow at the robot, pointing where it looks."""
    shape = np.array([(2.6, 0.0), (-1.6, 1.4), (-0.7, 0.0), (-1.6, -1.4)])
    pixels = np.stack([middle[0] - scale * shape[:, 1], middle[1] - scale * shape[:, 0]], axis=1)
    points = np.round(pixels * 16).astype(np.int32)
    cv2.fillPoly(picture, [points], ACCENT, cv2.LINE_AA, 4)
    cv2.polylines(
        picture, [points], isClosed=True, color=CARD, thickness=3, lineType=cv2.LINE_AA, shift=4
    )


def _scale_bar(picture: Rgb, scale: float) -> None:
    length = round(BAR * scale)
    left, y = 18, picture.shape[0] - 20
    sheet = blank(46, length + 76, CARD)
    top = y - 26
    bottom, right = top + 46, 8 + sheet.shape[1]
    under = picture[top:bottom, 8:right]
    under[:] = (0.25 * under + 0.75 * sheet[: under.shape[0], : under.shape[1]]).astype(np.uint8)
    cv2.line(picture, (left, y), (left + length, y), INK, 3)
    for x in (left, left + length):
        cv2.line(picture, (x, y - 6), (x, y + 6), INK, 3)
    write(picture, f'{BAR} m', (left + length + 12, y + 6), size=16, weight='bold')


def _haloed(picture: Rgb, text: str, place: tuple[int, int]) -> None:
    for shift in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        moved = (place[0] + shift[0], place[1] + shift[1])
        write(picture, text, moved, size=13, colour=CARD, weight='bold')
    write(picture, text, place, size=13, colour=FAINT, weight='bold')
