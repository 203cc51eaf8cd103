"""Ego motion as nav_msgs/Odometry: pose, speed and how sure both are; no node."""

from typing import Final

from nav_msgs.msg import Odometry
import numpy as np
from numpy.typing import NDArray
from occany_ros.pipeline.occupancy_update import Motion
from occany_ros.ros.messages.convert import pose_message
from std_msgs.msg import Header

# Standard deviations, of the embedded network on synthetic drives (`occany eval`): the path
# drifts by some percent of its length, and every pose trembles a little.
POSITION_M: Final = 0.05
POSITION_SHARE: Final = 0.03
ANGLE_RAD: Final = 0.01
ANGLE_RAD_PER_M: Final = 0.002
UNKNOWN: Final = 1e6
"""Variance of what nothing is known about; zero would be taken for certainty."""


def odometry_message(motion: Motion, head: Header, child_frame_id: str) -> Odometry:
    """
    Say where the robot is and how fast it moves.

    As nav_msgs has it: the pose is given in ``head.frame_id``, the speed in the robot's own
    frame. The covariances are diagonal: that of the pose grows with the way since the last
    reset, that of the speed says how well two poses that far apart in time tell it.

    :param head: stamp of the newest image.
    :param child_frame_id: the robot's frame.
    """
    message = Odometry(header=head, child_frame_id=child_frame_id)
    message.pose.pose = pose_message(motion.odom_from_base)
    position = POSITION_M + POSITION_SHARE * motion.distance_m
    angle = ANGLE_RAD + ANGLE_RAD_PER_M * motion.distance_m
    message.pose.covariance = _diagonal(position**2, angle**2)
    twist = message.twist.twist
    twist.linear.x, twist.linear.y, twist.linear.z = _floats(motion.linear)
    twist.angular.x, twist.angular.y, twist.angular.z = _floats(motion.angular)
    if motion.seconds > 0:
        step_m = float(np.linalg.norm(motion.linear)) * motion.seconds
        linear = (POSITION_M + POSITION_SHARE * step_m) / motion.seconds
        message.twist.covariance = _diagonal(linear**2, (ANGLE_RAD / motion.seconds) ** 2)
    else:
        message.twist.covariance = _diagonal(UNKNOWN, UNKNOWN)
    return message


def _diagonal(position: float, angle: float) -> NDArray[np.float64]:
    """Covariance of x, y, z and the turns about x, y, z, row by row."""
    return np.diag([position] * 3 + [angle] * 3).astype(np.float64).reshape(-1)


def _floats(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
