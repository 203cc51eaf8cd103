"""A voxel grid drawn in perspective: shaded cubes, far to near, without any graphics library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import FREE, GridSpec, OccupancyGrid3d, UNKNOWN

Rgb = NDArray[np.uint8]

SUPERSAMPLING: Final = 2
SUBPIXEL_BITS: Final = 4
NEAR: Final = 0.5
SKY_TOP: Final = np.array([226, 233, 242], np.float32)
SKY_BOTTOM: Final = np.array([250, 251, 252], np.float32)
SUN: Final = (-0.55, -0.8)  # cells sideways a shadow ray runs while it climbs one cell
SHADOW: Final = 0.62
HAZE_FROM, HAZE_TO, HAZE_MOST = 30.0, 85.0, 0.55  # metres, metres, share
EDGE_SIZE: Final = 9.0  # pixels a cell must have to get an outline
EGO_COLOUR: Final = np.array([205, 38, 55], np.float32)
EGO_LEAD: Final = 2.5
FLOOR_COLOUR: Final = (233, 236, 241)
FLOOR_LINE: Final = (205, 211, 220)
FLOOR_STEP: Final = 10  # metres
EGO_BOXES: Final = (  # minimum and maximum corner, metres, base frame
    ((-1.1, -0.9, 0.25), (3.1, 0.9, 0.95)),
    ((-0.7, -0.75, 0.95), (1.7, 0.75, 1.55)),
)
# Outward axis, side, light of that side.
SIDES: Final = ((0, 1, 0.72), (0, -1, 0.84), (1, 1, 0.76), (1, -1, 0.88), (2, 1, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Viewpoint:
    """
    Where the picture is taken from.

    :param eye: base frame, metres.
    :param target: point in the middle of the picture, base frame, metres.
    :param field_of_view_deg: horizontal opening angle.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view_deg: float = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """
    Squares to draw.

    :param corners: base frame, metres, (f, 4, 3).
    :param colours: shaded RGB, (f, 3) float32.
    :param lead: metres by which each counts as nearer than it is, (f,) float32; large faces need
        it, as faces are sorted by their centres.
    """

    corners: NDArray[np.float32]
    colours: NDArray[np.float32]
    lead: NDArray[np.float32]


def voxel_picture(
    grid: OccupancyGrid3d,
    colours: Rgb,
    size: tuple[int, int],
    view: Viewpoint,
    *,
    ego: bool = True,
) -> Rgb:
    """
    Draw the occupied cells of a grid.

    :param colours: RGB of every label, (c, 3).
    :param size: height and width of the picture, pixels.
    :param ego: draw the robot as a small red car.
    :returns: RGB, (h, w, 3).
    """
    height, width = (SUPERSAMPLING * side for side in size)
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = (SKY_TOP + rows * (SKY_BOTTOM - SKY_TOP)).round()
    _floor(canvas, grid.spec, view)
    faces = cube_faces(grid, colours, view)
    if ego:
        faces = _joined(faces, _ego_faces(view))
    _paint(canvas, faces, view)
    return np.asarray(cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _floor(canvas: Rgb, spec: GridSpec, view: Viewpoint) -> None:
    """Draw the footprint of the grid on the ground, with a line every ten metres."""
    low = np.asarray(spec.origin[:2])
    high = low + spec.resolution * np.asarray(spec.shape[:2])
    # What lies behind the viewer cannot be projected: begin the floor at the viewer's feet.
    low[0] = max(low[0], view.eye[0])
    if low[0] >= high[0]:
        return
    steps = [
        np.arange(np.ceil(first / FLOOR_STEP), np.floor(last / FLOOR_STEP) + 1) * FLOOR_STEP
        for first, last in zip(low, high, strict=True)
    ]
    outline = [(low[0], low[1]), (low[0], high[1]), (high[0], high[1]), (high[0], low[1])]
    lines = [((x, low[1]), (x, high[1])) for x in steps[0]]
    lines += [((low[0], y), (high[0], y)) for y in steps[1]]
    for points in (outline, *lines):
        corners = np.zeros((1, len(points), 3), np.float32)
        corners[0, :, :2] = points
        pixels, _, _ = _projected(corners, view, canvas.shape)
        shape = np.round(pixels[0] * (1 << SUBPIXEL_BITS)).astype(np.int32)
        if len(points) > 2:
            cv2.fillConvexPoly(canvas, shape, FLOOR_COLOUR, cv2.LINE_AA, SUBPIXEL_BITS)
        else:
            _outline(canvas, shape, FLOOR_LINE, thickness=2, closed=False)


def cube_faces(grid: OccupancyGrid3d, colours: Rgb, view: Viewpoint) -> Faces:
    """Shade those faces of the occupied cells that are exposed and turned to the viewer."""
    labels = grid.labels
    occupied = (labels != FREE) & (labels != UNKNOWN)
    padded = np.pad(occupied, 2)
    shaded = _shadowed(padded)
    origin = np.asarray(grid.spec.origin, np.float32)
    eye = (np.asarray(view.eye, np.float32) - origin) / grid.spec.resolution
    corners, painted = [], []
    for axis, side, light in SIDES:
        beyond = _neighbours(padded, axis, side)
        cells = np.argwhere(occupied & ~beyond)
        turned = side * (eye[axis] - cells[:, axis] - (side > 0)) > 0
        cells = cells[turned]
        outside = cells + 2
        outside[:, axis] += side
        brightness = light * np.where(shaded[tuple(outside.T)], SHADOW, 1.0)
        brightness *= 1.0 - 0.35 * _crowding(padded, outside, axis)
        brightness *= 0.94 + 0.012 * cells[:, 2]
        corners.append(origin + grid.spec.resolution * _square(cells, axis, side))
        own = colours[labels[tuple(cells.T)]].astype(np.float32)
        painted.append((own * 0.92 + 12.0) * brightness[:, None].astype(np.float32))
    squares = np.concatenate(corners).astype(np.float32)
    return Faces(squares, np.concatenate(painted), np.zeros(len(squares), np.float32))


def _neighbours(padded: NDArray[np.bool_], axis: int, side: int) -> NDArray[np.bool_]:
    """Whether the next cell in a direction is occupied; ``padded`` has two cells of margin."""
    return np.roll(padded, -side, axis)[2:-2, 2:-2, 2:-2]


def _shadowed(padded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells whose ray to the sun hits an occupied one."""
    shadow = np.zeros_like(padded)
    size_x, size_y, size_z = padded.shape
    for step in range(1, size_z):
        x, y = round(step * SUN[0]), round(step * SUN[1])
        x_to, x_from = _overlap(x, size_x)
        y_to, y_from = _overlap(y, size_y)
        shadow[x_to, y_to, :-step] |= padded[x_from, y_from, step:]
    return shadow


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Slices that pair a cell with the one ``shift`` further on."""
    last = size - abs(shift)
    here, there = slice(0, last), slice(abs(shift), size)
    return (here, there) if shift >= 0 else (there, here)


def _crowding(
    padded: NDArray[np.bool_], outside: NDArray[np.int64], axis: int
) -> NDArray[np.float64]:
    """Share of occupied cells around the free cell in front of a face: corners are darker."""
    count = np.zeros(len(outside))
    others = [other for other in range(3) if other != axis]
    for other in others:
        for step in (-1, 1):
            beside = outside.copy()
            beside[:, other] += step
            limits = np.asarray(padded.shape) - 1
            count += padded[tuple(np.clip(beside, 0, limits).T)]
    return count / 4.0


def _square(cells: NDArray[np.int64], axis: int, side: int) -> NDArray[np.float32]:
    """Four corners of one face of each cell, in cells, (f, 4, 3)."""
    first, second = (other for other in range(3) if other != axis)
    corners = np.zeros((4, 3), np.float32)
    corners[:, axis] = side > 0
    corners[[1, 2], first] = 1
    corners[[2, 3], second] = 1
    return cells[:, None].astype(np.float32) + corners


def _ego_faces(view: Viewpoint) -> Faces:
    """Faces of the robot's two boxes that are turned to the viewer."""
    corners, painted = [], []
    for low, high in EGO_BOXES:
        start, extent = np.asarray(low, np.float32), np.subtract(high, low).astype(np.float32)
        for axis, side, light in SIDES:
            edge = high[axis] if side > 0 else low[axis]
            if side * (view.eye[axis] - edge) > 0:
                square = _square(np.zeros((1, 3), np.int64), axis, side)
                corners.append(start + extent * square)
                painted.append(EGO_COLOUR[None] * np.float32(light))
    lead = np.full(len(corners), EGO_LEAD, np.float32)
    return Faces(np.concatenate(corners), np.concatenate(painted), lead)


def _joined(first: Faces, second: Faces) -> Faces:
    return Faces(
        np.concatenate([first.corners, second.corners]),
        np.concatenate([first.colours, second.colours]),
        np.concatenate([first.lead, second.lead]),
    )


def _paint(canvas: Rgb, faces: Faces, view: Viewpoint) -> None:
    """Fill the faces, the farthest first."""
    distance = np.linalg.norm(faces.corners.mean(axis=1) - np.asarray(view.eye), axis=1)
    pixels, depth, focal = _projected(faces.corners, view, canvas.shape)
    height, width = canvas.shape[:2]
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    seen = (depth.min(axis=1) > NEAR) & (high > 0).all(axis=1)
    seen &= (low[:, 0] < width) & (low[:, 1] < height)
    order = np.flatnonzero(seen)
    order = order[np.argsort(faces.lead[order] - distance[order], kind='stable')]
    haze = np.clip((distance - HAZE_FROM) / (HAZE_TO - HAZE_FROM), 0.0, 1.0) * HAZE_MOST
    fills = faces.colours + haze[:, None] * (SKY_BOTTOM - faces.colours)
    fills = np.clip(fills, 0, 255)
    edge_size = focal * np.linalg.norm(faces.corners[:, 1] - faces.corners[:, 0], axis=1)
    outlined = edge_size / np.maximum(distance, NEAR) > EDGE_SIZE
    points = np.round(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32)
    fill_list, edge_list = fills.tolist(), (fills * 0.86).tolist()
    for index in order:
        cv2.fillConvexPoly(canvas, points[index], fill_list[index], cv2.LINE_8, SUBPIXEL_BITS)
        if outlined[index]:
            _outline(canvas, points[index], edge_list[index])


def _outline(
    canvas: Rgb,
    points: NDArray[np.int32],
    colour: Sequence[float],
    *,
    thickness: int = 1,
    closed: bool = True,
) -> None:
    """Draw lines through points given in fractions of pixels."""
    cv2.polylines(
        canvas,
        [points],
        isClosed=closed,
        color=colour,
        thickness=thickness,
        lineType=cv2.LINE_AA,
        shift=SUBPIXEL_BITS,
    )


def _projected(
    corners: NDArray[np.float32], view: Viewpoint, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Pixels (f, 4, 2) and depths (f, 4) of points, and the focal length in pixels."""
    forward = np.subtract(view.target, view.eye, dtype=np.float64)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward]).astype(np.float32)
    local = (corners - np.asarray(view.eye, np.float32)) @ axes.T
    depth = local[..., 2]
    height, width = shape[:2]
    focal = width / 2 / float(np.tan(np.radians(view.field_of_view_deg) / 2))
    pixels = focal * local[..., :2] / np.maximum(depth, NEAR)[..., None]
    middle = np.array([width / 2, height / 2], np.float32)
    return pixels + middle, depth, focal
