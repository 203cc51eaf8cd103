"""Images in encodings that only cv_bridge knows, where it is installed."""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def bridge() -> Any:
    """
    Find cv_bridge.

    :returns: its bridge, None where it cannot be imported: it is absent, or was compiled for
        another NumPy, which shows as an ImportError, an AttributeError or a SystemError.
    """
    try:
        return import_module('cv_bridge').CvBridge()
    except (ImportError, AttributeError, SystemError):
        return None


def bridged(message: Any) -> NDArray[np.uint8] | None:
    """
    Convert an image message with cv_bridge.

    :param message: a ``sensor_msgs/Image`` of a sane size.
    :returns: RGB, (h, w, 3); None where there is no cv_bridge.
    :raises ValueError: it does not know the encoding as a colour either, or the message is wrong.
    """
    found = bridge()
    if found is None:
        return None
    try:
        pixels = np.asarray(found.imgmsg_to_cv2(message, 'rgb8'))
    except Exception as error:  # C++ and Python raise what they like in there
        raise ValueError(
            f'encoding {message.encoding!r}: cv_bridge cannot make it RGB: {error}; remap to a '
            'colour topic, or convert with image_proc'
        ) from error
    if pixels.shape != (message.height, message.width, 3) or pixels.dtype != np.uint8:
        raise ValueError(
            f'encoding {message.encoding!r}: expected RGB of {message.width}x{message.height} of '
            f'cv_bridge, got {pixels.shape} {pixels.dtype}; remap to a colour topic'
        )
    return pixels
