"""Where a camera sits, as somebody wrote it into a parameter; knows no ROS unless it is there."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.euler import rotation_from_euler
from occany_ros.geometry.quaternion import rotation_from_quaternion
from occany_ros.occupancy.points import BODY_FROM_OPTICAL

FORM: Final = 'x y z roll pitch yaw'
_FARTHEST_M: Final = 1000.0

Rotator = Callable[[float, float, float], NDArray[np.float64]]


@cache
def rotator() -> tuple[Rotator, str]:
    """
    Find what turns roll, pitch and yaw into a rotation.

    :returns: the function, (3, 3), and whose it is: that of tf_transformations where it can be
        imported, else our own. Both turn about fixed axes, x first.
    """
    try:
        theirs = import_module('tf_transformations').quaternion_from_euler
    except (ImportError, AttributeError):  # absent, or made for another NumPy
        return rotation_from_euler, 'own Euler angles'
    return lambda *angles: rotation_from_quaternion(theirs(*angles)), 'tf_transformations'


def mounting_from_text(text: str, name: str = 'mounting') -> NDArray[np.float64]:
    """
    Read where a camera sits on the robot.

    The six numbers are those of a URDF joint from the base frame to the camera's body, whose x
    axis is where it looks and whose z axis is up: ``1.5 0 1.6 0 0 0`` looks straight ahead.

    :param text: x, y, z in metres, roll, pitch, yaw in radians.
    :param name: of the parameter, for the message.
    :returns: base_from_camera of the optical frame, (4, 4).
    :raises ValueError: it is not six finite numbers, or kilometres away.
    """
    try:
        numbers = [float(word) for word in text.replace(',', ' ').split()]
    except ValueError:
        numbers = []
    is_sane = all(math.isfinite(n) and abs(n) <= _FARTHEST_M for n in numbers)
    if len(numbers) != 6 or not is_sane:
        raise ValueError(
            f"{name}: expected six numbers '{FORM}' in metres and radians, got {text!r}; "
            "'1.5 0 1.6 0 0 0' is 1.5 m ahead of the base frame, 1.6 m over it, looking ahead"
        )
    rotate, _ = rotator()
    base_from_body = np.eye(4)
    base_from_body[:3, :3] = rotate(*numbers[3:])
    base_from_body[:3, 3] = numbers[:3]
    return base_from_body @ BODY_FROM_OPTICAL
