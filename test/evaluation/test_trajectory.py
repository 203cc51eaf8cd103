"""Drift is measured from the first pose on, in percent of the path."""

import numpy as np
from occany_ros.evaluation.trajectory import drift, path_length
import pytest


def straight(count, step=2.0):
    poses = np.stack([np.eye(4)] * count)
    poses[:, 0, 3] = step * np.arange(count)
    return poses


def turned(angle, shift=(5.0, -3.0, 1.0)):
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pose[:3, 3] = shift
    return pose


def test_frames_do_not_matter():
    result = drift(turned(1.0) @ straight(6), turned(-0.4) @ straight(6))
    assert result.length == pytest.approx(10)
    assert result.percent == pytest.approx(0, abs=1e-9)
    assert result.heading_deg == pytest.approx(0, abs=1e-5)


def test_wrong_scale_and_heading():
    result = drift(straight(6, 1.9), straight(6))
    assert result.position == pytest.approx(0.5)
    assert result.percent == pytest.approx(5)
    bent = straight(6)
    bent[-1] = bent[-1] @ turned(np.radians(3), (0, 0, 0))
    assert drift(bent, straight(6)).heading_deg == pytest.approx(3)


def test_standing_still_has_no_percentage():
    assert path_length(straight(4, 0)) == 0
    assert np.isnan(drift(straight(4), straight(4, 0)).percent)


def test_poses_must_pair_up():
    with pytest.raises(ValueError, match='estimated'):
        drift(straight(3), straight(4))
    with pytest.raises(ValueError, match='estimated'):
        drift(np.zeros((0, 4, 4)), np.zeros((0, 4, 4)))
