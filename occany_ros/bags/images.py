"""Folders of images as recordings: which file is which camera at which time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Final, get_args, Literal
from warnings import catch_warnings, simplefilter

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.synthetic.rig import base_from_camera, pinhole, SURROUND
from PIL import Image

Layout = Literal['sequence', 'cameras', 'instant']

SUFFIXES: Final = frozenset({'.jpg', '.jpeg', '.png'})
CALIBRATION_FILE: Final = 'cameras.json'
FIRST_STAMP_NS: Final = 1_000_000_000
SURROUND_NAMES: Final = ('front', 'front_left', 'front_right', 'back', 'back_left', 'back_right')
SAME_SCENE: Final = 0.3
MAX_PIXELS: Final = 64_000_000
THUMBNAIL: Final = (32, 16)


@dataclass(frozen=True, slots=True, eq=False)
class ImageFolder:
    """
    What a folder of images was taken for.

    :param layout: one camera over time, one sub-folder per camera, or many cameras at one instant.
    :param cameras: in order; the first is the reference.
    :param files: of each camera, its images in the order of time.
    :param statement: the guess and its reason, in words for the user.
    """

    layout: Layout
    cameras: tuple[Camera, ...]
    files: tuple[tuple[Path, ...], ...]
    statement: str

    @property
    def steps(self) -> int:
        """Return the number of time steps."""
        return max(len(files) for files in self.files)


def read_folder(folder: Path, layout: Layout | Literal['auto'] = 'auto') -> ImageFolder:
    """
    Find the cameras and time steps in a folder of JPEG or PNG files.

    Sub-folders are cameras, their n-th files belong together. Files side by side are one camera
    over time, unless neighbours look unlike each other: then they are cameras at one instant.
    A file ``cameras.json`` may give, by camera name, ``intrinsics`` (3 x 3, pixels) and
    ``base_from_camera`` (4 x 4, metres).

    :param layout: the answer, where the guess would be wrong.
    :raises FileNotFoundError: the folder does not exist or has no images.
    :raises ValueError: the layout is unknown, or there is nothing that fits it.
    """
    if layout not in ('auto', *get_args(Layout)):
        raise ValueError(f'layout: expected auto or one of {get_args(Layout)}, got {layout!r}')
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: expected a folder of images')
    flat = image_files(folder)
    below = {
        child.name: image_files(child) for child in sorted(folder.iterdir()) if child.is_dir()
    }
    below = {name: files for name, files in below.items() if files}
    if layout == 'cameras' or (layout == 'auto' and below and not flat):
        return _from_sub_folders(folder, below)
    if not flat:
        raise FileNotFoundError(
            f'{folder}: expected images ending in {", ".join(sorted(SUFFIXES))}, got none'
        )
    reason = ''
    if layout == 'auto':
        layout, reason = _guess(flat)
    if layout == 'instant':
        return _from_instant(folder, flat, reason)
    cameras = _cameras(folder, ('front',))
    statement = f'{len(flat)} images of one camera in the order of their names{reason}'
    return ImageFolder('sequence', cameras, (flat,), statement)


def image_files(folder: Path) -> tuple[Path, ...]:
    """List the JPEG and PNG files directly in a folder; numbers in their names count as such."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return tuple(sorted(files, key=_natural))


def frame_sets(folder: ImageFolder, period_s: float = 0.5) -> Iterator[FrameSet]:
    """
    Read the images, time step by time step.

    :param period_s: time between steps, seconds.
    :raises ValueError: a file is no readable image, naming it.
    """
    for step, stamp_ns in enumerate(stamps_ns(folder, period_s)):
        yield FrameSet(
            tuple(
                Frame(camera, stamp_ns, read_image(files[step]))
                for camera, files in zip(folder.cameras, folder.files, strict=True)
                if step < len(files)
            )
        )


def stamps_ns(folder: ImageFolder, period_s: float) -> tuple[int, ...]:
    """
    Give every time step its stamp, nanoseconds; the first is 1 s, as zero means unstamped.

    :raises ValueError: the period is not positive.
    """
    if not period_s > 0:
        raise ValueError(f'period: expected more than 0 seconds, got {period_s}')
    period_ns = round(period_s * 1e9)
    return tuple(FIRST_STAMP_NS + step * period_ns for step in range(folder.steps))


def read_image(path: Path) -> NDArray[np.uint8]:
    """
    Read a file as RGB, (h, w, 3).

    :raises ValueError: it is no readable image, or one of absurd size.
    """
    try:
        with catch_warnings():
            simplefilter('ignore')  # Pillow warns of large ones; here they are refused
            with Image.open(path) as header:
                pixels = header.width * header.height
    except (OSError, Image.DecompressionBombError):
        pixels = 0
    if not 0 < pixels <= MAX_PIXELS:
        raise ValueError(
            f'{path}: expected a readable JPEG or PNG of at most {MAX_PIXELS} pixels; remove or '
            'replace the file'
        )
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f'{path}: expected a readable JPEG or PNG; remove or replace the file')
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def nominal_surround(size: tuple[int, int]) -> tuple[Camera, ...]:
    """
    Calibrate six cameras as on a nuScenes car, for images that come without calibration.

    :param size: height and width of the images, pixels.
    :returns: in the order of ``SURROUND_NAMES``.
    """
    places = {camera_name(name): (heading, wide, place) for name, heading, wide, place in SURROUND}
    cameras = []
    for name in SURROUND_NAMES:
        heading, opening, position = places[name]
        pose = base_from_camera(position, float(np.radians(heading)), 0.0, 0.0)
        cameras.append(Camera(name, pinhole(float(np.radians(opening)), size), pose))
    return tuple(cameras)


def camera_name(name: str) -> str:
    """Turn a data set's name of a camera into ours: ``CAM_FRONT_LEFT`` is ``front_left``."""
    return name.lower().removeprefix('cam_')


def _natural(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort key under which ``9.png`` comes before ``10.png``."""
    return tuple(
        (int(part), '') if part.isdigit() else (-1, part)
        for part in re.split(r'(\d+)', path.name)
        if part
    )


def _from_sub_folders(folder: Path, below: dict[str, tuple[Path, ...]]) -> ImageFolder:
    if not below:
        raise ValueError(f'{folder}: expected a sub-folder of images per camera, got none')
    names = tuple(below)
    counts = [len(files) for files in below.values()]
    statement = f'{len(names)} cameras, one per sub-folder: {", ".join(names)}'
    if len(set(counts)) > 1:
        statement += f'; they have {min(counts)} to {max(counts)} images, the last sets lack some'
    cameras = _cameras(folder, names)
    return ImageFolder('cameras', cameras, tuple(below.values()), statement)


def _from_instant(folder: Path, files: tuple[Path, ...], reason: str) -> ImageFolder:
    known = len(files) == len(SURROUND_NAMES)
    names = SURROUND_NAMES if known else tuple(f'camera_{index}' for index in range(len(files)))
    statement = f'{len(files)} cameras at one instant, called {", ".join(names)}{reason}'
    cameras = _cameras(folder, names)
    if known and not (folder / CALIBRATION_FILE).is_file():
        height, width = read_image(files[0]).shape[:2]
        cameras = nominal_surround((height, width))
        statement += f'; no {CALIBRATION_FILE}, so they are taken to sit as on a nuScenes car'
    return ImageFolder('instant', cameras, tuple((file,) for file in files), statement)


def _cameras(folder: Path, names: Sequence[str]) -> tuple[Camera, ...]:
    """Cameras with what ``cameras.json`` says about them."""
    path = folder / CALIBRATION_FILE
    known = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    cameras = []
    for name in names:
        entry = known.get(name, {})
        intrinsics = _matrix(path, entry, 'intrinsics', 3)
        base_from_camera = _matrix(path, entry, 'base_from_camera', 4)
        cameras.append(Camera(name, intrinsics, base_from_camera))
    return tuple(cameras)


def _matrix(
    path: Path, entry: dict[str, object], key: str, size: int
) -> NDArray[np.float64] | None:
    if key not in entry:
        return None
    matrix = np.asarray(entry[key], np.float64)
    if matrix.shape != (size, size):
        raise ValueError(f'{path}, {key}: expected {size} x {size} numbers, got {matrix.shape}')
    return matrix


def _guess(files: Sequence[Path]) -> tuple[Layout, str]:
    """Tell one camera over time from many cameras at one instant by likeness of neighbours."""
    if not 2 <= len(files) <= 12:
        return 'sequence', ''
    thumbnails = [_thumbnail(path) for path in files]
    pairs = pairwise(thumbnails)
    likeness = float(np.median([np.sum(first * second) for first, second in pairs]))
    if likeness < SAME_SCENE:
        return 'instant', (
            f' (neighbouring images show different things, likeness {likeness:.2f}; '
            'if they are one camera over time, say --layout sequence)'
        )
    return 'sequence', (
        f' (neighbouring images look alike, likeness {likeness:.2f}; '
        'if they are cameras at one instant, say --layout instant)'
    )


def _thumbnail(path: Path) -> NDArray[np.float64]:
    """Tiny grey picture of unit length, without the sky-above-road gradient all streets share."""
    grey = cv2.cvtColor(read_image(path), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float64)
    small -= small.mean(axis=1, keepdims=True)
    return small / max(float(np.linalg.norm(small)), 1e-9)
