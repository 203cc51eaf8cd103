"""Grids and points as files other programs read: NumPy, PLY, and the maps of map_server."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.costmap import COST_FREE, COST_OCCUPIED, Costmap
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
import yaml

_PIXEL_FREE, _PIXEL_OCCUPIED, _PIXEL_UNKNOWN = 254, 0, 205


def write_voxels(path: Path, grid: OccupancyGrid3d) -> None:
    """Write a dense grid as ``.npz``; `read_voxels` is the way back."""
    np.savez_compressed(
        path,
        labels=grid.labels,
        confidence=grid.confidence,
        origin=np.array(grid.spec.origin),
        resolution=np.array(grid.spec.resolution),
        class_names=np.array(grid.class_names),
    )


def read_voxels(path: Path) -> OccupancyGrid3d:
    """Read what `write_voxels` wrote, without executing anything that might be in it."""
    with np.load(path, allow_pickle=False) as file:
        x, y, z = file['origin'].tolist()
        labels = file['labels']
        size_x, size_y, size_z = labels.shape
        spec = GridSpec((x, y, z), float(file['resolution']), (size_x, size_y, size_z))
        names = tuple(str(name) for name in file['class_names'])
        return OccupancyGrid3d(spec, labels, file['confidence'], names)


def write_cloud(
    path: Path,
    points: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    labels: NDArray[np.uint8],
) -> None:
    """
    Write points as binary PLY.

    :param points: metres, (p, 3).
    :param rgb: (p, 3).
    :param labels: (p,).
    """
    columns = [
        *((name, points[:, axis], '<f4', 'float') for axis, name in enumerate('xyz')),
        *(
            (name, rgb[:, axis], 'u1', 'uchar')
            for axis, name in enumerate(('red', 'green', 'blue'))
        ),
        ('label', labels, 'u1', 'uchar'),
    ]
    rows = np.zeros(len(points), [(name, code) for name, _, code, _ in columns])
    for name, values, _, _ in columns:
        rows[name] = values
    properties = [f'property {kind} {name}' for name, _, _, kind in columns]
    lines = ['ply', 'format binary_little_endian 1.0', f'element vertex {len(rows)}']
    header = '\n'.join([*lines, *properties, 'end_header', ''])
    path.write_bytes(header.encode('ascii') + rows.tobytes())


def write_map(folder: Path, costmap: Costmap) -> None:
    """
    Write ``map.pgm`` and ``map.yaml``, as the map_server of Nav2 reads them.

    The first row of the image is the one with the largest y.
    """
    pixels = np.full(costmap.cells.shape, _PIXEL_UNKNOWN, np.uint8)
    pixels[costmap.cells == COST_FREE] = _PIXEL_FREE
    pixels[costmap.cells == COST_OCCUPIED] = _PIXEL_OCCUPIED
    image = np.ascontiguousarray(pixels.T[::-1])
    height, width = image.shape
    header = f'P5\n{width} {height}\n255\n'.encode('ascii')
    (folder / 'map.pgm').write_bytes(header + image.tobytes())
    about = {
        'image': 'map.pgm',
        'mode': 'trinary',
        'resolution': costmap.resolution,
        'origin': [*costmap.origin, 0.0],
        'negate': 0,
        'occupied_thresh': 0.65,
        'free_thresh': 0.196,
    }
    (folder / 'map.yaml').write_text(yaml.safe_dump(about, sort_keys=False), encoding='ascii')
