"""Rotations as roll, pitch and yaw about fixed axes, as URDF and REP-103 use them, and back."""

import numpy as np
from numpy.typing import NDArray


def rotation_from_euler(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    """
    Rotate about the fixed x axis by roll, then y by pitch, then z by yaw.

    :param roll: radians.
    :param pitch: radians, positive is nose down for x forward and z up.
    :param yaw: radians, positive is to the left.
    :returns: (3, 3).
    """
    (a, b, c), (d, e, f) = np.cos((roll, pitch, yaw)), np.sin((roll, pitch, yaw))
    about_x = np.array([(1.0, 0, 0), (0, a, -d), (0, d, a)])
    about_y = np.array([(b, 0, e), (0, 1.0, 0), (-e, 0, b)])
    about_z = np.array([(c, -f, 0), (f, c, 0), (0, 0, 1.0)])
    return about_z @ about_y @ about_x


def euler_from_rotation(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """
    Roll, pitch and yaw of a rotation, radians; pitch lies within a quarter turn of level.

    Looking straight up or down roll and yaw are one thing: then it is all called yaw.
    """
    level = float(np.hypot(rotation[0, 0], rotation[1, 0]))
    pitch = float(np.arctan2(-rotation[2, 0], level))
    if level < 1e-9:
        return 0.0, pitch, float(np.arctan2(-rotation[0, 1], rotation[1, 1]))
    roll = float(np.arctan2(rotation[2, 1], rotation[2, 2]))
    return roll, pitch, float(np.arctan2(rotation[1, 0], rotation[0, 0]))


def rotation_vector(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axis times angle of a rotation of less than half a turn, radians, (3,)."""
    sine = 0.5 * np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    length = float(np.linalg.norm(sine))
    angle = float(np.arctan2(length, (np.trace(rotation) - 1.0) / 2.0))
    return sine * (angle / length) if length > 1e-12 else sine
