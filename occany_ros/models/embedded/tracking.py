"""Corners followed from one image to another: few matches, but exact to a fraction of a pixel."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

CORNERS: Final = 400
QUALITY: Final = 0.005
SPACING: Final = 6
WINDOW: Final = (15, 15)
LEVELS: Final = 4
LEVELS_NEAR: Final = 2
RETURN: Final = 0.7
"""Largest distance between a corner and where it comes back to, pixels."""
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.01)


def find_corners(image: NDArray[np.uint8], ground: NDArray[np.bool_]) -> NDArray[np.float32]:
    """
    Find corners, on the ground and elsewhere apart, since the ground has the weaker ones.

    :param image: grey, (h, w).
    :param ground: where the ground is, a map of any smaller size.
    :returns: pixels (column, row), (p, 2).
    """
    wide = cv2.resize(ground.astype(np.uint8), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    parts = [np.zeros((0, 2), np.float32)]
    for mask in (255 * wide, 255 * (1 - wide)):
        found: Any = cv2.goodFeaturesToTrack(image, CORNERS, QUALITY, SPACING, mask=mask)
        if found is not None:  # as where an image is all one colour
            parts.append(found.reshape(-1, 2))
    return np.concatenate(parts)


def follow(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    corners: NDArray[np.float32],
    guess: NDArray[np.float32] | None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """
    Follow corners by pyramidal Lucas-Kanade, there and back.

    :param first: grey image the corners were found in, (h, w).
    :param second: grey image they are looked for in, (h, w).
    :param corners: pixels (column, row), (p, 2).
    :param guess: where they may be, (p, 2); None searches wider around where they were.
    :returns: pixels in the second image, (p, 2); whether they came back to their start, (p,).
    """
    if not len(corners):
        return corners, np.zeros(0, np.bool_)
    start = np.ascontiguousarray(corners.reshape(-1, 1, 2))
    there = start if guess is None else np.ascontiguousarray(guess.reshape(-1, 1, 2), np.float32)
    found, seen, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        start,
        there.copy(),
        winSize=WINDOW,
        maxLevel=LEVELS if guess is None else LEVELS_NEAR,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    back, seen_back, _ = cv2.calcOpticalFlowPyrLK(
        second,
        first,
        found,
        start.copy(),
        winSize=WINDOW,
        maxLevel=LEVELS_NEAR,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    error = np.linalg.norm((back - start).reshape(-1, 2), axis=1)
    good = (seen.ravel() > 0) & (seen_back.ravel() > 0) & (error < RETURN)
    return found.reshape(-1, 2).astype(np.float32), good
