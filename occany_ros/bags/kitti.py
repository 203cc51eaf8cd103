"""
Sequences of the KITTI odometry benchmark as data sets.

``sequences/<NN>/`` holds ``image_0`` … ``image_3``, ``calib.txt`` (3 x 4 projections ``P0`` …
``P3`` of the rectified cameras, and ``Tr``, camera 0 from lidar) and ``times.txt`` (seconds);
``poses/<NN>.txt`` beside ``sequences`` holds 3 x 4 poses of camera 0 since the first image.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.choosing import chosen
from occany_ros.bags.dataset import DataSet, Stream
from occany_ros.bags.images import FIRST_STAMP_NS, image_files, read_image
from occany_ros.geometry.frame import Camera

COLOUR: Final = {'image_2': 'camera_color_left', 'image_3': 'camera_color_right'}
GREY: Final = {'image_0': 'camera_gray_left', 'image_1': 'camera_gray_right'}
BASE_FROM_LIDAR_M: Final = (0.81, -0.32, 0.80)
"""
Place of the lidar in the base frame, which lies at the inertial unit, as in recordings of the raw
data: the odometry benchmark gives no calibration of that unit, so the drawing's figure stands in.
"""
NOMINAL_LIDAR_FROM_CAMERA: Final = (
    (0.0, 0.0, 1.0, 0.27),
    (-1.0, 0.0, 0.0, 0.0),
    (0.0, -1.0, 0.0, -0.08),
    (0.0, 0.0, 0.0, 1.0),
)
"""Camera 0 in the lidar's frame by the drawing, for a calibration without ``Tr``."""


def kitti_sequences(path: Path) -> tuple[Path, ...]:
    """
    Find KITTI odometry sequences.

    :param path: one sequence, the folder ``sequences`` or what holds it.
    :returns: their folders in the order of their names; none if this is no such data set.
    """
    if _is_sequence(path):
        return (path,)
    for place in (path / 'sequences', path / 'dataset' / 'sequences', path):
        if place.is_dir():
            found = tuple(child for child in sorted(place.iterdir()) if _is_sequence(child))
            if found:
                return found
    return ()


def read_kitti(path: Path, scene: str = '') -> DataSet:
    """
    Read one sequence.

    :param path: as for `kitti_sequences`.
    :param scene: name of the sequence, e.g. ``08``; without it, the first.
    :raises ValueError: a file of it is malformed, naming it.
    :raises LookupError: there is no such sequence.
    """
    sequences = {folder.name: folder for folder in kitti_sequences(path)}
    folder = sequences[chosen(path, 'sequence', tuple(sequences), scene)]
    times_s = _rows(folder / 'times.txt', 1)[:, 0]
    names = {key: name for key, name in COLOUR.items() if _has_images(folder / key)}
    names = names or {key: name for key, name in GREY.items() if _has_images(folder / key)}
    calibration = _calibration(folder / 'calib.txt')
    base_from_camera0 = _base_from_camera0(calibration)
    streams, damage = [], ''
    for key, name in names.items():
        files = image_files(folder / key)
        shots = _shots(files, times_s)
        if len(shots) < len(files):
            damage = (
                f'{folder / "times.txt"}: {len(times_s)} times for {len(files)} images of {key}; '
                f'the {len(files) - len(shots)} without one are left out'
            )
        camera = _camera(name, calibration.get(f'P{key[-1]}'), base_from_camera0)
        height, width = read_image(files[0]).shape[:2]
        topic = f'/kitti/{name}'
        streams.append(
            Stream(
                camera,
                f'{topic}/image_raw/compressed',
                f'{topic}/camera_info',
                f'{name}_optical',
                (height, width),
                shots,
            )
        )
    poses = _poses(folder, times_s, base_from_camera0)
    return DataSet(
        tuple(streams), _statement(folder, sequences, streams, poses), poses, None, damage
    )


def _is_sequence(folder: Path) -> bool:
    has_images = any(_has_images(folder / key) for key in (*COLOUR, *GREY))
    return has_images and (folder / 'times.txt').is_file()


def _has_images(folder: Path) -> bool:
    return folder.is_dir() and bool(image_files(folder))


def _statement(
    folder: Path,
    sequences: dict[str, Path],
    streams: Sequence[Stream],
    poses: Sequence[tuple[int, NDArray[np.float64]]],
) -> str:
    count = max(len(stream.shots) for stream in streams)
    cameras = ' and '.join(stream.camera.name for stream in streams)
    known = 'with' if poses else 'without'
    others = '' if len(sequences) < 2 else f'; --scene chooses among {", ".join(sequences)}'
    return (
        f'KITTI odometry sequence {folder.name}: {count} images of {cameras}, {known} poses'
        f'{others}; the preset kitti has their topics'
    )


def _shots(files: Sequence[Path], times_s: NDArray[np.float64]) -> tuple[tuple[int, Path], ...]:
    """Give every image the time on the line of its number."""
    numbered = [
        (int(file.stem) if file.stem.isdigit() else row, file) for row, file in enumerate(files)
    ]
    return tuple(
        (_stamp_ns(times_s[number]), file) for number, file in numbered if number < len(times_s)
    )


def _stamp_ns(time_s: float) -> int:
    """Shift a time, as the first is zero, which would mean unstamped."""
    return FIRST_STAMP_NS + round(float(time_s) * 1e9)


def _rows(path: Path, width: int) -> NDArray[np.float64]:
    """
    Read a table of numbers, (n, width).

    :raises ValueError: a line has not so many numbers.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding='ascii', errors='replace').splitlines()):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        if len(values) != width or not np.isfinite(values).all():
            raise ValueError(
                f'{path}, line {number + 1}: expected {width} numbers, got {line[:60]!r}; '
                'take the file from the benchmark again'
            )
        rows.append(values)
    return np.array(rows, np.float64).reshape(-1, width)


def _calibration(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the 3 x 4 matrices of ``calib.txt`` by name; none where there is no file."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding='ascii', errors='replace').splitlines():
        name, _, rest = line.partition(':')
        words = rest.split()
        if not words:
            continue
        try:
            found[name.strip()] = np.array([float(word) for word in words]).reshape(3, 4)
        except ValueError as error:
            raise ValueError(
                f'{path}, {name}: expected 12 numbers, got {len(words)} words; '
                'take the file from the benchmark again'
            ) from error
    return found


def _base_from_camera0(calibration: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    base_from_lidar = np.eye(4)
    base_from_lidar[:3, 3] = BASE_FROM_LIDAR_M
    tr = calibration.get('Tr', calibration.get('Tr_velo_to_cam'))
    if tr is None:
        return base_from_lidar @ np.array(NOMINAL_LIDAR_FROM_CAMERA)
    return np.asarray(base_from_lidar @ np.linalg.inv(np.vstack([tr, [0.0, 0.0, 0.0, 1.0]])))


def _camera(
    name: str, projection: NDArray[np.float64] | None, base_from_camera0: NDArray[np.float64]
) -> Camera:
    """Take a projection ``K [I | t]`` of camera 0's points apart."""
    if projection is None:
        return Camera(name)
    intrinsics = projection[:, :3]
    camera0_from_camera = np.eye(4)
    camera0_from_camera[:3, 3] = -np.linalg.solve(intrinsics, projection[:, 3])
    return Camera(name, intrinsics, base_from_camera0 @ camera0_from_camera)


def _poses(
    folder: Path, times_s: NDArray[np.float64], base_from_camera0: NDArray[np.float64]
) -> tuple[tuple[int, NDArray[np.float64]], ...]:
    """Poses of the base since the first image; none where the benchmark keeps them back."""
    places = (folder.parent.parent / 'poses' / f'{folder.name}.txt', folder / 'poses.txt')
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return ()
    camera0_from_base = np.linalg.inv(base_from_camera0)
    poses = []
    for time_s, row in zip(times_s, _rows(path, 12), strict=False):
        first_from_camera = np.vstack([row.reshape(3, 4), [0.0, 0.0, 0.0, 1.0]])
        poses.append(
            (_stamp_ns(time_s), base_from_camera0 @ first_from_camera @ camera0_from_base)
        )
    return tuple(poses)
