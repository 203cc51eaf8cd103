"""Parts of an image nobody shall use, such as the bonnet of the own car."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.pipeline.host_maps import Fetched, NO_LABEL
from occany_ros.pipeline.preprocess import placement, Size


def fitted_mask(mask: NDArray[np.bool_], image_size: Size, size: Size) -> NDArray[np.bool_]:
    """
    Cut a mask as `occany_ros.pipeline.preprocess.fit_image` cuts the image it belongs to.

    :param mask: of the whole image, at any size, (r, c).
    :param image_size: width and height of the image.
    :param size: width and height of the network's image.
    :returns: (h, w).
    """
    fitting = placement(image_size, size)
    columns = (np.arange(size[0]) + fitting.left + 0.5) / fitting.width
    rows = (np.arange(size[1]) + fitting.top + 0.5) / fitting.height
    return mask[np.ix_(_index(rows, mask.shape[0]), _index(columns, mask.shape[1]))]


def without_masked(maps: Fetched, frames: Sequence[Frame]) -> Fetched:
    """
    Make a network's answer say nothing where the images are not to be used.

    There confidence is 1, which no threshold lets pass, and no class is known, so neither points
    nor rays come of it. Where no image has a mask nothing is copied.

    :param maps: of every view of the window.
    :param frames: their network-sized images, in the same order.
    """
    if all(frame.mask is None for frame in frames):
        return maps
    seen = maps.seen
    confidence, labels = seen.confidence.copy(), seen.labels.copy()
    height, width = confidence.shape[1:]
    for view, frame in enumerate(frames):
        if frame.mask is not None:
            rows = _index((np.arange(height) + 0.5) / height, frame.mask.shape[0])
            columns = _index((np.arange(width) + 0.5) / width, frame.mask.shape[1])
            is_hidden = ~frame.mask[np.ix_(rows, columns)]
            confidence[view][is_hidden] = 1.0
            labels[view][is_hidden] = NO_LABEL
    return replace(maps, seen=replace(seen, confidence=confidence, labels=labels))


def _index(share: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Pixel that a share of the image's side falls into."""
    return np.clip((share * count).astype(np.intp), 0, count - 1)
