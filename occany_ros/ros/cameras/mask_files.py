"""Masks from image files: which parts of a camera's images are used; knows no ROS."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.ros.messages.decode import MAX_PIXELS, MAX_SIDE, turn
from occany_ros.ros.messages.image_files import decode_file
from occany_ros.ros.settings.parameter_inputs import CameraParameters

LARGEST_FILE: Final = 64 << 20
ASPECT_TOLERANCE: Final = 0.02

Masks = Mapping[str, NDArray[np.bool_]]


def load_masks(cameras: Iterable[CameraParameters]) -> Masks:
    """
    Read the masks of all cameras that have one.

    :returns: camera -> mask of its images as delivered, (r, c), true = use.
    :raises ValueError: a file is missing, no picture, too large, or hides everything.
    """
    return {
        camera.name: read_mask(Path(camera.mask_file).expanduser(), f'{camera.name}.mask_file')
        for camera in cameras
        if camera.mask_file
    }


def read_mask(path: Path, name: str) -> NDArray[np.bool_]:
    """
    Read one mask.

    :param path: a PNG or JPEG file; every pixel that is not black is used.
    :param name: of the parameter, for the message.
    :returns: (r, c).
    :raises ValueError: see `load_masks`.
    """
    remedy = 'draw a PNG: white where the image is used, black where it is not'
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_FILE and path.is_file() else b''
    except OSError as error:
        raise ValueError(f'{name}: expected a readable file, got {path}: {error.strerror}') from (
            error
        )
    if not data:
        raise ValueError(
            f'{name}: expected a picture of at most {LARGEST_FILE >> 20} MB, got {path} of '
            f'{size} bytes; {remedy}'
        )
    try:
        picture = decode_file(np.frombuffer(data, np.uint8), check_size=_check_size)
    except ValueError as error:
        raise ValueError(f'{name}: expected a picture, got {path}: {error}; {remedy}') from error
    mask = np.asarray(picture.max(axis=2) > 0, np.bool_)
    if not mask.any():
        raise ValueError(
            f'{name}: expected some pixels that are not black, got {path} with none: no part of '
            f'the image would be used; {remedy}'
        )
    return mask


def mask_for(
    masks: Masks, camera: CameraParameters, size: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """
    Take the mask of a camera's turned images.

    :param size: height and width of the image as delivered.
    :returns: (r, c) at any size, None where the camera has none.
    :raises ValueError: the mask has another shape than the image.
    """
    mask = masks.get(camera.name)
    if mask is None:
        return None
    (height, width), (rows, columns) = size, mask.shape
    if abs(columns * height / (rows * width) - 1.0) > ASPECT_TOLERANCE:
        raise ValueError(
            f'{camera.name}.mask_file: expected the shape of the images, {width}x{height}, got '
            f'{columns}x{rows} in {camera.mask_file}; draw it on an image of this camera'
        )
    return turn(mask, camera.rotate)


def _check_size(height: int, width: int) -> None:
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and height * width <= MAX_PIXELS):
        raise ValueError(f'it has {width}x{height} pixels, more than {MAX_PIXELS}')
