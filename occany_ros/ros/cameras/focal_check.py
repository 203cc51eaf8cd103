"""Whether the focal length that was calibrated agrees with the one a network sees."""

from collections import deque
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from occany_ros.pipeline.occupancy_update import CameraView

LARGEST_SHARE: Final = 0.15
"""Difference that is mentioned: networks are off by a few percent themselves."""
LEAST_VIEWS: Final = 5
_KEPT: Final = 30


class FocalCheck:
    """
    Compares, camera by camera, over the last sets.

    A network that takes the focal length from the calibration always agrees with it.
    """

    def __init__(self) -> None:
        self._ratios: dict[str, deque[float]] = {}

    def take(
        self, views: Iterable[CameraView], focals: Mapping[str, float | None]
    ) -> dict[str, str]:
        """
        Compare one more set.

        :param views: what a network says of it.
        :param focals: camera -> calibrated focal length, pixels of the image as delivered.
        :returns: camera -> what is wrong, for these views; empty where nothing is.
        """
        notes = {}
        for view in views:
            told = focals.get(view.name)
            if told is None or not view.calibrated_focal or not view.focal > 0:
                continue
            ratios = self._ratios.setdefault(view.name, deque(maxlen=_KEPT))
            ratios.append(view.focal / view.calibrated_focal)
            notes[view.name] = _note(view.name, told, median(ratios), len(ratios))
        return notes


def _note(name: str, told: float, ratio: float, count: int) -> str:
    if count < LEAST_VIEWS or abs(ratio - 1.0) <= LARGEST_SHARE:
        return ''
    return (
        f'{name}: CameraInfo says a focal length of {told:.0f} pixels, the network sees '
        f'{told * ratio:.0f} ({100 * (ratio - 1):+.0f} %); see whether the calibration is that of '
        'this camera and image size, and whether the images are rectified'
    )
