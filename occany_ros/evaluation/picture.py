"""One page that shows a result to somebody who has never seen one: cameras, grid, path, truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.disk import disk_error, FULL
from occany_ros.evaluation.picture_ink import (
    ACCENT,
    blank,
    CARD,
    card,
    FAINT,
    fitted,
    place,
    Rgb,
    swatch,
    tag,
    write,
)
from occany_ros.evaluation.picture_top import Extent, top_picture
from occany_ros.evaluation.picture_voxels import Viewpoint, voxel_picture
from occany_ros.occupancy.grid import FREE, OccupancyGrid3d, UNKNOWN

WIDTH: Final = 1800
MARGIN: Final = 30
GUTTER: Final = 22
HEADER: Final = 96
CAPTION: Final = 40
VOXELS_HEIGHT: Final = 500
PAD: Final = 14
FORWARD: Final = Extent(back=-14.0, front=40.0, side=40.0)
AROUND: Final = Extent(back=-30.0, front=30.0, side=40.0)
FORWARD_VIEW: Final = Viewpoint(eye=(-17.5, -3.5, 14.0), target=(10.5, 0.0, 0.0))
AROUND_VIEW: Final = Viewpoint(eye=(-33.0, -6.0, 27.0), target=(4.0, 0.0, -2.0))


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """
    One grid with the path that led to it.

    :param name: heading, e.g. ``Prediction``.
    :param grid: base frame.
    :param path: positions of the robot in its present base frame, metres, (n, 2).
    """

    name: str
    grid: OccupancyGrid3d
    path: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """
    What is to be shown.

    :param title: one line.
    :param subtitle: one line.
    :param images: camera name and RGB image, in the order of showing.
    :param scenes: one grid, or two side by side.
    :param colours: RGB of every label, (c, 3).
    :param facts: short lines beside the cameras: label and value.
    :param note: a sentence a reader must not miss, or empty.
    """

    title: str
    subtitle: str
    images: tuple[tuple[str, Rgb], ...]
    scenes: tuple[Scene, ...]
    colours: Rgb
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ''


def draw_page(page: Page) -> Rgb:
    """
    Draw the page.

    :returns: RGB, (h, 1800, 3).
    :raises ValueError: there is no scene, or more than two.
    """
    if not 1 <= len(page.scenes) <= 2:
        raise ValueError(f'page: expected 1 or 2 scenes, got {len(page.scenes)}')
    rows = [_cameras_row(page), *_scene_rows(page)]
    height = HEADER + sum(row.shape[0] + GUTTER for row in rows) + MARGIN - GUTTER
    sheet = blank(height, WIDTH)
    write(sheet, page.title, (MARGIN, 46), size=32, weight='bold')
    write(sheet, page.subtitle, (MARGIN, 76), size=17, colour=FAINT)
    top = HEADER
    for row in rows:
        place(sheet, row, (MARGIN, top))
        top += row.shape[0] + GUTTER
    return sheet


def save_picture(path: Path, picture: Rgb) -> None:
    """
    Write a PNG, making its folder.

    :raises OSError: the file cannot be written.
    """
    _, data = cv2.imencode('.png', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise disk_error(path, data.size, error, 'the picture is not whole') from error


def path_in_base(odom_from_base: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Positions of a trajectory seen from its last pose.

    :param odom_from_base: (n, 4, 4), metres.
    :returns: (n, 2), metres.
    """
    if len(odom_from_base) == 0:
        return np.zeros((0, 2))
    base_from_odom = np.linalg.inv(odom_from_base[-1])
    return np.asarray((base_from_odom @ odom_from_base)[:, :2, 3])


def _columns() -> tuple[int, int]:
    """Widths of the row and of one of its two columns, pixels."""
    row = WIDTH - 2 * MARGIN
    return row, (row - GUTTER) // 2


def _cameras_row(page: Page) -> Rgb:
    """Camera images on the left, legend and facts on the right."""
    row, column = _columns()
    tiles = _tiles(page.images, column - 2 * PAD)
    height = max(tiles.shape[0] + CAPTION + PAD, 290)
    sheet = blank(height, row)
    card(sheet, (0, 0), (column, height))
    count = len(page.images)
    headings = {0: 'No camera images in this bag', 1: 'What the camera sees'}
    heading = headings.get(count, f'What the {count} cameras see')
    write(sheet, heading, (PAD, 28), size=19, weight='bold')
    place(sheet, tiles, (PAD, CAPTION))
    left = column + GUTTER
    card(sheet, (left, 0), (column, height))
    _legend(sheet, page, (left + PAD, 0))
    _facts(sheet, page, (left + 480, 0))
    if page.note:
        write(sheet, page.note, (left + PAD, height - 14), size=15, colour=ACCENT, weight='bold')
    return sheet


def _tiles(images: tuple[tuple[str, Rgb], ...], width: int) -> Rgb:
    """Images beside each other, at most three in a row."""
    if not images:
        return blank(1, width, CARD)
    across = min(3, len(images))
    gap = 8
    tile_width = (width - gap * (across - 1)) // across
    height, source_width = images[0][1].shape[:2]
    tile_height = min(round(tile_width * height / source_width), 280)
    rows = (len(images) + across - 1) // across
    sheet = blank(rows * (tile_height + gap) - gap, width, CARD)
    for index, (name, image) in enumerate(images):
        corner = (index % across * (tile_width + gap), index // across * (tile_height + gap))
        place(sheet, fitted(image, tile_width, tile_height), corner)
        tag(sheet, name.replace('_', ' '), corner, size=14)
    return sheet


def _legend(sheet: Rgb, page: Page, corner: tuple[int, int]) -> None:
    """Colour and name of every class that occurs, in two columns."""
    left, top = corner
    write(sheet, 'Colours', (left, top + 28), size=19, weight='bold')
    seen = np.unique(np.concatenate([np.unique(scene.grid.labels) for scene in page.scenes]))
    labels = [int(label) for label in seen if label not in (FREE, UNKNOWN)]
    names = page.scenes[0].grid.class_names
    half = max((len(labels) + 1) // 2, 1)
    for index, label in enumerate(labels):
        x, y = left + 220 * (index // half), top + 46 + 25 * (index % half)
        red, green, blue = (int(value) for value in page.colours[label])
        swatch(sheet, (red, green, blue), (x, y))
        name = names[label] if label < len(names) else f'class {label}'
        write(sheet, name.replace('_', ' '), (x + 26, y + 14), size=16)


def _facts(sheet: Rgb, page: Page, corner: tuple[int, int]) -> None:
    """Label and value, line by line."""
    left, top = corner
    for index, (label, value) in enumerate(page.facts):
        y = top + 28 + 27 * index
        write(sheet, label, (left, y), size=15, colour=FAINT)
        write(sheet, value, (left + 205, y), size=16, weight='bold')


def _scene_rows(page: Page) -> list[Rgb]:
    """Perspective views in one row and top views in the next; of one scene, both in one row."""
    around = len(page.images) > 3 or any(_reaches_back(scene.grid) for scene in page.scenes)
    extent, view = (AROUND, AROUND_VIEW) if around else (FORWARD, FORWARD_VIEW)
    _, column = _columns()
    width = column - 2 * PAD
    height = extent.size(width)[0] if len(page.scenes) == 1 else VOXELS_HEIGHT
    views = [
        (
            f'{scene.name} in 3-D',
            'lines on the floor every 10 m; the red car is the robot',
            voxel_picture(scene.grid, page.colours, (height, width), view),
        )
        for scene in page.scenes
    ]
    tops = [
        (
            f'{scene.name} from above',
            'red: the driven path; grey: not seen',
            top_picture(scene.grid, page.colours, width, extent, scene.path),
        )
        for scene in page.scenes
    ]
    if len(page.scenes) == 1:
        return [_pair(views + tops)]
    return [_pair(views), _pair(tops)]


def _pair(panels: list[tuple[str, str, Rgb]]) -> Rgb:
    """Two cards beside each other: heading, small print, picture."""
    row, column = _columns()
    height = panels[0][2].shape[0] + CAPTION + PAD
    sheet = blank(height, row)
    for index, (heading, small, picture) in enumerate(panels):
        left = index * (column + GUTTER)
        card(sheet, (left, 0), (column, height))
        end = write(sheet, heading, (left + PAD, 28), size=19, weight='bold')
        write(sheet, small, (end + 16, 28), size=14, colour=FAINT)
        place(sheet, picture, (left + PAD, CAPTION))
    return sheet


def _reaches_back(grid: OccupancyGrid3d) -> bool:
    """Whether anything is known well behind the robot, so that the view should show it."""
    cells = round((-10.0 - grid.spec.origin[0]) / grid.spec.resolution)
    behind = grid.labels[: max(cells, 0)]
    return bool(np.count_nonzero((behind != FREE) & (behind != UNKNOWN)) > 50)
