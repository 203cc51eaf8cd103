from dataclasses import replace
from itertools import pairwise

import numpy as np
from occany_ros.geometry.frame import Frame, FrameSet
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import centre_of, FREE, GridSpec, UNKNOWN
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.host_maps import NonFiniteOutput
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import (
    BODY_FROM_OPTICAL,
    frame_set,
    HALF_WIDTH_M,
    mounted,
    Oracle,
    path,
    pose,
    ROAD,
    S,
    START_NS,
    uncalibrated,
    WALL,
)
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
FRONT = mounted('front')
RIG = [
    FRONT,
    mounted('left', x=0.0, y=0.5, yaw_deg=100),
    mounted('right', x=0.0, y=-0.5, yaw_deg=-100),
]


def make(oracle, **changes):
    settings = {'grid': GRID, 'min_interval_s': 0.4} | changes
    return Mapper(
        reconstructor=oracle,
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(**settings),
        device=torch.device('cpu'),
    )


def run(mapper, sets):
    mapped = list(map_recording(mapper, sets))
    assert all(entry.failure is None for entry in mapped)
    return [entry.occupancy for entry in mapped]


def drive(cameras, *, hz=2.0, count=12, **options):
    return [frame_set(cameras, index / hz, **options) for index in range(count)]


def errors(outputs, where=path):
    """Compare every pose with the truth, from the first on: worst matrix entry."""
    first = where(outputs[0].stamp_ns)
    off = [
        invert(invert(first) @ where(output.stamp_ns)) @ output.odom_from_base
        for output in outputs
    ]
    return max(np.abs(matrix - np.eye(4)).max() for matrix in off)


def check_scene(output):
    """Assert that the road lies at z = 0 and the walls stand where they are."""
    base_from_truth = invert(path(output.stamp_ns))
    cloud = output.cloud
    truth = cloud.points @ invert(base_from_truth)[:3, :3].T + invert(base_from_truth)[:3, 3]
    road = cloud.labels == OCC3D.grid_from_native[ROAD]
    wall = cloud.labels == OCC3D.grid_from_native[WALL]
    assert road.any()
    assert wall.any()
    assert (road | wall).all()
    assert np.abs(truth[road, 2]).max() < 2e-3
    assert np.abs(np.abs(truth[wall, 1]) - HALF_WIDTH_M).max() < 2e-3


@pytest.mark.parametrize('cameras', [[FRONT], RIG])
@pytest.mark.parametrize('frames', [1, 5])
@pytest.mark.parametrize('anchor', ['newest', 'first'])
def test_points_are_where_the_world_is(cameras, frames, anchor):
    outputs = run(make(Oracle(RIG), frames=frames, anchor=anchor), drive(cameras, count=7))
    assert [output.window for output in outputs] == [min(i + 1, frames) for i in range(7)]
    for output in outputs:
        check_scene(output)
        assert output.extrinsics == 'given'
        assert [view.name for view in output.views] == [camera.name for camera in cameras]


@pytest.mark.parametrize('anchor', ['newest', 'first'])
@pytest.mark.parametrize('hz', [2.0, 10.0])
@pytest.mark.parametrize('cameras', [[FRONT], RIG])
def test_odometry_of_true_poses_does_not_drift(anchor, hz, cameras):
    outputs = run(make(Oracle(RIG), anchor=anchor), drive(cameras, hz=hz, count=30))
    assert errors(outputs) < 1e-4


def test_both_anchors_give_the_same_scene_and_path():
    pairs = zip(
        run(make(Oracle(RIG), anchor='newest'), drive(RIG, hz=5, count=10)),
        run(make(Oracle(RIG), anchor='first'), drive(RIG, hz=5, count=10)),
        strict=True,
    )
    for newest, first in pairs:
        np.testing.assert_allclose(newest.odom_from_base, first.odom_from_base, atol=1e-4)
        differ = newest.grid.labels != first.grid.labels
        assert differ.mean() < 1e-3


def test_odometry_goes_on_when_cameras_come_and_go():
    blind = [(), ('front',), ('left', 'right'), ('left',), ('front', 'right')]
    sets = [frame_set(RIG, 0.5 * i, blind=blind[i % 5]) for i in range(15)]
    outputs = run(make(Oracle(RIG)), sets)
    assert errors(outputs) < 1e-4
    for output in outputs:
        check_scene(output)


def test_one_frame_of_memory_gives_no_ego_motion():
    outputs = run(make(Oracle(RIG), frames=1), drive([FRONT], count=4))
    for output in outputs:
        np.testing.assert_allclose(output.odom_from_base, np.eye(4), atol=1e-6)


def test_without_extrinsics_the_base_hangs_on_the_reference_camera():
    blind_rig = uncalibrated(RIG)
    oracle = Oracle(RIG)
    outputs = run(make(oracle, assumed_height_m=1.6), drive(blind_rig, count=6))
    assert {output.extrinsics for output in outputs} == {'assumed'}
    base_from_assumed = pose(x=1.0)
    for output in outputs:
        for view, camera in zip(output.views, RIG, strict=True):
            expected = invert(base_from_assumed) @ camera.base_from_camera
            np.testing.assert_allclose(view.base_from_camera, expected, atol=1e-4)

    def where(stamp_ns):
        return path(stamp_ns) @ base_from_assumed

    assert errors(outputs, where) < 1e-4


def test_without_extrinsics_the_learned_rig_carries_a_set_without_the_reference():
    blind_rig = uncalibrated(RIG)
    sets = [frame_set(blind_rig, 0.5 * i, blind=('front',) if i > 2 else ()) for i in range(8)]
    outputs = run(make(Oracle(RIG), assumed_height_m=1.6), sets)
    assert errors(outputs, lambda stamp_ns: path(stamp_ns) @ pose(x=1.0)) < 1e-4


def test_the_grid_hangs_on_the_first_camera_whichever_was_seen_first():
    blind_rig = uncalibrated(RIG)
    names = tuple(camera.name for camera in RIG)
    sets = [frame_set(blind_rig, 0.5 * i, blind=('front',) if i < 2 else ()) for i in range(6)]
    outputs = run(make(Oracle(RIG), assumed_height_m=1.6, cameras=names), sets)
    for output in outputs[2:]:
        placed = {view.name: view.base_from_camera for view in output.views}
        np.testing.assert_allclose(placed['front'], pose(z=1.6) @ BODY_FROM_OPTICAL, atol=1e-4)
        assert output.level.height_m == pytest.approx(1.6)
    # The path goes on where the other camera is when the first one comes.
    left = RIG[1].base_from_camera @ invert(BODY_FROM_OPTICAL)
    for number, (before, after) in enumerate(pairwise(outputs), 1):
        base = left if number <= 2 else pose(x=1.0)
        truth = invert(path(before.stamp_ns) @ base) @ path(after.stamp_ns) @ base
        moved = invert(before.odom_from_base) @ after.odom_from_base
        np.testing.assert_allclose(moved, truth, atol=1e-4)


def test_extrinsics_that_come_late_do_not_make_the_path_jump():
    sets = [frame_set(uncalibrated(RIG) if i < 4 else RIG, 0.5 * i) for i in range(8)]
    outputs = run(make(Oracle(RIG), assumed_height_m=1.6), sets)
    assert [output.extrinsics for output in outputs] == ['assumed'] * 4 + ['given'] * 4
    late = outputs[4:]
    moved = [invert(late[0].odom_from_base) @ output.odom_from_base for output in late]
    truth = [invert(path(late[0].stamp_ns)) @ path(output.stamp_ns) for output in late]
    np.testing.assert_allclose(moved, truth, atol=1e-4)
    jump = invert(outputs[3].odom_from_base) @ outputs[4].odom_from_base
    step = invert(path(outputs[3].stamp_ns)) @ path(outputs[4].stamp_ns)
    assert np.abs(jump - step)[:3, 3].max() < 0.6  # the camera sits 1 m before the base


def test_each_image_is_encoded_once_and_keyframes_keep_their_distance():
    oracle = Oracle(RIG)
    mapper = make(oracle, frames=4)
    state = mapper.initial()
    for frames in drive([FRONT], hz=10, count=40):
        state, output = mapper.step(state, frames)
        stamps = [entry.stamp_ns for entry in state.window]
        assert np.all(np.diff(stamps) >= 0.38 * S)
        assert len(stamps) <= 4
        assert output.views[0].stamp_ns == frames.stamp_ns
    assert len(oracle.encoded) == len(set(oracle.encoded)) == 40


def test_standing_robot_keeps_one_keyframe_where_translation_is_asked_for():
    oracle = Oracle([FRONT], where=lambda _stamp_ns: np.eye(4))
    mapper = make(oracle, min_translation_m=0.5)
    state = mapper.initial()
    for frames in drive([FRONT], count=10):
        state, _ = mapper.step(state, frames)
    assert len(state.window) == 1


def test_first_anchor_continues_the_memory_instead_of_making_it_anew():
    oracle = Oracle(RIG)
    run(make(oracle, anchor='first', frames=10), drive(RIG, hz=10, count=5))
    begun, added = zip(*oracle.remembered, strict=True)
    assert begun.count(0) == 2  # the first set alone, and with the second
    assert max(added[2:]) == 3


def test_old_sets_leave_the_memory():
    mapper = make(Oracle([FRONT]), max_age_s=1.2)
    state = mapper.initial()
    for frames in drive([FRONT], count=10):
        state, output = mapper.step(state, frames)
    assert output.window == 3


def test_state_is_not_changed_and_survives_an_answer_that_is_not_finite():
    sets = drive([FRONT], count=8)
    oracle = Oracle([FRONT])
    oracle.poison = sets[4].stamp_ns
    mapped = list(map_recording(make(oracle), sets))
    assert [entry.occupancy is None for entry in mapped] == [i == 4 for i in range(8)]
    assert isinstance(mapped[4].failure, NonFiniteOutput)
    assert 'world_points' in str(mapped[4].failure)
    good = [entry.occupancy for entry in mapped if entry.occupancy is not None]
    assert errors(good) < 1e-4


def test_steps_are_pure_in_the_state():
    mapper = make(Oracle(RIG))
    sets = drive(RIG, count=5)
    state = mapper.initial()
    for frames in sets[:-1]:
        state, _ = mapper.step(state, frames)
    _, once = mapper.step(state, sets[-1])
    _, again = mapper.step(state, sets[-1])
    np.testing.assert_array_equal(once.grid.labels, again.grid.labels)
    np.testing.assert_array_equal(once.odom_from_base, again.odom_from_base)


@pytest.mark.parametrize(('seconds', 'reason'), [(-1.0, 'backward'), (9.0, 'gap')])
def test_jump_of_the_stamps_begins_anew(seconds, reason):
    mapper = make(Oracle([FRONT]))
    state = mapper.initial()
    for frames in drive([FRONT], count=4):
        state, before = mapper.step(state, frames)
    state, output = mapper.step(state, frame_set([FRONT], 1.5 + seconds))
    assert (before.restart, output.restart, output.window) == (None, reason, 1)
    np.testing.assert_allclose(output.odom_from_base, np.eye(4), atol=1e-6)


def test_change_of_resolution_rebuilds_the_memory_and_keeps_the_odometry():
    mapper = make(Oracle([FRONT]))
    state = mapper.initial()
    for frames in drive([FRONT], count=4):
        state, before = mapper.step(state, frames)
    large = mounted('front', width=256, height=128)
    state, output = mapper.step(state, frame_set([large], 2.0, width=256, height=128))
    assert (output.restart, output.window) == ('resolution', 1)
    np.testing.assert_allclose(output.odom_from_base, before.odom_from_base, atol=1e-6)
    _, output = mapper.step(state, frame_set([large], 2.5, width=256, height=128))
    assert output.restart is None
    step = invert(before.odom_from_base) @ output.odom_from_base
    truth = invert(path(START_NS + 2 * S)) @ path(START_NS + round(2.5 * S))
    np.testing.assert_allclose(step, truth, atol=1e-4)


def test_grid_is_made_of_the_points():
    (output,) = run(make(Oracle([FRONT])), drive([FRONT], count=1))
    grid = output.grid
    assert grid.spec == GRID
    assert grid.class_names == OCC3D.grid_names
    assert set(np.unique(grid.labels)) == {FREE, *OCC3D.grid_from_native[[ROAD, WALL]]}
    occupied = grid.labels != FREE
    assert (grid.confidence[occupied] > 0).all()
    assert (grid.confidence[~occupied] == 0).all()
    centres = centre_of(np.argwhere(occupied), GRID)
    from_points = np.abs(centres[:, None] - output.cloud.points[None]).max(axis=-1).min(axis=-1)
    assert from_points.max() <= 0.75 + 1e-3  # a point marks the eight lattice nodes around it


def test_maps_smaller_than_the_image_fill_views_of_the_size_of_the_image():
    (output,) = run(make(Oracle([FRONT], stride=4)), drive([FRONT], count=1))
    (view,) = output.views
    assert view.image.shape == (32, 64, 3)
    assert view.depth.shape == view.labels.shape == (32, 64)
    seen = np.isfinite(view.depth)
    assert 0.1 < seen.mean() < 1.0
    assert (view.labels[~seen] == FREE).all()  # sky
    assert len(output.cloud.points) == seen.sum() // 16


def test_cloud_is_thinned_evenly_and_coloured_by_its_pixels():
    image = np.zeros((64, 128, 3), np.uint8)
    image[:, :64] = (250, 0, 0)
    image[:, 64:] = (0, 0, 250)
    frames = FrameSet((Frame(FRONT, START_NS, image),))
    (full,) = run(make(Oracle([FRONT])), [frames])
    (thin,) = run(make(Oracle([FRONT]), max_points=100), [frames])
    assert len(thin.cloud.points) == 100
    assert len(full.cloud.points) > 100
    left = full.cloud.points[:, 1] > 0.5
    right = full.cloud.points[:, 1] < -0.5
    assert (full.cloud.rgb[left, 0] > full.cloud.rgb[left, 2]).all()
    assert (full.cloud.rgb[right, 0] < full.cloud.rgb[right, 2]).all()
    np.testing.assert_allclose(full.cloud.confidence, 0.8, atol=1e-6)
    np.testing.assert_array_equal(thin.grid.labels, full.grid.labels)


def test_network_without_labels_gives_geometry_of_no_class():
    (output,) = run(make(Oracle([FRONT], with_labels=False)), drive([FRONT], count=1))
    other = OCC3D.grid_from_native[OCC3D.other]
    assert set(np.unique(output.grid.labels)) == {FREE, other}
    assert (output.views[0].labels == UNKNOWN).all()


def test_nothing_above_the_threshold_gives_a_free_grid():
    (output,) = run(make(Oracle([FRONT]), confidence=9.0), drive([FRONT], count=1))
    assert (output.grid.labels == FREE).all()
    assert output.cloud.points.shape == (0, 3)
    assert np.isnan(output.views[0].depth).all()


def test_stages_add_up_on_the_given_clock():
    ticks = iter(range(100))
    mapper = make(Oracle([FRONT]))
    mapper._clock = lambda: float(next(ticks))
    _, output = mapper.step(mapper.initial(), frame_set([FRONT], 0.0))
    stages = dict(output.seconds)
    total = stages.pop('total')
    assert list(stages) == [
        'preprocess', 'encode', 'remember', 'render', 'fetch', 'odometry', 'voxels'
    ]  # fmt: skip
    assert total == sum(stages.values())


@pytest.mark.parametrize(
    'broken',
    [
        FrameSet(()),
        FrameSet(frame_set([FRONT], 0).frames * 2),
        FrameSet((Frame(FRONT, START_NS, np.zeros((8, 8), np.uint8)),)),
        FrameSet((Frame(FRONT, START_NS, np.zeros((8, 8, 3), np.float32)),)),
    ],
)
def test_sets_that_are_none_are_refused(broken):
    mapper = make(Oracle([FRONT]))
    with pytest.raises(ValueError, match='expected'):
        mapper.step(mapper.initial(), broken)


@pytest.mark.parametrize(
    ('name', 'change'),
    [
        ('memory.frames', {'frames': 0}),
        ('memory.min_interval', {'min_interval_s': -1.0}),
        ('memory.max_gap', {'max_gap_s': 0.0}),
        ('memory.anchor', {'anchor': 'oldest'}),
        ('grid.fusion', {'fusion': 'nearest'}),
        ('confidence.recon', {'confidence': float('nan')}),
        ('points.max_points', {'max_points': -1}),
        ('grid.resolution', {'grid': replace(GRID, resolution=0.0)}),
        ('grid.size', {'grid': replace(GRID, shape=(4, 0, 4))}),
    ],
)
def test_bad_settings_are_refused_by_name(name, change):
    with pytest.raises(ValueError, match=name):
        MapperConfig(**change)
