import numpy as np
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.sequence import render_sequence, scene_of
from occany_ros.synthetic.survey import is_inside, survey
import pytest


@pytest.fixture(scope='module')
def shots():
    drive = make_drive(905, rig='surround', rate_hz=2.0, steps=1, size=(64, 96))
    cameras = drive.cameras[::2]
    poses = np.stack([drive.world_from_base[0] @ camera.base_from_camera for camera in cameras])
    pinholes = np.stack([camera.intrinsics for camera in cameras])
    return drive.scene, Shots(poses, pinholes, [0] * len(cameras))


def test_a_survey_is_a_rendering_without_colours(shots):
    scene, cameras = shots
    scenes = [scene] * len(cameras.numbers)
    rendering, measured = render(scenes, cameras, (64, 96)), survey(scenes, cameras, (64, 96))
    assert np.array_equal(rendering.depth, measured.depth)
    assert np.array_equal(rendering.label, measured.label)
    assert (measured.label == 17).any()
    assert (measured.label == 11).any()


def test_middles_of_solids_are_inside_and_the_lane_is_not(shots):
    scene, cameras = shots
    assert is_inside(scene, scene.solids.centre).all()
    assert not is_inside(scene, cameras.world_from_camera[:, :3, 3]).any()
    assert is_inside(scene, np.array([[0.0, 0, -1]])).all()


def test_the_scene_of_a_sequence_is_the_one_it_shows():
    sequence = render_sequence(906, 2, (64, 96))
    scene = scene_of(906, 2, (64, 96))
    pose = sequence.world_from_base @ sequence.base_from_camera
    shots = Shots(pose, np.repeat(sequence.intrinsics[None], 2, 0), [0, 0])
    assert np.array_equal(survey([scene] * 2, shots, (64, 96)).depth, sequence.depth)
