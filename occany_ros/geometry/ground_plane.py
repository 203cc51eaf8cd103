"""The ground under a camera, as a plane fitted to points of which many may be something else."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DEPTH_TOLERANCE: Final = 0.08
"""Share of its depth by which a point may miss the plane."""
FARTHEST: Final = 16.0
"""Points farther away than this many camera heights say too little about the plane."""
STEEPEST_DEG: Final = 30.0
"""Largest angle between the plane and what was thought to be level."""
LEAST_POINTS: Final = 60
LEAST_SHARE: Final = 0.5
LEAST_SPREAD: Final = 0.3
"""Standard deviation of the points across their narrow side, in camera heights."""
DRAWS: Final = 96
REFINEMENTS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class GroundPlane:
    """
    A plane below the camera that saw it.

    :param normal: unit vector away from the ground, camera frame, (3,).
    :param height: of the camera over it, in the unit of the points.
    :param points: that agree with it.
    """

    normal: NDArray[np.float64]
    height: float
    points: int


class ThinEvidence(ArithmeticError):  # noqa: N818 - it names what is wrong
    """
    The points do not tell where the ground is.

    :ivar reason: one or two words, to be counted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def fit_ground_plane(points: NDArray[np.floating], up: NDArray[np.float64]) -> GroundPlane:
    """
    Fit a plane to points that mostly lie on the ground; takes the same time whatever they are.

    A plane that does not pass through the camera is one vector ``m`` with ``m . p = 1`` for its
    points, and ``m . p - 1`` is the share of its depth by which a point misses it. So errors that
    grow with the depth count alike, near and far, and a tolerance needs no unit. Planes through
    three points drawn at random compete (RANSAC); the best one is refined by least squares with
    weights that fall to nothing at the tolerance (Tukey).

    :param points: camera frame, any unit, (p, 3); a few thousand suffice.
    :param up: unit vector that is thought to be upward, camera frame, (3,).
    :raises ThinEvidence: too few points, or they do not fix a plane of that kind.
    """
    p = np.asarray(points, np.float64)
    if len(p) < LEAST_POINTS:
        raise ThinEvidence('too few points')
    m = _best_drawn(p, up)
    near = p[np.linalg.norm(p, axis=1) * np.linalg.norm(m) < FARTHEST]
    for _ in range(REFINEMENTS):
        residual = (near @ m - 1.0) / DEPTH_TOLERANCE
        weight = np.square(np.maximum(1.0 - residual * residual, 0.0))
        moment = (near * weight[:, None]).T @ near
        if np.linalg.cond(moment) > 1e12:
            raise ThinEvidence('points in a line')
        m = np.linalg.solve(moment, near.T @ weight)
    agree = near[np.abs(near @ m - 1.0) < DEPTH_TOLERANCE]
    length = float(np.linalg.norm(m))
    plane = GroundPlane(normal=-m / length, height=1.0 / length, points=len(agree))
    _check(plane, agree, len(near), up)
    return plane


def _best_drawn(p: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose the plane most points agree with, of those through three of them."""
    rng = np.random.default_rng(0)
    corners = p[rng.integers(0, len(p), (DRAWS, 3))]  # (d, 3 points, 3)
    size = np.linalg.norm(corners, axis=2).prod(axis=1)
    is_solid = np.abs(np.linalg.det(corners)) > 1e-6 * np.maximum(size, 1e-12)
    if not is_solid.any():
        raise ThinEvidence('points in a line')
    m = np.linalg.solve(corners[is_solid], np.ones((int(is_solid.sum()), 3, 1)))[..., 0]
    m = m[m @ -up > np.cos(np.deg2rad(STEEPEST_DEG)) * np.linalg.norm(m, axis=1)]
    if not len(m):
        raise ThinEvidence('nothing level')
    agreeing = np.count_nonzero(np.abs(p @ m.T - 1.0) < DEPTH_TOLERANCE, axis=0)
    best: NDArray[np.float64] = m[np.argmax(agreeing)]
    return best


def _check(
    plane: GroundPlane, agree: NDArray[np.float64], asked: int, up: NDArray[np.float64]
) -> None:
    if plane.points < max(LEAST_POINTS, LEAST_SHARE * asked):
        raise ThinEvidence('points disagree')
    if plane.normal @ up < np.cos(np.deg2rad(STEEPEST_DEG)):
        raise ThinEvidence('nothing level')
    spread = np.linalg.eigvalsh(np.cov(agree.T))[1]  # ascending; the first one is across the plane
    if np.sqrt(max(spread, 0.0)) < LEAST_SPREAD * plane.height:
        raise ThinEvidence('a narrow strip')
