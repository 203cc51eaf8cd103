from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.euler import euler_from_rotation, rotation_from_euler, rotation_vector
from occany_ros.geometry.quaternion import rotation_from_quaternion
import pytest

ANGLE = st.floats(-3.1, 3.1)


@settings(max_examples=60, deadline=None)
@given(ANGLE, st.floats(-1.57, 1.57), ANGLE)
def test_angles_survive_the_way_there_and_back(roll, pitch, yaw):
    rotation = rotation_from_euler(roll, pitch, yaw)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    back = rotation_from_euler(*euler_from_rotation(rotation))
    np.testing.assert_allclose(back, rotation, atol=1e-9)


def test_each_angle_turns_about_its_axis():
    x, y, z = np.eye(3)
    np.testing.assert_allclose(rotation_from_euler(np.pi / 2, 0, 0) @ y, z, atol=1e-12)
    np.testing.assert_allclose(rotation_from_euler(0, np.pi / 2, 0) @ z, x, atol=1e-12)
    np.testing.assert_allclose(rotation_from_euler(0, 0, np.pi / 2) @ x, y, atol=1e-12)


def test_looking_straight_down_has_angles_too():
    rotation = rotation_from_euler(0.3, np.pi / 2, 0.1)
    roll, pitch, yaw = euler_from_rotation(rotation)
    assert (roll, pitch) == (0.0, pytest.approx(np.pi / 2))
    np.testing.assert_allclose(rotation_from_euler(roll, pitch, yaw), rotation, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 3.1), st.integers(0, 1000))
def test_a_rotation_vector_is_axis_times_angle(angle, seed):
    axis = np.random.default_rng(seed).normal(size=3)
    axis /= np.linalg.norm(axis)
    rotation = rotation_from_quaternion((*np.sin(angle / 2) * axis, np.cos(angle / 2)))
    np.testing.assert_allclose(rotation_vector(rotation), angle * axis, atol=1e-7)
