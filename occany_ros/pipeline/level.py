"""How the grid is made level, and where the ground is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.euler import euler_from_rotation
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.points import BODY_FROM_OPTICAL
from occany_ros.pipeline.config import LevelMode
from occany_ros.pipeline.ground import Sight
from occany_ros.pipeline.occupancy_update import Extrinsics
from occany_ros.pipeline.rig import Placed
from occany_ros.pipeline.scale import is_leap

LevelSource = Literal['mounting', 'axis swap', 'ground plane']

SLOWEST: Final = 0.1
"""Share of a new plane in the mean, once many were seen."""
ODD_DEG: Final = 6.0
ODD_SHARE: Final = 0.3
"""A plane this far from the mean in angle or height is odd, and left out."""
PATIENCE: Final = 8
"""So many odd planes in a row are the truth."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelTrack:
    """
    The ground over time.

    :param normal: mean unit vector upward, in the base frame as mounted, (3,); None before the
        first plane.
    :param offset: of the ground along it, metres; negative below the base.
    :param extrinsics: what that base frame is.
    :param seen: planes in the mean.
    :param odd: odd planes in a row.
    :param refused: reason -> sets that showed no plane.
    :param missing: why the newest set showed none; empty where it did.
    :param era: counts the means that were begun anew.
    """

    normal: NDArray[np.float64] | None = None
    offset: float = 0.0
    extrinsics: Extrinsics = 'assumed'
    seen: int = 0
    odd: int = 0
    refused: Mapping[str, int] | None = None
    missing: str = ''
    era: int = 0

    def heard(
        self, sight: Sight, placed: Placed, scale: float, grown: float = 1.0
    ) -> 'LevelTrack':
        """
        Take the ground of one more set in.

        :param sight: in the network's unit.
        :param placed: the set.
        :param scale: metres to the network's unit.
        :param grown: that scale over the one before.
        """
        track = self
        if placed.extrinsics != self.extrinsics:
            track = LevelTrack(refused=self.refused, era=self.era + 1)
        track = replace(track, extrinsics=placed.extrinsics)
        camera = placed.base_from_camera[sight.reference]
        if track.normal is not None and grown != 1.0:
            at_camera = float(track.normal @ camera[:3, 3])
            offset = at_camera - grown * (at_camera - track.offset)
            track = replace(track, offset=offset, era=track.era + is_leap(grown))
        if sight.plane is None:
            return track.without(sight.refused)
        normal = camera[:3, :3] @ sight.plane.normal
        offset = float(normal @ camera[:3, 3]) - scale * sight.plane.height
        if track.normal is None:
            return replace(track, normal=normal, offset=offset, seen=1, odd=0, missing='')
        angle = np.arccos(np.clip(track.normal @ normal, -1.0, 1.0))
        is_odd = np.rad2deg(angle) > ODD_DEG
        is_odd |= abs(offset - track.offset) > ODD_SHARE * scale * sight.plane.height
        if is_odd and track.odd + 1 < PATIENCE:
            return replace(track, odd=track.odd + 1).without('odd')
        if is_odd:
            anew = LevelTrack(normal, offset, placed.extrinsics, 1, refused=track.refused)
            return replace(anew, era=track.era + 1)
        share = max(1.0 / (track.seen + 1), SLOWEST)
        mean = (1.0 - share) * track.normal + share * normal
        return replace(
            track,
            normal=mean / np.linalg.norm(mean),
            offset=(1.0 - share) * track.offset + share * offset,
            seen=track.seen + 1,
            odd=0,
            missing='',
        )

    def without(self, reason: str) -> 'LevelTrack':
        """Count a set that showed no plane to go by; the mean stays."""
        refused = Counter(self.refused or {})
        refused[reason] += 1
        return replace(self, refused=dict(refused), missing=reason)


@dataclass(frozen=True, slots=True, eq=False)
class Levelled:
    """
    The base frame in use, as seen from the one the cameras were mounted in.

    :param source: what it comes from.
    :param base_from_mounted: (4, 4); identity where the mounting is taken as it is.
    :param era: of the ground it is laid on; within one, it moves only slowly.
    """

    source: LevelSource
    base_from_mounted: NDArray[np.float64]
    era: int = 0


def levelled(
    mode: LevelMode,
    track: LevelTrack,
    extrinsics: Extrinsics,
    mounted_from_first: NDArray[np.float64],
    height_m: float,
) -> Levelled:
    """
    Say where the base frame is, going by the mode.

    ``none`` hangs it on the first camera by the axis swap, whatever was given. ``tf`` takes the
    mounting where there is one, else the same axis swap. ``ground_plane`` lays the ground at
    z = 0 with the shortest turn, so the heading stays; until the ground was seen it is like
    ``tf``.

    :param extrinsics: of the newest set.
    :param mounted_from_first: where the first camera sits, (4, 4).
    :param height_m: of the first camera over the ground, for the axis swap.
    """
    if mode == 'ground_plane' and track.normal is not None:
        flat = np.eye(4)
        flat[:3, :3] = _shortest_turn(track.normal)
        flat[2, 3] = -track.offset
        return Levelled('ground plane', flat, track.era)
    if mode != 'none' and extrinsics == 'given':
        return Levelled('mounting', np.eye(4))
    swapped = BODY_FROM_OPTICAL.copy()
    swapped[2, 3] = height_m
    return Levelled('axis swap', swapped @ invert(mounted_from_first))


def camera_attitude(base_from_camera: NDArray[np.float64]) -> tuple[float, float, float]:
    """
    Roll and pitch of a camera in degrees, and its height in metres.

    :param base_from_camera: of its optical frame, (4, 4). A camera whose x axis is level and to
        the right has no roll; one that looks down has a positive pitch.
    """
    rotation = base_from_camera[:3, :3] @ BODY_FROM_OPTICAL[:3, :3].T
    roll, pitch, _ = euler_from_rotation(rotation)
    return float(np.rad2deg(roll)), float(np.rad2deg(pitch)), float(base_from_camera[2, 3])


def _shortest_turn(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation that makes a unit vector the z axis, about an axis that is level, (3, 3)."""
    x, y, z = (float(value) for value in normal)
    if z < -0.999999:
        return np.diag((1.0, -1.0, -1.0))
    share = 1.0 / (1.0 + z)
    return np.array(
        [
            (1.0 - x * x * share, -x * y * share, -x),
            (-x * y * share, 1.0 - y * y * share, -y),
            (x, y, z),
        ]
    )
