import numpy as np
from occany_ros.occupancy.grid import GridSpec
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.truth import occupancy, seen_cells, unproject
import pytest

GROUND = [OCC3D.grid_from_native[native] for native in (11, 12, 13, 14)]


def cells_of(points, spec):
    cell = np.floor((points - np.array(spec.origin)) / spec.resolution).astype(int)
    return cell, ((cell >= 0) & (cell < spec.shape)).all(1)


@pytest.mark.parametrize(('seed', 'rig'), [(1, 'front'), (2, 'surround'), (3, 'front')])
def test_points_of_the_depth_lie_in_cells_of_their_class(seed, rig):
    drive = make_drive(seed, rig=rig, steps=3, size=(96, 256))
    step = drive.step(2)
    grid = occupancy(drive.scene, step.world_from_base)
    padded = np.pad(grid.labels, 1)
    for camera, depth, label in zip(drive.cameras, step.depth, step.label, strict=True):
        points = unproject(depth, camera.intrinsics, camera.base_from_camera)[depth > 0]
        wanted = OCC3D.grid_from_native[label[depth > 0]]
        cell, within = cells_of(points, grid.spec)
        cell, wanted = cell[within], wanted[within]
        same = np.zeros(len(cell), np.bool_)
        for shift in np.ndindex(3, 3, 3):
            same |= padded[tuple((cell + shift).T)] == wanted
        obstacle = ~np.isin(wanted, GROUND)
        assert same[obstacle].mean() > 0.999
        assert same[~obstacle].mean() > 0.95  # solids win the cells at their feet
        assert (grid.labels[tuple(cell.T)] != 0).mean() > 0.99


def test_the_grid_turns_with_the_vehicle():
    drive = make_drive(11, steps=1)
    pose = drive.world_from_base[0]
    half_turn = np.diag([-1.0, -1.0, 1.0, 1.0])
    ahead = occupancy(drive.scene, pose).labels
    behind = occupancy(drive.scene, pose @ half_turn).labels
    differ = ahead != behind[::-1, ::-1]
    assert differ.mean() < 1e-3  # cells touched at a face may fall either way
    assert (ahead != 0).mean() > 0.02


def test_ground_fills_the_level_of_z_0_and_nothing_floats_below():
    drive = make_drive(12, steps=1)
    grid = occupancy(drive.scene, drive.world_from_base[0])
    assert (grid.labels[:, :, 2] != 0).all()
    assert not np.isin(grid.labels[:, :, 3:], GROUND).any()
    assert (grid.labels[:, :, :2] == 0).all()
    assert grid.labels[100:110, 99:101, 2].tolist() == [[12, 12]] * 10  # the lane it drives in


def test_other_grids_hold_the_same_world():
    drive = make_drive(13, steps=1)
    fine = GridSpec((-8.0, -8.0, -1.0), 0.2, (80, 80, 32))
    coarse = GridSpec((-8.0, -8.0, -1.0), 0.4, (40, 40, 16))
    pose = drive.world_from_base[0]
    small = occupancy(drive.scene, pose, fine).labels.reshape(40, 2, 40, 2, 16, 2)
    small = (small != 0).any((1, 3, 5))
    large = occupancy(drive.scene, pose, coarse).labels != 0
    above = slice(3, None)
    assert (small[:, :, above] == large[:, :, above]).all()


def test_seen_cells_agree_with_marching_along_every_ray():
    drive = make_drive(14, rig='surround', steps=1, size=(120, 200))
    step = drive.step(0)
    spec = GridSpec((-12.0, -12.0, -1.0), 0.4, (60, 60, 16))
    views = [
        (depth, camera.intrinsics, camera.base_from_camera)
        for depth, camera in zip(step.depth, drive.cameras, strict=True)
    ]
    marched = np.zeros(spec.shape, np.bool_)
    for depth, intrinsics, pose in views:
        far = np.where(depth > 0, depth, 60.0).astype(np.float32)
        for share in np.arange(0.05, 20.0, 0.1):
            here = np.minimum(far, np.float32(share))
            cell, within = cells_of(unproject(here, intrinsics, pose).reshape(-1, 3), spec)
            marched[tuple(cell[within].T)] = True
    seen = seen_cells(views, spec)
    both = (seen & marched).sum() / (seen | marched).sum()
    assert both > 0.9
    assert 0.2 < seen.mean() < 0.9


def test_nothing_behind_a_camera_or_a_wall_is_seen():
    depth = np.full((60, 100), 5.0, np.float32)
    intrinsics = np.array([[60.0, 0, 49.5], [0, 60.0, 29.5], [0, 0, 1]])
    base_from_camera = np.eye(4)
    base_from_camera[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    base_from_camera[2, 3] = 1.5
    seen = seen_cells([(depth, intrinsics, base_from_camera)])
    x = -40 + (np.arange(200) + 0.5) * 0.4
    assert not seen[x < 0].any()
    assert not seen[x > 5.4].any()
    assert seen[(x > 2) & (x < 5)].any((1, 2)).all()
    sky = np.zeros_like(depth)
    assert seen_cells([(sky, intrinsics, base_from_camera)])[x > 30].any()
