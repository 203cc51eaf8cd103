"""Quaternions and rotation matrices are each other's inverse."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion
import pytest

part = st.floats(-1, 1, allow_nan=False)


@given(st.tuples(part, part, part, part).filter(lambda q: np.linalg.norm(q) > 1e-3))
def test_round_trip_and_orthonormality(quaternion):
    rotation = rotation_from_quaternion(quaternion)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    again = rotation_from_quaternion(quaternion_from_rotation(rotation))
    np.testing.assert_allclose(again, rotation, atol=1e-9)


def test_quarter_turn_to_the_left_is_x_y_z_w():
    left = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(quaternion_from_rotation(left), [0, 0, 0.5**0.5, 0.5**0.5])


def test_zero_and_nan_are_refused():
    for bad in ([0, 0, 0, 0], [np.nan, 0, 0, 1]):
        with pytest.raises(ValueError, match='quaternion'):
            rotation_from_quaternion(bad)


@pytest.mark.parametrize('length', [1e-320, 1e-160, 1e160, 1e308])
def test_the_length_of_a_quaternion_does_not_matter(length):
    rotation = rotation_from_quaternion([length, 0, 0, length])
    np.testing.assert_allclose(rotation, [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-3)
