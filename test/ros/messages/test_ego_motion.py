"""nav_msgs/Odometry as REP-103, REP-105 and nav_msgs have it."""

from dataclasses import replace

import numpy as np
from occany_ros.pipeline.occupancy_update import Motion
from occany_ros.ros.messages import convert
from occany_ros.ros.messages.ego_motion import odometry_message, UNKNOWN
from rclpy.serialization import deserialize_message, serialize_message

HEAD = convert.header(1_700_000_000_123_456_789, 'occany_odom')
POSE = np.eye(4)
POSE[:3, 3] = (2.5, -1.0, 0.25)
MOVING = Motion(POSE, np.array((5.0, 0.1, 0.0)), np.array((0.0, 0.0, 0.2)), 0.5, 40.0)


def test_odometry_names_both_frames_and_gives_pose_and_speed():
    message = odometry_message(MOVING, HEAD, 'base_link')
    assert (message.header.frame_id, message.child_frame_id) == ('occany_odom', 'base_link')
    np.testing.assert_array_equal(convert.matrix_from_pose(message.pose.pose), POSE)
    twist = message.twist.twist
    assert (twist.linear.x, twist.linear.y, twist.angular.z) == (5.0, 0.1, 0.2)
    assert deserialize_message(serialize_message(message), type(message)) == message


def test_covariances_are_diagonal_positive_and_grow_with_the_way():
    near = odometry_message(replace(MOVING, distance_m=0.0), HEAD, 'base_link')
    far = odometry_message(MOVING, HEAD, 'base_link')
    for message in (near, far):
        for covariance in (message.pose.covariance, message.twist.covariance):
            matrix = np.array(covariance).reshape(6, 6)
            np.testing.assert_array_equal(matrix, np.diag(np.diag(matrix)))
            assert (np.diag(matrix) > 0).all()
    assert (np.diag(np.reshape(far.pose.covariance, (6, 6))) >
            np.diag(np.reshape(near.pose.covariance, (6, 6)))).all()  # fmt: skip
    assert 1.0 < far.pose.covariance[0] ** 0.5 < 3.0  # metres, after 40 m


def test_a_speed_nobody_knows_is_told_as_unknown():
    still = Motion(np.eye(4), np.zeros(3), np.zeros(3), 0.0, 0.0)
    message = odometry_message(still, HEAD, 'base_link')
    assert message.twist.covariance[0] == UNKNOWN
    assert message.pose.covariance[0] < 0.01
