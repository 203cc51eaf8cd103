"""JPEG and PNG files in memory: whole ones only, and none of absurd size."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_PNG_START: Final = b'\x89PNG\r\n\x1a\n'
_JPEG_START: Final = b'\xff\xd8'
_JPEG_END: Final = b'\xff\xd9'
_JPEG_SIZE_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN_MARKER: Final = 0xDA


def decode_file(
    data: NDArray[np.uint8], *, check_size: Callable[[int, int], None]
) -> NDArray[np.uint8]:
    """
    Decode a JPEG or PNG file to RGB, 8 bits a channel.

    A truncated JPEG decodes to a picture with a grey rest, so the end marker is looked for first.

    :param data: the file, (bytes,).
    :param check_size: raises for a height and width not to be decoded.
    :returns: (h, w, 3) uint8.
    :raises ValueError: neither JPEG nor PNG, truncated, or damaged.
    """
    content = data.tobytes()
    if content.startswith(_JPEG_START):
        check_size(*_jpeg_size(content))
    elif content.startswith(_PNG_START):
        check_size(*_png_size(content))
    else:
        raise ValueError(
            f'data: expected a JPEG or PNG file, got {len(content)} bytes starting with '
            f'{content[:4].hex() or "nothing"}; set image_transport to jpeg or png'
        )
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(
            f'data: expected a readable JPEG or PNG file, got {len(content)} damaged bytes; '
            'the message was damaged on its way'
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Height and width; walks the segments up to the first scan (ISO 10918-1, annex B)."""
    size = None
    place = 2
    while place + 9 < len(content):
        if content[place] != 0xFF:
            break
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _JPEG_SIZE_MARKERS:
            size = _number(content, place + 5), _number(content, place + 7)
        if marker == _JPEG_SCAN_MARKER and size and content.find(_JPEG_END, place) >= 0:
            return size
        place += 2 + _number(content, place + 2)
        if marker == _JPEG_SCAN_MARKER:
            break
    raise ValueError(
        f'data: expected a whole JPEG file, got {len(content)} bytes without its '
        f'{"end" if size else "header"}; the message is truncated'
    )


def _png_size(content: bytes) -> tuple[int, int]:
    """Height and width, from the header chunk."""
    if len(content) < 33 or content.find(b'IEND', -64) < 0:
        raise ValueError(
            f'data: expected a whole PNG file, got {len(content)} bytes without its end; '
            'the message is truncated'
        )
    return int.from_bytes(content[20:24], 'big'), int.from_bytes(content[16:20], 'big')


def _number(content: bytes, place: int) -> int:
    """Read the two bytes at a place, the more significant one first."""
    return content[place] << 8 | content[place + 1]
