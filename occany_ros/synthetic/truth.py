"""Exact occupancy of a street, and which of its cells cameras saw."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.cells import Cells, meets, Solid, TOUCH
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.primitives import Kind
from occany_ros.synthetic.scene import Scene
import torch

DEFAULT_GRID = GridSpec((-40.0, -40.0, -1.0), 0.4, (200, 200, 16))


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
    res, origin = spec.resolution, np.array(spec.origin)
    x, y, z = (origin[a] + np.arange(spec.shape[a]) * res for a in range(3))
    labels = np.zeros(spec.shape, np.uint8)
    level = int(np.floor(-origin[2] / res))
    if 0 <= level < spec.shape[2]:
        labels[:, :, level] = _ground(scene, world_from_base, x + res / 2, y + res / 2)
    solids, turn = scene.solids, world_from_base[:3, :3]
    centre = (solids.centre - world_from_base[:3, 3]) @ turn
    axes = solids.axes @ turn
    extent = np.abs(axes * solids.half[:, :, None]).sum(1) + TOUCH
    first = np.floor((centre - extent - origin) / res).astype(int)
    last = np.floor((centre + extent - origin) / res).astype(int) + 1
    first, last = np.maximum(first, 0), np.minimum(last, spec.shape)
    inside = np.flatnonzero((first < last).all(1))
    grid_label = OCC3D.grid_from_native[solids.label]
    for row in inside[np.argsort(-solids.half[inside].prod(1), kind='stable')]:
        a, b, c = (slice(*bounds) for bounds in zip(first[row], last[row], strict=True))
        middle = centre[row]
        solid = Solid(
            Kind(solids.kind[row]),
            solids.half[row],
            solids.shape[row],
            (float(axes[row, 0, 0]), float(axes[row, 0, 1])),
            bool(axes[row, 2, 2] > 0.5),
        )
        half_cell = res / 2
        cells = Cells(
            x[a] + half_cell - middle[0], y[b] + half_cell - middle[1], z[c] - middle[2], res
        )
        np.copyto(labels[a, b, c], grid_label[row], where=meets(solid, cells))
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
