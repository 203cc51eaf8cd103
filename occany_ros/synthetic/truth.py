"""Exact occupancy of a street, and which of its cells cameras saw."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.primitives import Kind
from occany_ros.synthetic.scene import Scene
import torch

DEFAULT_GRID = GridSpec((-40.0, -40.0, -1.0), 0.4, (200, 200, 16))
_TOUCH = 1e-6


def _levels(
    bottom: NDArray[np.float64], resolution: float, middle: float, half: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest unit z of the solid within each level of cells."""
    low = np.clip((bottom - middle) / half, -1, 1)
    high = np.clip((bottom + resolution - middle) / half, -1, 1)
    return low, high


def _disc(
    dx: NDArray[np.float64],
    dy: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    radius: float,
    shape: NDArray[np.float64],
    reach: float,
) -> NDArray[np.bool_]:
    """Cells, (x, y, z), that an upright round solid meets."""
    gap_x = np.maximum(np.abs(dx) - reach, 0)
    gap_y = np.maximum(np.abs(dy) - reach, 0)
    if shape[2] > 0:
        nearest = np.clip(0.0, low, high)
        square = np.maximum(1 - nearest**2, 0)
    else:
        square = (shape[0] + shape[1] * (low if shape[1] <= 0 else high)) ** 2
    gap = gap_x[:, None] ** 2 + gap_y[None] ** 2
    return gap[:, :, None] <= square * radius**2 + _TOUCH


def _block(
    dx: NDArray[np.float64],
    dy: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    half: NDArray[np.float64],
    turn: tuple[float, float],
    lean: NDArray[np.float64],
    reach: float,
) -> NDArray[np.bool_]:
    """Cells, (x, y, z), that an upright box or wedge meets: separating axes, level by level."""
    cos, sin = turn
    along = (cos * dx[:, None] + sin * dy[None])[:, :, None]
    aside = (cos * dy[None] - sin * dx[:, None])[:, :, None]
    spread = reach * (abs(cos) + abs(sin)) + _TOUCH
    if not lean.any():
        low, high = low[:1], high[:1]
    front, rear, side = (1 - part / 2 * ((low if part >= 0 else high) + 1) for part in lean)
    front, rear, side = front * half[0], -rear * half[0], side * half[1]
    met = (along - spread <= front) & (along + spread >= rear)
    met &= np.abs(aside) <= side + spread
    middle, long = (front + rear) / 2, (front - rear) / 2
    bound_x = abs(cos) * long + abs(sin) * side + reach + _TOUCH
    bound_y = abs(sin) * long + abs(cos) * side + reach + _TOUCH
    met &= (np.abs(dx[:, None] - cos * middle) <= bound_x)[:, None]
    met &= (np.abs(dy[:, None] - sin * middle) <= bound_y)[None]
    return met


def _roller(
    dx: NDArray[np.float64],
    dy: NDArray[np.float64],
    bottom: NDArray[np.float64],
    middle: float,
    half: NDArray[np.float64],
    turn: tuple[float, float],
    reach: float,
) -> NDArray[np.bool_]:
    """Cells that a lying cylinder meets; tight to a few centimetres at its rim."""
    cos, sin = turn
    along = cos * dx[:, None] + sin * dy[None]
    aside = cos * dy[None] - sin * dx[:, None]
    spread = reach * (abs(cos) + abs(sin)) + _TOUCH
    gap = np.maximum(np.abs(along) - spread, 0)[:, :, None] ** 2
    rise = np.maximum(np.abs(bottom + reach - middle) - reach, 0)
    return (gap + rise**2 <= half[0] ** 2) & (np.abs(aside) <= half[2] + spread)[:, :, None]


def occupancy(
    scene: Scene, world_from_base: NDArray[np.float64], spec: GridSpec = DEFAULT_GRID
) -> OccupancyGrid3d:
    """
    Fill every cell that a solid or the ground meets.

    Where several solids share a cell the smaller wins; any solid wins over the ground.

    :param scene: the street.
    :param world_from_base: pose of the vehicle (turned about z only), metres, (4, 4).
    :param spec: cells in the base frame.
    :returns: labels and full confidence.
    """
    res = spec.resolution
    nx, ny, nz = spec.shape
    origin = np.array(spec.origin)
    labels = np.zeros(spec.shape, np.uint8)
    turn = world_from_base[:3, :3]
    level = int(np.floor(-origin[2] / res))
    x = origin[0] + (np.arange(nx) + 0.5) * res
    y = origin[1] + (np.arange(ny) + 0.5) * res
    bottom = origin[2] + np.arange(nz) * res
    if 0 <= level < nz:
        labels[:, :, level] = _ground(scene, world_from_base, x, y)
    solids = scene.solids
    centre = (solids.centre - world_from_base[:3, 3]) @ turn
    axes = solids.axes @ turn
    extent = np.abs(axes * solids.half[:, :, None]).sum(1)
    first = np.floor((centre - extent - _TOUCH - origin) / res).astype(int)
    last = np.floor((centre + extent + _TOUCH - origin) / res).astype(int) + 1
    first, last = np.maximum(first, 0), np.minimum(last, spec.shape)
    inside = np.flatnonzero((first < last).all(1))
    size = solids.half[inside].prod(1)
    grid_label = OCC3D.grid_from_native[solids.label]
    for row in inside[np.argsort(-size, kind='stable')]:
        (i, j, k), (l, m, n) = first[row], last[row]
        dx, dy = x[i:l] - centre[row, 0], y[j:m] - centre[row, 1]
        half, shape, reach = solids.half[row], solids.shape[row], res / 2
        heading = (float(axes[row, 0, 0]), float(axes[row, 0, 1]))
        if solids.kind[row] == Kind.ROUND and axes[row, 2, 2] < 0.5:
            met = _roller(dx, dy, bottom[k:n], centre[row, 2], half, heading, reach)
        else:
            low, high = _levels(bottom[k:n], res, centre[row, 2], half[2])
            if solids.kind[row] == Kind.ROUND:
                met = _disc(dx, dy, low, high, half[0], shape, reach)
            else:
                met = _block(dx, dy, low, high, half, heading, shape[:3], reach)
        part = labels[i:l, j:m, k:n]
        np.copyto(part, grid_label[row], where=met)
    confidence = np.full(spec.shape, 255, np.uint8)
    return OccupancyGrid3d(spec, labels, confidence, tuple(OCC3D.grid_names))


def _ground(
    scene: Scene,
    world_from_base: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Grid label of the ground at the cells' middles, (x, y)."""
    (a, b), (c, d) = world_from_base[:2, :2]
    world_x = world_from_base[0, 3] + a * x[:, None] + b * y[None]
    world_y = world_from_base[1, 3] + c * x[:, None] + d * y[None]
    rows = GroundRows(torch.from_numpy(scene.ground.row()))
    place = locate(
        rows,
        torch.from_numpy(world_x.astype(np.float32)),
        torch.from_numpy(world_y.astype(np.float32)),
    )
    return OCC3D.grid_from_native[place.label.numpy()]


def seen_cells(
    views: Iterable[tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]],
    spec: GridSpec = DEFAULT_GRID,
) -> NDArray[np.bool_]:
    """
    Mark the cells that cameras saw.

    A cell counts as seen when a pixel's true point lies in it, or when its middle lies in an image
    and nearer than the true depth there (the line of sight passed through it).

    :param views: for every image the true depth along the optical axis (0 or infinite: sky),
        metres, (h, w); the pinhole matrix, (3, 3); and ``base_from_camera`` in the frame of the
        grid, (4, 4).
    :param spec: the cells.
    :returns: (x, y, z).
    """
    seen = np.zeros(spec.shape, np.bool_)
    for depth, intrinsics, base_from_camera in views:
        far = np.where((depth > 0) & np.isfinite(depth), depth, np.float32(np.inf))
        _mark_hits(seen, far, intrinsics, base_from_camera, spec)
        _mark_passed(seen, far, intrinsics, base_from_camera, spec)
    return seen


def unproject(
    depth: NDArray[np.float32],
    intrinsics: NDArray[np.float64],
    world_from_camera: NDArray[np.float64],
) -> NDArray[np.float32]:
    """
    Place every pixel's point.

    :param depth: along the optical axis, metres, (h, w).
    :param intrinsics: pinhole matrix, (3, 3).
    :param world_from_camera: pose of the optical frame, (4, 4).
    :returns: points in the frame of the pose, metres, (h, w, 3).
    """
    height, width = depth.shape
    u = ((np.arange(width) - intrinsics[0, 2]) / intrinsics[0, 0]).astype(np.float32)
    v = ((np.arange(height) - intrinsics[1, 2]) / intrinsics[1, 1]).astype(np.float32)
    turn = world_from_camera[:3, :3].astype(np.float32)
    rays = u[None, :, None] * turn[:, 0] + v[:, None, None] * turn[:, 1] + turn[:, 2]
    return depth[:, :, None] * rays + world_from_camera[:3, 3].astype(np.float32)


def _mark_hits(
    seen: NDArray[np.bool_],
    depth: NDArray[np.float32],
    intrinsics: NDArray[np.float64],
    base_from_camera: NDArray[np.float64],
    spec: GridSpec,
) -> None:
    with np.errstate(invalid='ignore'):
        points = unproject(depth, intrinsics, base_from_camera)[np.isfinite(depth)]
    cell = np.floor((points - np.array(spec.origin, np.float32)) / np.float32(spec.resolution))
    inside = ((cell >= 0) & (cell < spec.shape)).all(1)
    i, j, k = cell[inside].astype(np.intp).T
    seen[i, j, k] = True


def _mark_passed(
    seen: NDArray[np.bool_],
    depth: NDArray[np.float32],
    intrinsics: NDArray[np.float64],
    base_from_camera: NDArray[np.float64],
    spec: GridSpec,
) -> None:
    height, width = depth.shape
    turn = base_from_camera[:3, :3].astype(np.float32)
    shift = base_from_camera[:3, 3]
    axes = [
        (spec.origin[a] - shift[a] + (np.arange(spec.shape[a]) + 0.5) * spec.resolution).astype(
            np.float32
        )
        for a in range(3)
    ]
    flat = np.stack(np.meshgrid(axes[0], axes[1], indexing='ij'), -1).reshape(-1, 2)
    spans = np.abs(turn[2]) * np.abs(axes[2]).max()
    ahead = flat @ turn[:2, 2] + spans[2] > 0.1
    wide = flat @ turn[:2, 0]
    limit = max(intrinsics[0, 2], width - intrinsics[0, 2]) / intrinsics[0, 0]
    ahead &= np.abs(wide) - spans[0] < limit * (flat @ turn[:2, 2] + spans[2]) + 1.0
    columns = np.flatnonzero(ahead)
    here = flat[columns]
    x, y, z = (
        (here @ turn[:2, a])[:, None] + axes[2][None] * turn[2, a] for a in range(3)
    )  # (c, z)
    scale = 1 / np.maximum(z, np.float32(0.05))
    u = np.rint(x * scale * np.float32(intrinsics[0, 0]) + np.float32(intrinsics[0, 2]))
    v = np.rint(y * scale * np.float32(intrinsics[1, 1]) + np.float32(intrinsics[1, 2]))
    inside = (z > 0.1) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    c, k = np.nonzero(inside)
    passed = z[c, k] < depth[v[c, k].astype(np.intp), u[c, k].astype(np.intp)]
    seen.reshape(-1, spec.shape[2])[columns[c[passed]], k[passed]] = True
