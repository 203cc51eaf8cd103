"""The street as files: images a folder reader takes, and truth beside them."""

import numpy as np
from occany_ros.bags.images import frame_sets, read_folder
from occany_ros.bags.reader import BagReader
from occany_ros.cli.main import main
from occany_ros.occupancy.grid import UNKNOWN
from occany_ros.synthetic.drive import make_drive
import pytest


def test_images_truth_and_calibration_come_back(tmp_path):
    words = ['synth', '-o', str(tmp_path / 'street'), '--seed', '3', '--steps', '2']
    assert main([*words, '--size', '96', '48', '--cameras', '6']) == 0
    folder = read_folder(tmp_path / 'street' / 'images', 'cameras')
    drive = make_drive(3, rig='surround', rate_hz=4.0, steps=2, size=(48, 96))
    assert {camera.name for camera in folder.cameras} == {c.name for c in drive.cameras}
    step = drive.step(1)
    wanted = {frame.camera.name: frame for frame in step.frames.frames}
    for frame in list(frame_sets(folder))[1].frames:
        assert np.array_equal(frame.image, wanted[frame.camera.name].image)
        known = wanted[frame.camera.name].camera
        np.testing.assert_allclose(frame.camera.intrinsics, known.intrinsics)
        np.testing.assert_allclose(frame.camera.base_from_camera, known.base_from_camera)
    with np.load(tmp_path / 'street' / 'truth' / '00001.npz') as truth:
        assert np.array_equal(truth['depth'], step.depth)
        assert np.array_equal(truth['label'], step.label)
        assert np.array_equal(truth['world_from_base'], step.world_from_base)
        assert truth['occupancy'].shape == (200, 200, 16)
        assert (truth['occupancy'] == UNKNOWN).any()


def test_a_bag_holds_the_topics(tmp_path):
    words = ['synth', '-o', str(tmp_path / 'bag'), '--steps', '1', '--size', '64', '32', '--bag']
    assert main(words) == 0
    with BagReader(tmp_path / 'bag') as bag:
        assert '/ground_truth/occupancy' in bag.topics


@pytest.mark.parametrize('words', [['--steps', '0'], ['--rate', '-1']])
def test_impossible_drives_are_refused(tmp_path, capsys, words):
    assert main(['synth', '-o', str(tmp_path / 'none'), *words]) == 1
    assert 'expected' in capsys.readouterr().err
    assert not (tmp_path / 'none').exists()


def test_a_full_folder_is_left_alone(tmp_path, capsys):
    (tmp_path / 'mine.txt').write_text('mine', encoding='utf-8')
    assert main(['synth', '-o', str(tmp_path)]) == 1
    assert 'exists already' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']
