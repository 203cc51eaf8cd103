"""What makes the grid level, on streets seen by tilted cameras."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.euler import rotation_from_euler
from occany_ros.geometry.ground_plane import GroundPlane
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.ground import Sight
from occany_ros.pipeline.level import LevelTrack, PATIENCE
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.rig import Placed
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import (
    BODY_FROM_OPTICAL,
    frame_set,
    mounted,
    Oracle,
    path,
    pose,
    ROAD,
    uncalibrated,
)
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
ROAD_LABEL = OCC3D.grid_from_native[ROAD]


def tilted(name, roll_deg, pitch_deg, **options):
    """Camera that is mounted with a tilt."""
    camera = mounted(name, **options)
    tilt = np.eye(4)
    tilt[:3, :3] = rotation_from_euler(np.deg2rad(roll_deg), np.deg2rad(pitch_deg), 0.0)
    body = camera.base_from_camera @ invert(BODY_FROM_OPTICAL)
    return replace(camera, base_from_camera=body @ tilt @ BODY_FROM_OPTICAL)


def run(oracle, cameras, count=6, **changes):
    mapper = Mapper(
        reconstructor=oracle,
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(**({'grid': GRID, 'min_interval_s': 0.4} | changes)),
        device=torch.device('cpu'),
    )
    state, outputs = mapper.initial(), []
    for index in range(count):
        state, output = mapper.step(state, frame_set(cameras, 0.5 * index))
        outputs.append(output)
    return outputs


def road_heights(output):
    return output.cloud.points[output.cloud.labels == ROAD_LABEL][:, 2]


def steps(outputs):
    """Ways from each pose to the next, (n - 1, 4, 4)."""
    poses = [output.odom_from_base for output in outputs]
    return [invert(a) @ b for a, b in pairwise(poses)]


@settings(max_examples=8, deadline=None)
@given(st.floats(-8, 8), st.floats(-10, 14), st.floats(0.4, 2.5), st.booleans())
def test_the_ground_of_a_tilted_camera_lies_at_zero(roll_deg, pitch_deg, height, with_labels):
    camera = tilted('front', roll_deg, pitch_deg, z=height)
    oracle = Oracle([camera], with_labels=with_labels)
    outputs = run(oracle, uncalibrated([camera]), level='ground_plane', count=3)
    report = outputs[-1].level
    assert report.source == 'ground plane'
    assert report.height_m == pytest.approx(height, abs=0.05)
    assert report.pitch_deg == pytest.approx(pitch_deg, abs=1.0)
    assert report.roll_deg == pytest.approx(roll_deg, abs=1.0)
    if with_labels:
        assert np.abs(road_heights(outputs[-1])).max() < 0.25


def test_the_path_of_a_tilted_camera_is_level_and_true():
    camera = tilted('front', 4.0, 9.0)
    outputs = run(Oracle([camera]), uncalibrated([camera]), level='ground_plane', count=14)
    poses = np.stack([output.odom_from_base for output in outputs])
    assert np.abs(poses[:, 2, 3]).max() < 0.1
    assert poses[:, 2, 2].min() > np.cos(np.deg2rad(0.5))
    truth = invert(path(outputs[0].stamp_ns)) @ path(outputs[-1].stamp_ns)
    expected = truth[:2, 3] + truth[:2, :2] @ (1.0, 0.0) - (1.0, 0.0)  # the camera is in front
    np.testing.assert_allclose(poses[-1, :2, 3], expected, atol=0.4)


def test_a_wrong_mounting_is_corrected_but_keeps_its_heading():
    told = mounted('front', yaw_deg=30.0, z=1.2)
    real = tilted('front', -3.0, 5.0, yaw_deg=30.0, z=1.6)
    outputs = run(Oracle([real]), [told], level='ground_plane')
    view = outputs[-1].views[0].base_from_camera
    np.testing.assert_allclose(view[:2, 2], told.base_from_camera[:2, 2], atol=0.08)
    assert outputs[-1].level.height_m == pytest.approx(1.6, abs=0.03)
    assert np.abs(road_heights(outputs[-1])).max() < 0.2
    plain = run(Oracle([real]), [told], level='tf')
    assert np.abs(road_heights(plain[-1])).max() > 0.3


def test_the_mounting_that_was_given_is_taken_as_it_is_by_default():
    camera = tilted('front', 0.0, 10.0)
    outputs = run(Oracle([camera]), [camera], level='tf')
    assert outputs[-1].level.source == 'mounting'
    assert outputs[-1].level.pitch_deg == pytest.approx(10.0)
    assert np.abs(road_heights(outputs[-1])).max() < 2e-3


def test_without_level_the_grid_hangs_on_the_first_camera_whatever_was_given():
    rig = [tilted('front', 0.0, 10.0, x=2.0), mounted('left', y=0.5, yaw_deg=100)]
    outputs = run(Oracle(rig), rig, level='none')
    for output in outputs:
        front, left = (view.base_from_camera for view in output.views)
        np.testing.assert_allclose(front, BODY_FROM_OPTICAL, atol=1e-9)
        expected = BODY_FROM_OPTICAL @ invert(rig[0].base_from_camera) @ rig[1].base_from_camera
        np.testing.assert_allclose(left, expected, atol=1e-6)
        assert output.level.source == 'axis swap'
    raised = run(Oracle(rig), rig, level='none', assumed_height_m=1.6)
    assert raised[-1].level.height_m == pytest.approx(1.6)
    np.testing.assert_allclose(raised[0].odom_from_base, np.eye(4), atol=1e-9)


def test_thin_evidence_is_refused_counted_and_does_no_harm():
    camera = mounted('front')
    high = Oracle([camera], where=lambda _stamp_ns: pose(y=500.0))  # beside the road: no wall
    outputs = run(high, uncalibrated([camera]), level='ground_plane', confidence=100.0)
    report = outputs[-1].level
    assert (report.source, report.planes) == ('axis swap', 0)
    assert report.refused == {'too few points': 6}
    assert report.missing == 'too few points'


def sight(height, normal=(0.0, -1.0, 0.0)):
    return Sight(GroundPlane(np.array(normal), height, 1000))


def heard(track, *seen):
    placed = Placed(np.eye(4), BODY_FROM_OPTICAL[None], 'assumed', 0)
    for one in seen:
        track = track.heard(one, placed, 1.0)
    return track


def test_planes_are_averaged_and_a_few_odd_ones_are_left_out():
    rng = np.random.default_rng(0)
    track = heard(LevelTrack(), *(sight(1.6 + 0.1 * rng.normal()) for _ in range(60)))
    assert track.offset == pytest.approx(-1.6, abs=0.06)
    track = heard(track, *[sight(3.0)] * (PATIENCE - 1))
    assert track.offset == pytest.approx(-1.6, abs=0.06)
    assert track.refused == {'odd': PATIENCE - 1}
    assert track.missing == 'odd'
    track = heard(track, sight(3.0))
    assert track.offset == pytest.approx(-3.0)
    assert (track.seen, track.missing, track.era) == (1, '', 1)


def test_the_path_has_no_step_where_the_ground_is_seen_at_last():
    camera = tilted('front', 0.0, 6.0)
    oracle = Oracle([camera])
    mapper = Mapper(
        reconstructor=oracle,
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, min_interval_s=0.4, level='ground_plane', confidence=50.0),
        device=torch.device('cpu'),
    )
    sure = Mapper(
        reconstructor=oracle,
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=replace(mapper.config, confidence=2.0),
        device=torch.device('cpu'),
    )
    state, outputs = mapper.initial(), []
    for index in range(12):
        frames = frame_set(uncalibrated([camera]), 0.5 * index)
        state, output = (mapper if index < 6 else sure).step(state, frames)
        outputs.append(output)
    assert [output.level.source for output in outputs] == ['axis swap'] * 6 + ['ground plane'] * 6
    ways = [np.linalg.norm(step[:3, 3]) for step in steps(outputs)]
    assert max(ways) < 3.5  # about 2.5 m a set
    turn = [step[2, 2] for step in steps(outputs)]
    assert min(turn) > np.cos(np.deg2rad(7.0))
    assert np.abs(outputs[5].odom_from_base - outputs[6].odom_from_base)[2, 3] < 0.5
