"""Image messages to RGB arrays: every encoding, no copy where the bytes already are RGB."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.ros.messages.bridged import bridged
from occany_ros.ros.messages.image_files import decode_file

MAX_SIDE: Final = 16384
MAX_PIXELS: Final = 64_000_000

Rgb = NDArray[np.uint8]
ScalarT = TypeVar('ScalarT', bound=np.generic)


class ImageMessage(Protocol):
    """What is read of a ``sensor_msgs/Image``."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int

    @property
    def data(self) -> bytes:
        """Return rows of ``step`` bytes."""


class CompressedImageMessage(Protocol):
    """What is read of a ``sensor_msgs/CompressedImage``."""

    @property
    def data(self) -> bytes:
        """Return a whole JPEG or PNG file."""


def _cv2(code: int) -> Callable[[NDArray[np.uint8]], Rgb]:
    return lambda rows: np.asarray(cv2.cvtColor(rows, code), np.uint8)


# Encoding -> (channels in memory, sample bytes, conversion to RGB). OpenCV names a Bayer pattern
# by its second row, from the second column on; ROS by its first two samples.
_BAYER: Final = {
    'rggb': cv2.COLOR_BayerBG2RGB,
    'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB,
    'grbg': cv2.COLOR_BayerGB2RGB,
}
_FORMATS: Final[dict[str, tuple[int, int, Callable[[NDArray[np.uint8]], Rgb]]]] = {
    'rgb8': (3, 1, lambda rows: rows),
    'bgr8': (3, 1, _cv2(cv2.COLOR_BGR2RGB)),
    '8uc3': (3, 1, _cv2(cv2.COLOR_BGR2RGB)),
    'rgba8': (4, 1, _cv2(cv2.COLOR_RGBA2RGB)),
    'bgra8': (4, 1, _cv2(cv2.COLOR_BGRA2RGB)),
    '8uc4': (4, 1, _cv2(cv2.COLOR_BGRA2RGB)),
    'mono8': (1, 1, _cv2(cv2.COLOR_GRAY2RGB)),
    '8uc1': (1, 1, _cv2(cv2.COLOR_GRAY2RGB)),
    'mono16': (1, 2, _cv2(cv2.COLOR_GRAY2RGB)),
    'yuv422': (2, 1, _cv2(cv2.COLOR_YUV2RGB_UYVY)),
    'uyvy': (2, 1, _cv2(cv2.COLOR_YUV2RGB_UYVY)),
    'yuv422_yuy2': (2, 1, _cv2(cv2.COLOR_YUV2RGB_YUY2)),
    'yuyv': (2, 1, _cv2(cv2.COLOR_YUV2RGB_YUY2)),
    'nv12': (1, 1, _cv2(cv2.COLOR_YUV2RGB_NV12)),
    'nv21': (1, 1, _cv2(cv2.COLOR_YUV2RGB_NV21)),
    **{f'bayer_{pattern}8': (1, 1, _cv2(code)) for pattern, code in _BAYER.items()},
    **{f'bayer_{pattern}16': (1, 2, _cv2(code)) for pattern, code in _BAYER.items()},
}
ENCODINGS: Final = tuple(_FORMATS)


def decode_image(message: ImageMessage) -> Rgb:
    """
    Give the pixels of a raw image message as RGB.

    ``rgb8`` is a view into the message's own bytes, row padding and all; everything else is
    converted once. Sizes are checked before anything is allocated.

    :param message: a ``sensor_msgs/Image``.
    :returns: (h, w, 3) uint8.
    :raises ValueError: an encoding neither we nor cv_bridge know, absurd size, or fewer bytes
        than the header promises.
    """
    encoding = message.encoding.lower()
    _check_size(message.height, message.width)
    if encoding not in _FORMATS:
        return _by_others(message)
    channels, sample, to_rgb = _FORMATS[encoding]
    planar = encoding.startswith('nv')
    if (planar or channels == 2) and (message.width % 2 or (planar and message.height % 2)):
        raise ValueError(
            f'size: expected even sides for {encoding}, got {message.width}x{message.height}; '
            'crop the image to even sides'
        )
    rows = message.height * 3 // 2 if planar else message.height
    samples = _samples(message, rows, channels * sample)
    if sample == 2:
        first = _high_byte(message.is_bigendian)
        return to_rgb(np.ascontiguousarray(samples[..., first]))
    return to_rgb(samples[..., 0] if channels == 1 else samples)


def decode_compressed(message: CompressedImageMessage) -> Rgb:
    """
    Decode the JPEG or PNG file inside a compressed image message.

    :param message: a ``sensor_msgs/CompressedImage``.
    :returns: (h, w, 3) uint8.
    :raises ValueError: neither JPEG nor PNG, truncated, damaged, or of absurd size.
    """
    return decode_file(np.frombuffer(message.data, np.uint8), check_size=_check_size)


def turn(image: NDArray[ScalarT], angle_deg: int) -> NDArray[ScalarT]:
    """
    Turn an image clockwise, for cameras that are not mounted upright.

    :param image: (h, w) or (h, w, 3).
    :returns: the same with sides exchanged after a quarter turn; contiguous.
    """
    return image if angle_deg == 0 else np.ascontiguousarray(np.rot90(image, -angle_deg // 90))


def _by_others(message: ImageMessage) -> Rgb:
    pixels = bridged(message)
    if pixels is None:
        raise ValueError(
            f'encoding: expected one of {", ".join(ENCODINGS)}, got {message.encoding!r}; remap '
            'to a colour topic, convert with image_proc, or install cv_bridge'
        )
    return pixels


def _check_size(height: int, width: int) -> None:
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and height * width <= MAX_PIXELS):
        raise ValueError(
            f'size: expected 1..{MAX_SIDE} a side and at most {MAX_PIXELS} pixels, '
            f'got {width}x{height}; the publisher sends a damaged header'
        )


def _samples(message: ImageMessage, rows: int, depth: int) -> NDArray[np.uint8]:
    """View the bytes as (rows, width, depth) without the padding of ``step``."""
    used = message.width * depth
    if message.step < used:
        raise ValueError(
            f'step: expected at least {used} bytes for {message.width} pixels of '
            f'{message.encoding}, got {message.step}; the publisher fills the header wrongly'
        )
    buffer = np.frombuffer(message.data, np.uint8)
    needed = message.step * (rows - 1) + used
    if buffer.size < needed:
        raise ValueError(
            f'data: expected at least {needed} bytes for {message.width}x{message.height} '
            f'{message.encoding}, got {buffer.size}; the message is truncated'
        )
    shape, strides = (rows, message.width, depth), (message.step, depth, 1)
    return np.ndarray(shape, np.uint8, buffer, strides=strides)


def _high_byte(is_bigendian: int) -> int:
    """Offset of the more significant byte of a 16-bit sample."""
    return 0 if is_bigendian else 1
