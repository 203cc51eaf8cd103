import numpy as np
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.render import render, Shots
from occany_ros.synthetic.scene import make_scene
import pytest
from solids import inside


def arrays(scene):
    solids = scene.solids
    return [
        solids.kind,
        solids.centre,
        solids.half,
        solids.axes,
        solids.shape,
        solids.label,
        solids.material,
        solids.colour,
        solids.style,
        scene.ground.row(),
        scene.light.row(),
    ]


def test_a_seed_decides_the_scene():
    for first, second in zip(arrays(make_scene(5)), arrays(make_scene(5)), strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(make_scene(5).light.row(), make_scene(6).light.row())


def test_every_class_is_seen_within_a_few_seeds():
    frames = np.zeros(18, int)
    for seed in range(60):
        drive = make_drive(seed, steps=1, size=(64, 160))
        pose = drive.world_from_base[0] @ drive.cameras[0].base_from_camera
        shots = Shots(pose[None], drive.cameras[0].intrinsics[None], [0])
        label = render([drive.scene], shots, drive.size, shadows=False).label
        frames += np.bincount(label.ravel(), minlength=18) > 5
    assert (frames >= 3).all(), frames
    assert (frames[[4, 11, 13, 15, 16]] > 45).all(), frames


@pytest.mark.parametrize('seed', range(20))
def test_the_path_stays_clear_for_the_vehicle_and_its_cameras(seed):
    drive = make_drive(seed, rate_hz=2.0, steps=20)
    solids = drive.scene.solids
    near = np.abs(solids.centre[:, 2] - 1.0) < solids.half[:, 2] + 1.0
    solids = solids.subset(near)
    along, across, up = np.meshgrid(
        np.linspace(-1, 2, 4), np.linspace(-1.2, 1.2, 7), np.linspace(0.3, 1.9, 5)
    )
    vehicle = np.stack([along, across, up], -1).reshape(-1, 3)
    points = drive.world_from_base[:, None, :3, :3] @ vehicle[:, :, None]
    points = points[..., 0] + drive.world_from_base[:, None, :3, 3]
    for row in range(len(solids)):
        assert not inside(solids, row, points).any()


def test_solids_stand_on_the_ground_not_below():
    for seed in range(10):
        solids = make_scene(seed).solids
        upright = solids.axes[:, 2, 2] > 0.5
        height = np.where(upright, solids.half[:, 2], solids.half[:, 1])
        assert (solids.centre[:, 2] - height > -0.1).all()  # bushes sink in a little


def test_buildings_leave_the_road_alone():
    for seed in range(10):
        scene = make_scene(seed)
        large = (scene.solids.label == 15) & (scene.solids.half[:, :2].min(1) > 3)
        for x, y in scene.solids.centre[large, :2]:
            _, middle, heading = scene.ground.world(float(x), 0.0)
            kerb = scene.ground.kerb_left if y > middle else scene.ground.kerb_right
            assert abs(y - middle) * np.cos(heading) > kerb + 3
