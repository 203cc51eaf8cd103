"""How many metres the network's unit of length has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera
from occany_ros.models.prediction import TokensT
from occany_ros.pipeline.ground import Sight
from occany_ros.pipeline.rig import Rig
from occany_ros.pipeline.window import Remembered

SMALLEST: Final = 0.2
LARGEST: Final = 5.0
"""Ratios outside these bounds are refused: then something else is wrong."""
ANY_UNIT: Final = (1e-3, 1e3)
"""Bounds of a network that knows lengths up to a factor only."""
LEAST_MOTION_M: Final = 0.5
"""A shorter way by the external odometry says nothing about the scale."""
LEAST_RATIOS: Final = 5
RATIOS_KEPT: Final = 30
LARGEST_STEP: Final = 0.02
"""Share by which the scale changes at most with one set, once many have told."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleTrack:
    """
    The scale and what it rests on.

    :param value: metres to the network's unit; 1 until there is evidence.
    :param ratios: of the last sets that told one, oldest first.
    :param told: number of sets that told one, ever.
    :param refused: reason -> sets that did not.
    :param missing: what stands in the way now; empty where the newest set told a ratio.
    :param bounds: ratios outside them are refused.
    """

    value: float = 1.0
    ratios: tuple[float, ...] = ()
    told: int = 0
    refused: Mapping[str, int] | None = None
    missing: str = ''
    bounds: tuple[float, float] = (SMALLEST, LARGEST)

    def heard(self, ratio: float) -> 'ScaleTrack':
        """
        Take one more ratio in; the median of the last ones is gone after.

        :param ratio: metres to the network's unit, as one set says.
        """
        least, most = self.bounds
        if not least <= ratio <= most:  # also refuses NaN
            bounds = f'{least:g} to {most:g}'
            return self.without('out of bounds', f'a set says {ratio:.3g}, which is not {bounds}')
        ratios = (*self.ratios, ratio)[-RATIOS_KEPT:]
        track = replace(self, ratios=ratios, told=self.told + 1, missing='')
        if len(ratios) < LEAST_RATIOS:
            missing = f'{len(ratios)} of the {LEAST_RATIOS} sets needed have told'
            return replace(track, missing=missing)
        goal = float(np.median(ratios))
        if track.told == LEAST_RATIOS:
            return replace(track, value=goal)
        step = math.log1p(max(LARGEST_STEP, 1.0 / track.told))
        change = min(max(math.log(goal / self.value), -step), step)
        return replace(track, value=self.value * math.exp(change))

    def without(self, reason: str, missing: str) -> 'ScaleTrack':
        """Count a set that told nothing; the value stays."""
        refused = Counter(self.refused or {})
        refused[reason] += 1
        return replace(self, refused=dict(refused), missing=missing)

    @property
    def is_known(self) -> bool:
        """Whether the value rests on evidence."""
        return self.told >= LEAST_RATIOS


def is_leap(grown: float) -> bool:
    """Tell whether a scale over the one before is more than the slow way of the mean."""
    return abs(math.log(grown)) > LARGEST_STEP


def by_odometry(
    track: ScaleTrack,
    window: Sequence[Remembered[TokensT]],
    newest: int,
    world_from_camera: NDArray[np.float64],
    rig: Rig,
) -> ScaleTrack:
    """
    Compare ways between remembered sets with those of the external odometry.

    What is compared is the way of a camera that both sets have, so that turning on the spot with
    a camera off the axis does no harm.

    :param window: in memory order, with the external poses.
    :param newest: index of the newest set.
    :param world_from_camera: of every view of the window, in the network's unit, (v, 4, 4).
    """
    external = window[newest].external_from_base
    if external is None:
        return track.without('no odometry', 'there is no transform odom_frame <- base_frame')
    poses = np.split(world_from_camera, np.cumsum([len(entry.frames) for entry in window])[:-1])
    here = _positions(window[newest], poses[newest])
    predicted_m = told_m = 0.0
    for entry, own in zip(window, poses, strict=True):
        if entry is window[newest] or entry.external_from_base is None:
            continue
        there = _positions(entry, own)
        camera = next((camera for camera in here if camera in there), None)
        if camera is None:
            continue
        lever = rig.known(_named(window[newest], camera))
        arm = np.zeros(3) if lever is None else lever[:3, 3]
        ends = [_carried(pose, arm) for pose in (external, entry.external_from_base)]
        way_m = float(np.linalg.norm(ends[0] - ends[1]))
        if way_m >= LEAST_MOTION_M:
            told_m += way_m
            predicted_m += float(np.linalg.norm(here[camera] - there[camera]))
    if told_m == 0.0:
        return track.without('no motion', f'the robot moved less than {LEAST_MOTION_M:g} m')
    return track.heard(told_m / predicted_m if predicted_m > 0 else math.inf)


def by_height(track: ScaleTrack, sight: Sight, reference: Camera, told_m: float) -> ScaleTrack:
    """
    Compare the height of the reference camera over the ground seen with the known one.

    :param sight: of the ground, in the network's unit.
    :param reference: the camera the ground was seen for.
    :param told_m: its height by parameter; zero where that was not told.
    """
    mounting = reference.base_from_camera
    if told_m > 0:
        known_m = told_m
    elif mounting is not None and mounting[2, 3] > 0:
        known_m = float(mounting[2, 3])
    else:
        return track.without(
            'no height',
            'the height of the reference camera is unknown: set level.camera_height, or give its '
            'mounting over a base_frame on the ground',
        )
    if sight.plane is None:
        return track.without(sight.refused, f'no ground plane: {sight.refused}')
    return track.heard(known_m / sight.plane.height)


def _positions(
    entry: Remembered[TokensT], poses: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    names = (frame.camera.name for frame in entry.frames)
    return {name: pose[:3, 3] for name, pose in zip(names, poses, strict=True)}


def _named(entry: Remembered[TokensT], name: str) -> Camera:
    return next(frame.camera for frame in entry.frames if frame.camera.name == name)


def _carried(pose: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    carried: NDArray[np.float64] = pose[:3, :3] @ point + pose[:3, 3]
    return carried
