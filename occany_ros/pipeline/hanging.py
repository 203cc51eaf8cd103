"""From where the cameras sit to the frame the grid hangs on, and to the pose that is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.euler import rotation_vector
from occany_ros.geometry.rigid import invert
from occany_ros.pipeline.level import camera_attitude, Levelled, LevelTrack
from occany_ros.pipeline.occupancy_update import LevelReport, Motion


@dataclass(frozen=True, slots=True, eq=False)
class Hanging:
    """
    What joins the pose that is told to the one before.

    :param level: the ground over time.
    :param levelled: base frame in use, None before the first set.
    :param odom_from_start: pose of the mounted base's odometry frame in the one that is told.
    :param motion: what was told last; the robot stands where it is before.
    :param stamp_ns: when, nanoseconds; None before the first set.
    """

    level: LevelTrack = field(default_factory=LevelTrack)
    levelled: Levelled | None = None
    odom_from_start: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    motion: Motion = field(default_factory=lambda: standing(np.eye(4)))
    stamp_ns: int | None = None

    def moved(
        self, level: LevelTrack, levelled: Levelled, start_from_mounted: NDArray[np.float64]
    ) -> 'Hanging':
        """
        Go on with another base frame without a step in the path.

        One mean of the ground moves slowly, and the pose with it. Anything else that changes the
        base frame, such as a mean begun anew, begins where the robot was by the old one.

        :param start_from_mounted: newest pose of the base frame the cameras are mounted in.
        """
        before = self.levelled
        now = levelled.base_from_mounted
        odom_from_start = self.odom_from_start
        if before is None:
            odom_from_start = now @ invert(start_from_mounted)
        elif (before.source, before.era) != (levelled.source, levelled.era) or (
            levelled.source != 'ground plane' and not np.array_equal(before.base_from_mounted, now)
        ):
            there = odom_from_start @ start_from_mounted @ invert(before.base_from_mounted)
            odom_from_start = there @ now @ invert(start_from_mounted)
        return replace(self, level=level, levelled=levelled, odom_from_start=odom_from_start)

    def told(self, start_from_mounted: NDArray[np.float64], stamp_ns: int) -> 'Hanging':
        """
        Say where the robot is, and how fast it got there since the last set.

        :param start_from_mounted: newest pose of the base frame the cameras are mounted in.
        """
        mounted_from_base = invert(_of(self.levelled).base_from_mounted)
        odom_from_base = self.odom_from_start @ start_from_mounted @ mounted_from_base
        if self.stamp_ns is None:
            motion = standing(odom_from_base)
        else:
            seconds = (stamp_ns - self.stamp_ns) / 1e9
            motion = motion_between(self.motion, odom_from_base, seconds)
        return replace(self, motion=motion, stamp_ns=stamp_ns)

    def since(self, before: 'Hanging') -> NDArray[np.float64]:
        """Pose of the frame the path was told in before, in the one it is told in now, (4, 4)."""
        return self.odom_from_start @ invert(before.odom_from_start)

    def joint(self, grid_from_base: NDArray[np.float64] | None) -> 'Joint':
        """
        Say how what is mounted hangs on the base frame and the grid's.

        :param grid_from_base: (4, 4), None where they are one.
        """
        base_from_mounted = _of(self.levelled).base_from_mounted
        grid = np.eye(4) if grid_from_base is None else grid_from_base
        return Joint(base_from_mounted, grid @ base_from_mounted)

    def report(self, mounted_from_first: NDArray[np.float64]) -> LevelReport:
        """
        Tell what the level rests on.

        :param mounted_from_first: where the first camera sits, (4, 4).
        """
        levelled = _of(self.levelled)
        base_from_first = levelled.base_from_mounted @ mounted_from_first
        roll_deg, pitch_deg, height_m = camera_attitude(base_from_first)
        refused: Mapping[str, int] = self.level.refused or {}
        return LevelReport(
            source=levelled.source,
            roll_deg=roll_deg,
            pitch_deg=pitch_deg,
            height_m=height_m,
            planes=self.level.seen,
            refused=refused,
            missing=self.level.missing,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """
    The base frame the cameras are mounted in, as seen from others.

    :param base_from_mounted: from the base frame in use, (4, 4).
    :param grid_from_mounted: from the frame the grid hangs on, (4, 4).
    """

    base_from_mounted: NDArray[np.float64]
    grid_from_mounted: NDArray[np.float64]


def standing(odom_from_base: NDArray[np.float64]) -> Motion:
    """Motion of a robot of which nothing else is known yet than where it is, (4, 4)."""
    return Motion(odom_from_base, np.zeros(3), np.zeros(3), 0.0, 0.0)


def motion_between(before: Motion, odom_from_base: NDArray[np.float64], seconds: float) -> Motion:
    """
    Speeds that carry one pose to the next.

    :param before: told last.
    :param odom_from_base: the next pose, (4, 4).
    :param seconds: between them.
    """
    if seconds <= 0:
        return replace(before, odom_from_base=odom_from_base)
    step = invert(before.odom_from_base) @ odom_from_base
    # Speeds are even in the robot's own frame, which turns on the way.
    angle = rotation_vector(step[:3, :3])
    way = step[:3, 3]
    return Motion(
        odom_from_base=odom_from_base,
        linear=_turned_back(way, angle) / seconds,
        angular=angle / seconds,
        seconds=seconds,
        distance_m=before.distance_m + float(np.linalg.norm(way)),
    )


def _turned_back(way: NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take half of a turn out of a way, to first order in the angle."""
    turned: NDArray[np.float64] = way - 0.5 * np.cross(angle, way)
    return turned


def _of(levelled: Levelled | None) -> Levelled:
    if levelled is None:
        raise LookupError('hanging: expected a base frame, got none; call moved() first')
    return levelled
