"""How far an estimated trajectory has drifted from the true one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Poses = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drift:
    """
    Error at the end of a drive whose first poses were laid on each other.

    :param length: length of the true path, metres.
    :param position: distance between estimated and true end, metres.
    :param heading_deg: angle between estimated and true end orientation, degrees.
    """

    length: float
    position: float
    heading_deg: float

    @property
    def percent(self) -> float:
        """Return the position error in percent of the path, NaN for a robot that stood still."""
        return 100.0 * self.position / self.length if self.length > 0 else float('nan')


def drift(estimated: Poses, true: Poses) -> Drift:
    """
    Compare two trajectories, pose by pose.

    :param estimated: base in any fixed frame, metres, (n, 4, 4).
    :param true: base in any other fixed frame at the same times, metres, (n, 4, 4).
    :raises ValueError: there is no pose, or the numbers of poses differ.
    """
    if estimated.shape != true.shape or not len(true):
        raise ValueError(
            f'estimated: expected as many poses as true ones {true.shape}, got {estimated.shape}'
        )
    end_error = np.linalg.inv(from_first(true)[-1]) @ from_first(estimated)[-1]
    cosine = (np.trace(end_error[:3, :3]) - 1.0) / 2.0
    return Drift(
        length=path_length(true),
        position=float(np.linalg.norm(end_error[:3, 3])),
        heading_deg=float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))),
    )


def from_first(world_from_base: Poses) -> Poses:
    """Give every pose relative to the first one, (n, 4, 4)."""
    return np.asarray(np.linalg.inv(world_from_base[0]) @ world_from_base)


def path_length(world_from_base: Poses) -> float:
    """Sum up the distances between neighbouring poses, metres."""
    return float(np.linalg.norm(np.diff(world_from_base[:, :3, 3], axis=0), axis=1).sum())
