"""`~/save`: one moment as a folder of files."""

from collections.abc import Mapping
from datetime import datetime, timezone
import json
from pathlib import Path
import shutil
from typing import Any, Final

import cv2
import numpy as np
from occany_ros.bags.disk import disk_error, FULL
from occany_ros.occupancy.costmap import costmap_in_grid, CostmapParameters
from occany_ros.occupancy.export import write_cloud, write_map, write_voxels
from occany_ros.ros.messages.scene import Scene

_PARTIAL: Final = '.partial'


def save(scene: Scene, folder: Path, info: Mapping[str, Any]) -> Path:
    """
    Write grid, points, map, images and what they mean.

    A folder is there as a whole or not at all: it is written beside its place and moved there.

    :param scene: the newest answer.
    :param folder: where the new folder is made.
    :param info: about grid and model, from `occany_ros.ros.messages.grid_info.grid_info`.
    :returns: the new folder, named after the stamp.
    :raises OSError: it cannot be written, for example because the disk is full; nothing is left
        behind.
    """
    place = _free_place(folder.expanduser(), scene.occupancy.stamp_ns)
    partial = place.with_name(place.name + _PARTIAL)
    try:
        partial.mkdir(parents=True)
        _write(scene, partial, info)
        partial.rename(place)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if error.errno not in FULL:
            raise
        raise disk_error(place, _most_bytes(scene), error, 'nothing is left behind') from error
    return place


def _most_bytes(scene: Scene) -> int:
    """Room a moment may take, if nothing of it can be compressed."""
    occupancy = scene.occupancy
    cloud, labels = occupancy.cloud, occupancy.grid.labels
    points = cloud.points.nbytes + cloud.rgb.nbytes + cloud.labels.nbytes
    return 2 * labels.nbytes + points + sum(view.image.nbytes for view in occupancy.views)


def _write(scene: Scene, folder: Path, info: Mapping[str, Any]) -> None:
    occupancy = scene.occupancy
    write_voxels(folder / 'voxels.npz', occupancy.grid)
    cloud = occupancy.cloud
    write_cloud(folder / 'cloud.ply', cloud.points, cloud.rgb, cloud.labels)
    given = scene.parameters.costmap
    limits = CostmapParameters(given.z_min, given.z_max, given.min_voxels)
    write_map(folder, costmap_in_grid(occupancy.grid, scene.traversable, limits))
    for view in occupancy.views:
        _write_image(folder / f'{view.name}.png', view.image[..., ::-1])
    about = {
        'stamp_ns': occupancy.stamp_ns,
        'frame': scene.head().frame_id,
        'base_frame': scene.parameters.base_frame,
        'odometry_frame': scene.odom_frame,
        'odom_from_base': occupancy.odom_from_base.tolist(),
        'extrinsics': occupancy.extrinsics,
        'cameras': {
            view.name: {
                'stamp_ns': view.stamp_ns,
                'base_from_camera': view.base_from_camera.tolist(),
            }
            for view in occupancy.views
        },
        'grid': dict(info),
    }
    (folder / 'meta.json').write_text(json.dumps(about, indent=1) + '\n', encoding='utf-8')


def _write_image(path: Path, pixels: np.ndarray[Any, Any]) -> None:
    is_encoded, data = cv2.imencode('.png', np.ascontiguousarray(pixels))
    if not is_encoded:
        raise OSError(f'{path.name}: the image could not be encoded')
    path.write_bytes(data.tobytes())


def _free_place(folder: Path, stamp_ns: int) -> Path:
    """Find a name nobody has yet: the time of the newest image, UTC."""
    moment = datetime.fromtimestamp(stamp_ns / 1e9, tz=timezone.utc)
    name = moment.strftime('%Y%m%d_%H%M%S_') + f'{stamp_ns // 1_000_000 % 1000:03d}'
    names = (name, *(f'{name}_{count}' for count in range(2, 1000)))
    places = (folder / name for name in names)
    free = (place for place in places if not place.exists())
    found = next(free, None)
    if found is None:
        raise FileExistsError(f'{folder}: expected a free name beside {name}, got 999 taken')
    return found
