"""Mountings and angles from parameters, with our own rotations and with tf_transformations."""

import sys
from types import SimpleNamespace

import numpy as np
from occany_ros.geometry.euler import rotation_from_euler
from occany_ros.geometry.quaternion import quaternion_from_rotation
from occany_ros.ros.settings.mounting import mounting_from_text, rotator
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest


@pytest.fixture(autouse=True)
def fresh():
    rotator.cache_clear()
    yield
    rotator.cache_clear()


def test_a_camera_that_looks_ahead_has_the_axes_of_rep_103():
    mounting = mounting_from_text('1.5 -0.2 1.6 0 0 0')
    right, down, forward = mounting[:3, :3].T
    np.testing.assert_allclose(forward, (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(right, (0, -1, 0), atol=1e-12)
    np.testing.assert_allclose(down, (0, 0, -1), atol=1e-12)
    np.testing.assert_allclose(mounting[:3, 3], (1.5, -0.2, 1.6))


def test_pitch_looks_down_and_yaw_to_the_left():
    down = mounting_from_text('0,0,2, 0,0.3,0')[:3, 2]
    left = mounting_from_text('0 0 2 0 0 1.5707963267948966')[:3, 2]
    np.testing.assert_allclose(down, (np.cos(0.3), 0, -np.sin(0.3)), atol=1e-12)
    np.testing.assert_allclose(left, (0, 1, 0), atol=1e-12)


@pytest.mark.parametrize('text', ['1 2 3', 'a b c d e f', '0 0 0 0 0 nan', '0 0 1e9 0 0 0', ' '])
def test_anything_but_six_sane_numbers_is_refused(text):
    with pytest.raises(ValueError, match=r'left.mounting: expected six numbers'):
        mounting_from_text(text, 'left.mounting')
    with pytest.raises(ValueError, match=r'front\.mounting'):
        parameters_from({'front.mounting': text})


def test_without_tf_transformations_our_own_angles_are_used(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf_transformations', None)
    assert rotator() == (rotation_from_euler, 'own Euler angles')


def test_a_broken_tf_transformations_does_no_harm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf_transformations', SimpleNamespace())
    assert rotator()[1] == 'own Euler angles'


def test_what_tf_transformations_says_is_used(monkeypatch):
    def quaternion_from_euler(roll, pitch, yaw):
        return quaternion_from_rotation(rotation_from_euler(roll, pitch, yaw + 0.25))

    theirs = SimpleNamespace(quaternion_from_euler=quaternion_from_euler)
    monkeypatch.setitem(sys.modules, 'tf_transformations', theirs)
    rotate, name = rotator()
    assert name == 'tf_transformations'
    np.testing.assert_allclose(rotate(0, 0, 0), rotation_from_euler(0, 0, 0.25), atol=1e-12)


def test_the_real_tf_transformations_agrees_with_ours():
    pytest.importorskip('tf_transformations', reason='tf_transformations is not installed')
    rotate, name = rotator()
    assert name == 'tf_transformations'
    rng = np.random.default_rng(0)
    for angles in rng.uniform(-1.5, 1.5, (50, 3)):
        np.testing.assert_allclose(rotate(*angles), rotation_from_euler(*angles), atol=1e-9)
