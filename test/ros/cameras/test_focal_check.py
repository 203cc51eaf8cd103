"""The focal length of CameraInfo against the one a network sees."""

import numpy as np
from occany_ros.pipeline.occupancy_update import CameraView
from occany_ros.ros.cameras.focal_check import FocalCheck, LEAST_VIEWS
import pytest


def view(focal, calibrated, name='front'):
    return CameraView(
        name=name,
        stamp_ns=0,
        image=np.zeros((2, 2, 3), np.uint8),
        depth=np.zeros((2, 2), np.float32),
        labels=np.zeros((2, 2), np.uint8),
        base_from_camera=np.eye(4),
        focal=focal,
        calibrated_focal=calibrated,
    )


def said(*focals, calibrated=200.0, told=800.0):
    check = FocalCheck()
    notes = {}
    for focal in focals:
        notes = check.take([view(focal, calibrated)], {'front': told})
    return notes


def test_a_calibration_of_another_image_size_is_noticed():
    note = said(*[100.0] * LEAST_VIEWS)['front']
    assert 'front' in note
    assert '800 pixels' in note
    assert '400 (-50 %)' in note
    assert 'rectified' in note


@pytest.mark.parametrize(
    'focals', [[180.0] * 40, [100.0] * (LEAST_VIEWS - 1), [200.0] * 20 + [90.0] * 8]
)
def test_small_few_or_rare_differences_are_not_mentioned(focals):
    assert said(*focals) == {'front': ''}


def test_a_note_goes_when_the_calibration_was_corrected():
    assert said(*[100.0] * 10)['front']
    assert not said(*[100.0] * 10, *[200.0] * 30)['front']


def test_without_a_calibration_there_is_nothing_to_compare():
    check = FocalCheck()
    assert check.take([view(100.0, None)], {'front': None}) == {}
    assert check.take([view(0.0, 100.0)], {'front': 100.0}) == {}
