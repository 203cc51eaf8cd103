from dataclasses import replace

import numpy as np
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.sequence import render_sequence
from occany_ros.synthetic.truth import unproject
import pytest


def test_steps_are_reproducible_and_calibrated():
    first = make_drive(8, steps=2, size=(48, 96)).step(1)
    again = make_drive(8, steps=2, size=(48, 96)).step(1)
    assert np.array_equal(first.label, again.label)
    assert np.array_equal(first.depth, again.depth)
    image, other = first.frames.frames[0].image, again.frames.frames[0].image
    assert np.array_equal(image, other)
    assert image.shape == (48, 96, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10
    assert first.frames.stamp_ns == first.stamp_ns
    assert ((first.depth == 0) == (first.label == 17)).all()
    camera = first.frames.frames[0].camera
    assert camera.base_from_camera is not None
    assert 1.4 <= camera.base_from_camera[2, 3] <= 1.9
    opening = np.degrees(2 * np.arctan(48 / camera.intrinsics[0, 0]))
    assert 55 <= opening <= 90


def test_steps_differ_and_a_lone_step_equals_the_one_of_a_walk():
    drive = make_drive(9, steps=3, size=(48, 96))
    walk = list(drive)
    assert len(walk) == len(drive) == 3
    assert np.array_equal(walk[2].depth, drive.step(2).depth)
    assert not np.array_equal(walk[0].depth, walk[1].depth)
    with pytest.raises(IndexError):
        drive.step(3)


@pytest.mark.parametrize('seed', range(12))
def test_the_vehicle_moves_like_one(seed):
    drive = make_drive(seed, rate_hz=4.0, steps=40)
    poses = drive.world_from_base
    move = np.diff(poses[:, :2, 3], axis=0)
    speed = np.linalg.norm(move, axis=1) * 4.0
    assert (speed > 3.7).all()
    assert (speed < 14.5).all()
    heading = np.unwrap(np.arctan2(poses[:, 1, 0], poses[:, 0, 0]))
    assert np.degrees(np.abs(np.diff(heading))).max() < 8
    ahead = np.arctan2(move[:, 1], move[:, 0])
    assert np.abs(ahead - (heading[1:] + heading[:-1]) / 2).max() < np.radians(4)
    np.testing.assert_allclose(
        poses[:, :3, :3] @ poses[:, :3, :3].transpose(0, 2, 1),
        np.tile(np.eye(3), (40, 1, 1)),
        atol=1e-12,
    )
    assert (poses[:, 2, 3] == 0).all()
    assert (np.diff(drive.stamp_ns) == 250_000_000).all()


def test_six_cameras_look_all_around():
    drive = make_drive(4, rig='surround', steps=1, size=(90, 160))
    assert [camera.name for camera in drive.cameras] == [
        'CAM_FRONT',
        'CAM_FRONT_RIGHT',
        'CAM_FRONT_LEFT',
        'CAM_BACK',
        'CAM_BACK_LEFT',
        'CAM_BACK_RIGHT',
    ]
    headings = np.radians(np.arange(0, 360, 1))
    covered = np.zeros(len(headings), np.bool_)
    for camera in drive.cameras:
        ahead = camera.base_from_camera[:3, 2]
        half = np.arctan(80 / camera.intrinsics[0, 0])
        off = np.abs(np.angle(np.exp(1j * (headings - np.arctan2(ahead[1], ahead[0])))))
        covered |= off < half
    assert covered.all()


def test_points_project_back_to_their_pixels():
    drive = make_drive(6, steps=1, size=(48, 96))
    step = drive.step(0)
    camera = drive.cameras[0]
    world_from_camera = step.world_from_base @ camera.base_from_camera
    points = unproject(step.depth[0], camera.intrinsics, world_from_camera)
    local = (points - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    valid = step.depth[0] > 0
    pixel = (local @ camera.intrinsics.T)[valid]
    v, u = np.nonzero(valid)
    np.testing.assert_allclose(pixel[:, 0] / pixel[:, 2], u, atol=0.02)
    np.testing.assert_allclose(pixel[:, 1] / pixel[:, 2], v, atol=0.02)
    np.testing.assert_allclose(pixel[:, 2], step.depth[0][valid], rtol=1e-4)
    floor = np.isin(step.label[0], (11, 12, 13, 14))
    np.testing.assert_allclose(points[floor][:, 2], 0, atol=2e-3)


@pytest.mark.parametrize(('name', 'value'), [('rate_hz', 0.0), ('steps', 0), ('rig', 'back')])
def test_wrong_plans_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        make_drive(1, **{'steps': 1, name: value})


def test_an_uncalibrated_camera_is_refused():
    drive = make_drive(1, steps=1, size=(16, 32))
    bare = replace(drive.cameras[0], intrinsics=None)
    with pytest.raises(ValueError, match='calibrated'):
        replace(drive, cameras=(bare,)).step(0)


def test_a_training_sequence_carries_the_truth_at_its_stride():
    full = render_sequence(31, 2, (64, 96))
    strided = render_sequence(31, 2, (64, 96), stride=4)
    assert np.array_equal(full.image, strided.image)
    assert strided.depth.shape == (2, 16, 24)
    assert np.array_equal(full.depth[:, 2::4, 2::4], strided.depth)
    assert np.array_equal(full.label[:, 2::4, 2::4], strided.label)
    steps = np.diff(full.stamp_ns) / 1e9
    assert ((steps > 0.09) & (steps < 0.51)).all()


def test_training_sequences_use_many_cameras():
    names = {
        tuple(np.round(render_sequence(seed, 1, (16, 32), shadows=False).base_from_camera[:2, 2]))
        for seed in range(24)
    }
    assert len(names) >= 4
