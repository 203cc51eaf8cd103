"""
Scenes of nuScenes as data sets.

The data root holds ``v1.0-<split>/*.json``, tables of rows that refer to each other by ``token``,
and the files they name under ``samples`` (key frames) and ``sweeps`` (what lies between).
Quaternions are stored w first; the ego frame is REP-103's, on the ground below the rear axle.
"""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.choosing import chosen
from occany_ros.bags.dataset import DataSet, Stream
from occany_ros.geometry.frame import Camera
from occany_ros.geometry.quaternion import rotation_from_quaternion

CHANNELS: Final = (
    'CAM_FRONT',
    'CAM_FRONT_RIGHT',
    'CAM_FRONT_LEFT',
    'CAM_BACK',
    'CAM_BACK_LEFT',
    'CAM_BACK_RIGHT',
)
TABLES: Final = ('scene', 'sample', 'sample_data', 'calibrated_sensor', 'ego_pose', 'sensor')
MICROSECOND_NS: Final = 1000

Row = Mapping[str, Any]
Table = dict[str, Row]


def nuscenes_tables(path: Path) -> Path | None:
    """
    Find the folder of tables of a nuScenes data root.

    :param path: the data root, or the folder of tables itself.
    :returns: the first by name, e.g. ``v1.0-mini``; None if this is no such data set.
    """
    places = [path, *sorted(path.glob('v1.0-*'))] if path.is_dir() else []
    return next((place for place in places if (place / 'sample_data.json').is_file()), None)


def read_nuscenes(path: Path, scene: str = '') -> DataSet:
    """
    Read the cameras of one scene, key frames and what lies between.

    :param path: as for `nuscenes_tables`.
    :param scene: its name, e.g. ``scene-0061``; without it, the first.
    :raises ValueError: a table is malformed, naming it.
    :raises LookupError: there is no such scene, or a row is missing that another refers to.
    :raises FileNotFoundError: there is no table, or no image of the scene.
    """
    folder = nuscenes_tables(path)
    if folder is None:
        raise FileNotFoundError(f'{path}: expected nuScenes tables such as v1.0-mini/scene.json')
    tables = {name: _table(folder / f'{name}.json') for name in TABLES}
    try:
        return _read_scene(path, folder.parent, tables, scene)
    except KeyError as error:
        raise LookupError(
            f'{folder}: expected tables with the columns of nuScenes 1.0, a row has no {error}; '
            'unpack the metadata again'
        ) from error


def _read_scene(path: Path, root: Path, tables: Mapping[str, Table], scene: str) -> DataSet:
    scenes = {str(row['name']): token for token, row in tables['scene'].items()}
    if not scenes:
        raise LookupError(f'{path}: expected scenes in scene.json, got none')
    name = chosen(path, 'scene', tuple(scenes), scene)
    shots, missing = _shots_of(tables, scenes[name], root)
    if not shots:
        raise FileNotFoundError(
            f'{path}: expected the images of {name} under {root / "samples"}, got none of '
            f'{missing}; unpack the blobs of the data set beside the tables'
        )
    streams = tuple(
        _stream(channel, shots[channel], tables, root) for channel in CHANNELS if channel in shots
    )
    poses = _poses(tables, [row for rows in shots.values() for row in rows])
    map_from_odom = poses[0][1]
    odom_from_map = np.linalg.inv(map_from_odom)
    damage = ''
    if missing:
        damage = f'{path}: {missing} images of {name} are in the tables, but not on the disk'
    return DataSet(
        streams,
        _statement(name, scenes, streams),
        tuple((stamp_ns, odom_from_map @ pose) for stamp_ns, pose in poses),
        map_from_odom,
        damage,
    )


def _statement(name: str, scenes: Mapping[str, str], streams: tuple[Stream, ...]) -> str:
    count = sum(len(stream.shots) for stream in streams)
    others = '' if len(scenes) < 2 else f'; --scene chooses one of {len(scenes)}'
    return (
        f'nuScenes {name}: {count} images of {len(streams)} cameras{others}; '
        'the preset nuscenes has their topics'
    )


def _table(path: Path) -> Table:
    """
    Read a table; row by token.

    :raises ValueError: it is no table.
    """
    try:
        rows = json.loads(path.read_text(encoding='utf-8'))
        return {str(row['token']): row for row in rows}
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path}: expected this table of nuScenes, there is none; unpack the metadata again'
        ) from error
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(
            f'{path}: expected a list of rows with a token each, got something else ({error}); '
            'unpack the metadata again'
        ) from error


def _row(tables: Mapping[str, Table], table: str, token: str) -> Row:
    """Follow a reference."""
    try:
        return tables[table][token]
    except LookupError as error:
        raise LookupError(
            f'{table}.json: expected a row {token}, which another table refers to, there is none; '
            'unpack the metadata again'
        ) from error


def _shots_of(
    tables: Mapping[str, Table], scene: str, root: Path
) -> tuple[dict[str, list[Row]], int]:
    """
    Gather the camera rows of a scene whose files are there.

    :returns: channel -> rows of ``sample_data``, oldest first; and the number without a file.
    """
    samples = {token for token, row in tables['sample'].items() if row['scene_token'] == scene}
    shots: dict[str, list[Row]] = {}
    missing = 0
    for row in tables['sample_data'].values():
        if row['sample_token'] not in samples:
            continue
        channel = _channel(tables, row)
        if channel not in CHANNELS:
            continue
        if (root / str(row['filename'])).is_file():
            shots.setdefault(channel, []).append(row)
        else:
            missing += 1
    for rows in shots.values():
        rows.sort(key=lambda row: int(row['timestamp']))
    return shots, missing


def _channel(tables: Mapping[str, Table], row: Row) -> str:
    mounting = _row(tables, 'calibrated_sensor', row['calibrated_sensor_token'])
    return str(_row(tables, 'sensor', mounting['sensor_token'])['channel'])


def _stream(channel: str, rows: list[Row], tables: Mapping[str, Table], root: Path) -> Stream:
    mounting = _row(tables, 'calibrated_sensor', rows[0]['calibrated_sensor_token'])
    intrinsics = np.array(mounting['camera_intrinsic'], np.float64)
    if intrinsics.shape != (3, 3):
        raise ValueError(
            f'calibrated_sensor.json: expected a 3 x 3 camera_intrinsic of {channel}, got '
            f'{intrinsics.shape}; unpack the metadata again'
        )
    name = channel.lower()
    return Stream(
        Camera(name, intrinsics, _pose(mounting)),
        f'/{name}/image_rect_compressed',
        f'/{name}/camera_info',
        f'{name}_optical',
        (int(rows[0]['height']), int(rows[0]['width'])),
        tuple((_stamp_ns(row), root / str(row['filename'])) for row in rows),
    )


def _stamp_ns(row: Row) -> int:
    return int(row['timestamp']) * MICROSECOND_NS


def _poses(
    tables: Mapping[str, Table], rows: Iterable[Row]
) -> list[tuple[int, NDArray[np.float64]]]:
    """Poses of the car in the map at the times of images, oldest first."""
    tokens = {_stamp_ns(row): str(row['ego_pose_token']) for row in rows}
    return [
        (stamp_ns, _pose(_row(tables, 'ego_pose', token)))
        for stamp_ns, token in sorted(tokens.items())
    ]


def _pose(row: Row) -> NDArray[np.float64]:
    """Rigid matrix of a row with ``translation`` and ``rotation`` (w, x, y, z)."""
    w, x, y, z = row['rotation']
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion((x, y, z, w))
    matrix[:3, 3] = row['translation']
    return matrix
