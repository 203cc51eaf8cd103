"""Lengths that are exactly too long or too short."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.frame import FrameSet
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.scale import LARGEST, RATIOS_KEPT, ScaleTrack
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import (
    frame_set,
    HALF_WIDTH_M,
    mounted,
    Oracle,
    path,
    pose,
    uncalibrated,
    WALL,
)
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
RIG = [mounted('front'), mounted('left', x=0.0, y=0.5, yaw_deg=100)]
ODOM_FROM_WORLD = pose(30.0, -7.0, 0.0, 40.0)


class Stretched(Oracle):
    """Knows the truth but for the length of a metre."""

    def __init__(self, cameras, unit, **options):
        super().__init__(cameras, **options)
        self.unit = unit

    def render(self, memory, tokens):
        said = super().render(memory, tokens)
        poses = said.world_from_camera.clone()
        poses[:, :3, 3] /= self.unit
        return replace(
            said,
            world_points=said.world_points / self.unit,
            local_points=said.local_points / self.unit,
            world_from_camera=poses,
        )


def mapper(oracle, **changes):
    return Mapper(
        reconstructor=oracle,
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(**({'grid': GRID, 'min_interval_s': 0.4} | changes)),
        device=torch.device('cpu'),
    )


def with_odometry(frames, where=path):
    return FrameSet(frames.frames, ODOM_FROM_WORLD @ where(frames.stamp_ns))


def run(made, sets):
    state, outputs = made.initial(), []
    for frames in sets:
        state, output = made.step(state, frames)
        outputs.append(output)
    return outputs


def drive(cameras, count=10, hz=2.0):
    return [frame_set(cameras, index / hz) for index in range(count)]


def check_walls(output):
    """Assert that the walls stand where they are, in metres."""
    cloud, base = output.cloud, path(output.stamp_ns)
    wall = cloud.points[cloud.labels == OCC3D.grid_from_native[WALL]]
    truth = wall @ base[:3, :3].T + base[:3, 3]
    assert np.abs(np.abs(truth[:, 1]) - HALF_WIDTH_M).max() < 0.02
    depth = output.views[0].depth
    assert np.nanmin(depth) > 1.0


@settings(max_examples=8, deadline=None)
@given(st.floats(0.25, 4.0), st.booleans())
def test_odometry_gives_points_depth_and_path_their_length(unit, is_front_alone):
    cameras = RIG[:1] if is_front_alone else RIG
    made = mapper(Stretched(RIG, unit), scale='odom')
    outputs = run(made, map(with_odometry, drive(cameras)))
    report = outputs[-1].scale
    assert (report.source, report.missing) == ('odom', '')
    assert report.value == pytest.approx(unit, rel=1e-3)
    check_walls(outputs[-1])
    late = outputs[5:]
    for before, after in pairwise(late):
        step = invert(before.odom_from_base) @ after.odom_from_base
        truth = invert(path(before.stamp_ns)) @ path(after.stamp_ns)
        np.testing.assert_allclose(step, truth, atol=5e-3)


@settings(max_examples=6, deadline=None)
@given(st.floats(0.25, 4.0))
def test_the_known_height_of_the_camera_does_too(unit):
    outputs = run(mapper(Stretched(RIG, unit), scale='camera_height'), drive(RIG))
    assert outputs[-1].scale.source == 'camera_height'
    assert outputs[-1].scale.value == pytest.approx(unit, rel=1e-3)
    check_walls(outputs[-1])


@pytest.mark.parametrize('is_metric', [True, False])
def test_a_network_without_metres_may_have_any_unit(is_metric):
    made = mapper(Stretched(RIG, 18.0), scale='odom', is_metric=is_metric)
    output = run(made, map(with_odometry, drive(RIG)))[-1]
    if is_metric:
        assert (output.scale.value, output.scale.refused['out of bounds']) == (1.0, 9)
    else:
        assert output.scale.value == pytest.approx(18.0, rel=1e-3)
        check_walls(output)


def test_a_height_by_parameter_does_without_any_mounting():
    made = mapper(Stretched(RIG, 2.0), scale='camera_height', assumed_height_m=1.6)
    outputs = run(made, drive(uncalibrated(RIG)))
    assert outputs[-1].scale.value == pytest.approx(2.0, rel=1e-3)
    front, left = (view.base_from_camera for view in outputs[-1].views)
    gap = RIG[0].base_from_camera[:3, 3] - RIG[1].base_from_camera[:3, 3]
    assert np.linalg.norm(front[:3, 3] - left[:3, 3]) == pytest.approx(np.linalg.norm(gap), 1e-3)
    both = mapper(
        Stretched(RIG, 2.0), scale='camera_height', level='ground_plane', assumed_height_m=1.6
    )
    outputs = run(both, drive(uncalibrated(RIG)))
    assert outputs[-1].level.height_m == pytest.approx(1.6, abs=0.01)
    assert outputs[-1].scale.value == pytest.approx(2.0, rel=1e-3)
    assert max(abs(output.odom_from_base[2, 3]) for output in outputs) < 0.05


def test_a_turning_robot_with_a_camera_off_its_axis_is_not_fooled():
    def where(stamp_ns):
        return path(stamp_ns) @ pose(yaw_deg=25.0 * np.sin(stamp_ns / 3e8))

    far = [mounted('front', x=3.0)]
    sets = [with_odometry(frames, where) for frames in drive(far)]
    outputs = run(mapper(Stretched(far, 0.5, where=where), scale='odom'), sets)
    assert outputs[-1].scale.value == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ('source', 'cameras', 'sets', 'word'),
    [
        ('odom', RIG, drive(RIG), 'no transform'),
        ('odom', RIG, [with_odometry(f, lambda _: pose()) for f in drive(RIG)], 'moved less'),
        ('camera_height', RIG, drive(uncalibrated(RIG)), 'level.camera_height'),
    ],
)
def test_without_evidence_the_network_is_believed_and_it_says_why(source, cameras, sets, word):
    outputs = run(mapper(Stretched(cameras, 2.0), scale=source), sets)
    report = outputs[-1].scale
    assert (report.source, report.value, report.told) == ('model', 1.0, 0)
    assert word in report.missing
    assert sum(report.refused.values()) == len(sets)


def test_a_robot_that_stops_keeps_its_scale():
    def where(stamp_ns):
        return path(min(stamp_ns, drive(RIG, 7)[-1].stamp_ns))

    sets = [with_odometry(frames, where) for frames in drive(RIG, 20)]
    outputs = run(mapper(Stretched(RIG, 3.0, where=where), scale='odom'), sets)
    assert outputs[-1].scale.value == pytest.approx(3.0, rel=1e-3)
    assert 'moved less' in outputs[-1].scale.missing


def heard(*ratios):
    track = ScaleTrack()
    for ratio in ratios:
        track = track.heard(ratio)
    return track


def test_absurd_ratios_are_refused_and_counted():
    track = heard(float('nan'), float('inf'), 0.0, 1e9, -1.0, LARGEST * 1.01)
    assert (track.value, track.told, track.refused) == (1.0, 0, {'out of bounds': 6})
    assert 'which is not' in track.missing


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 4.0))
def test_noise_and_outliers_are_smoothed(seed, truth):
    rng = np.random.default_rng(seed)
    ratios = truth * np.exp(0.05 * rng.normal(size=60))
    ratios[rng.random(60) < 0.15] *= 1.9
    track = heard(*ratios)
    assert track.value == pytest.approx(truth, rel=0.08)
    assert len(track.ratios) == RATIOS_KEPT
    values = []
    for ratio in ratios:
        track = track.heard(ratio)
        values.append(track.value)
    assert np.abs(np.diff(np.log(values))).max() < 0.0201


def test_nothing_is_copied_where_the_network_is_believed():
    oracle = Oracle(RIG)
    plain = run(mapper(oracle), drive(RIG))
    with_external = run(mapper(oracle), map(with_odometry, drive(RIG)))
    for one, other in zip(plain, with_external, strict=True):
        np.testing.assert_array_equal(one.cloud.points, other.cloud.points)
        assert one.scale.value == 1.0
