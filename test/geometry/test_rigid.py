"""A motion and its inverse cancel."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.rigid import invert


def random_motions(seed, count):
    rng = np.random.default_rng(seed)
    motions = np.tile(np.eye(4), (count, 1, 1))
    motions[:, :3, :3] = np.linalg.qr(rng.normal(size=(count, 3, 3)))[0]
    motions[:, :3, :3] *= np.linalg.det(motions[:, :3, :3])[:, None, None]
    motions[:, :3, 3] = rng.normal(size=(count, 3)) * 10
    return motions


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_inverse_cancels(seed):
    motions = random_motions(seed, 3)
    np.testing.assert_allclose(invert(motions) @ motions, np.tile(np.eye(4), (3, 1, 1)), atol=1e-9)


def test_inverse_brings_a_point_back():
    world_from_camera = np.array([[0, -1, 0, 5], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    point = np.array([1.0, 2.0, 3.0, 1.0])
    assert (world_from_camera @ point).tolist() == [3, 1, 3, 1]
    assert (invert(world_from_camera) @ world_from_camera @ point).tolist() == point.tolist()
