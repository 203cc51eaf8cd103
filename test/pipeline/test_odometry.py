from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.quaternion import rotation_from_quaternion
from occany_ros.geometry.rigid import invert
from occany_ros.pipeline.odometry import align_poses
import pytest


def poses(seed, count, *, spread=10.0):
    """Draw rigid motions, (n, 4, 4)."""
    rng = np.random.default_rng(seed)
    drawn = np.tile(np.eye(4), (count, 1, 1))
    for matrix in drawn:
        quaternion = rng.normal(size=4)
        matrix[:3, :3] = rotation_from_quaternion(quaternion / np.linalg.norm(quaternion))
        matrix[:3, 3] = rng.normal(size=3) * spread
    return drawn


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_motion_between_two_frames_is_found_exactly(seed, count):
    source_from_body = poses(seed, count)
    (target_from_source,) = poses(seed + 1, 1)
    found = align_poses(target_from_source @ source_from_body, source_from_body)
    np.testing.assert_allclose(found, target_from_source, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_one_wrong_pose_among_five_does_little_harm(seed):
    source_from_body = poses(seed, 5)
    (target_from_source,) = poses(seed + 1, 1)
    target_from_body = target_from_source @ source_from_body
    target_from_body[2] = target_from_body[2] @ poses(seed + 2, 1, spread=3.0)[0]
    found = align_poses(target_from_body, source_from_body)
    off = invert(target_from_source) @ found
    assert np.abs(off - np.eye(4)).max() < 0.1


def test_disagreeing_poses_are_averaged():
    source_from_body = np.stack([np.eye(4), np.eye(4)])
    target_from_body = source_from_body.copy()
    target_from_body[:, 0, 3] = (0.9, 1.1)
    found = align_poses(target_from_body, source_from_body)
    np.testing.assert_allclose(found[:3, 3], (1.0, 0, 0), atol=1e-9)


def test_no_pose_or_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match='one or more'):
        align_poses(np.zeros((0, 4, 4)), np.zeros((0, 4, 4)))
    with pytest.raises(ValueError, match='as many'):
        align_poses(poses(0, 2), poses(0, 1))
