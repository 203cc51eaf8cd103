import numpy as np
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.ground import GroundRows, locate
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.truth import unproject
import pytest
import torch

SIZE = (72, 120)  # no multiple of the tiles


def shots_of(drives):
    cameras = [drive.cameras[0] for drive in drives]
    poses = [
        drive.world_from_base[0] @ camera.base_from_camera
        for drive, camera in zip(drives, cameras, strict=True)
    ]
    numbers = list(range(40, 40 + len(drives)))
    return Shots(np.stack(poses), np.stack([camera.intrinsics for camera in cameras]), numbers)


def single(shots, index):
    window = slice(index, index + 1)
    return Shots(shots.world_from_camera[window], shots.intrinsics[window], shots.numbers[window])


def test_cameras_of_several_scenes_together_equal_each_alone():
    drives = [make_drive(seed, steps=1, size=SIZE) for seed in (1, 2, 3)]
    shots = shots_of(drives)
    together = render([drive.scene for drive in drives], shots, SIZE)
    for index, drive in enumerate(drives):
        alone = render([drive.scene], single(shots, index), SIZE)
        assert (together.label[index] == alone.label[0]).mean() > 0.9995
        both = (together.depth[index] > 0) & (together.label[index] == alone.label[0])
        np.testing.assert_allclose(
            together.depth[index][both], alone.depth[0][both], rtol=1e-4, atol=1e-3
        )
        off = np.abs(together.image[index].astype(int) - alone.image[0].astype(int)).max(-1)
        assert (off <= 2).mean() > 0.999


def test_the_same_scene_many_times_equals_it_alone():
    drive = make_drive(4, rig='surround', steps=1, size=SIZE)
    step = drive.step(0)
    pose = step.world_from_base @ drive.cameras[3].base_from_camera
    shots = Shots(pose[None], drive.cameras[3].intrinsics[None], [drive.seed * 131 + 3])
    alone = render([drive.scene], shots, SIZE)
    assert (step.label[3] == alone.label[0]).mean() > 0.9995
    assert (np.abs(step.frames.frames[3].image.astype(int) - alone.image[0]) <= 2).mean() > 0.999


def test_shapes_types_and_the_sky():
    drive = make_drive(5, steps=1, size=SIZE)
    answer = render([drive.scene], shots_of([drive]), SIZE)
    assert answer.image.shape == (1, *SIZE, 3)
    assert answer.image.dtype == np.uint8
    assert answer.depth.shape == answer.label.shape == (1, *SIZE)
    assert answer.depth.dtype == np.float32
    assert answer.label.dtype == np.uint8
    assert np.isfinite(answer.depth).all()
    assert ((answer.depth == 0) == (answer.label == 17)).all()
    assert (answer.label <= 17).all()


def test_ground_pixels_carry_the_class_of_the_ground():
    drive = make_drive(7, steps=1, size=SIZE)
    shots = shots_of([drive])
    answer = render([drive.scene], shots, SIZE)
    floor = np.isin(answer.label[0], (11, 12, 13, 14))
    points = unproject(answer.depth[0], shots.intrinsics[0], shots.world_from_camera[0])[floor]
    points = torch.from_numpy(points.astype(np.float32))
    rows = GroundRows(torch.from_numpy(drive.scene.ground.row()))
    place = locate(rows, points[:, 0], points[:, 1])
    assert (place.label.numpy() == answer.label[0][floor]).mean() > 0.998


def test_noise_follows_its_number_and_shadows_only_darken():
    drive = make_drive(10, steps=1, size=SIZE)
    shots = shots_of([drive])
    first = render([drive.scene], shots, SIZE).image[0].astype(int)
    other = Shots(shots.world_from_camera, shots.intrinsics, [77])
    second = render([drive.scene], other, SIZE).image[0].astype(int)
    assert 0 < np.abs(first - second).mean() < 10
    bright = render([drive.scene], shots, SIZE, shadows=False).image[0].astype(int)
    assert (bright >= first - 1).all()
    assert (bright > first + 8).any()


def test_scenes_and_cameras_must_match():
    drive = make_drive(5, steps=1, size=SIZE)
    with pytest.raises(ValueError, match='one a camera'):
        render([drive.scene] * 2, shots_of([drive]), SIZE)


@pytest.mark.parametrize('seed', range(6))
def test_road_coordinates_come_back(seed):
    ground = make_drive(seed, steps=1).scene.ground
    rows = GroundRows(torch.from_numpy(ground.row()))
    for s in (-40.0, 3.0, 57.0):
        for left in (-9.0, -2.0, 0.0, 4.0, 8.0):
            x, y, _ = ground.world(s, left)
            place = locate(rows, torch.tensor([x]), torch.tensor([y]))
            assert abs(float(place.left) - left) < 0.3
            assert abs(float(place.across) - ground.from_crossing(x)) < 1e-3
