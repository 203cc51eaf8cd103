"""The pose that is told: speeds, and no step where the window or the base frame changes."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.quaternion import rotation_from_quaternion
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.hanging import Hanging, motion_between, standing
from occany_ros.pipeline.level import Levelled, LevelTrack
from occany_ros.pipeline.mapper import Mapper
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted, Oracle, path, pose, S
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
RIG = [mounted('front'), mounted('left', x=0.0, y=0.5, yaw_deg=100)]


def rigid(seed):
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion(rng.normal(size=4))
    matrix[:3, 3] = rng.normal(size=3) * 5
    return matrix


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(-0.8, 0.8), st.floats(-10, 10), st.floats(0.02, 0.3))
def test_an_even_motion_has_its_own_speed_in_the_robots_frame(seed, rate, speed, seconds):
    start = standing(rigid(seed))
    angle = rate * seconds
    step = pose(yaw_deg=np.rad2deg(angle))
    turned = (np.sin(angle), 1 - np.cos(angle)) if abs(rate) > 1e-6 else (angle, 0.0)
    radius = speed / rate if abs(rate) > 1e-6 else 0.0
    step[:2, 3] = (
        (radius * turned[0], radius * turned[1]) if abs(rate) > 1e-6 else (speed * seconds, 0)
    )
    motion = motion_between(start, start.odom_from_base @ step, seconds)
    np.testing.assert_allclose(motion.angular, (0, 0, rate), atol=1e-6)
    np.testing.assert_allclose(motion.linear, (speed, 0, 0), atol=0.06)
    assert motion.distance_m == pytest.approx(np.linalg.norm(step[:3, 3]))
    assert motion.seconds == seconds


def test_two_sets_of_one_time_keep_the_speed():
    first = motion_between(standing(np.eye(4)), pose(1.0), 0.5)
    again = motion_between(first, pose(1.0), 0.0)
    np.testing.assert_array_equal(again.linear, first.linear)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000))
def test_another_base_frame_begins_where_the_robot_was(seed):
    poses = [rigid(seed + i) for i in range(4)]
    mounting, swap = rigid(seed + 10), rigid(seed + 11)
    hanging = Hanging().moved(LevelTrack(), Levelled('axis swap', swap), poses[0])
    np.testing.assert_allclose(
        hanging.told(poses[0], 0).motion.odom_from_base, np.eye(4), atol=1e-9
    )
    before = hanging.told(poses[1], S)
    after = before.moved(LevelTrack(), Levelled('mounting', mounting), poses[1]).told(poses[1], S)
    np.testing.assert_allclose(
        after.motion.odom_from_base, before.motion.odom_from_base, atol=1e-9
    )
    later = after.told(poses[2], 2 * S)
    step = invert(after.motion.odom_from_base) @ later.motion.odom_from_base
    base = [one @ invert(mounting) for one in poses]
    np.testing.assert_allclose(step, invert(base[1]) @ base[2], atol=1e-9)


@pytest.mark.parametrize('era', [0, 1])
def test_a_ground_begun_anew_makes_no_step_in_the_path(era):
    low, high = rigid(1), rigid(2)
    before = Hanging().moved(LevelTrack(), Levelled('ground plane', low), rigid(3))
    before = before.told(rigid(3), 0)
    after = before.moved(LevelTrack(), Levelled('ground plane', high, era), rigid(3))
    stayed = np.allclose(
        after.told(rigid(3), S).motion.odom_from_base, before.motion.odom_from_base
    )
    assert stayed == (era == 1)


class Trembling(Oracle):
    """Sees every window a little differently: each view is off on its own, every time."""

    def __init__(self, cameras, seed):
        super().__init__(cameras)
        self.rng = np.random.default_rng(seed)

    def render(self, memory, tokens):
        said = super().render(memory, tokens)
        said.world_from_camera[:, :3, 3] += torch.from_numpy(
            self.rng.normal(scale=0.02, size=(len(tokens), 3))
        ).float()
        return said


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(['newest', 'first']), st.sampled_from([2.0, 8.0]))
def test_the_path_is_smooth_while_windows_and_anchors_change(seed, anchor, hz):
    mapper = Mapper(
        reconstructor=Trembling(RIG, seed),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, anchor=anchor, frames=4, min_interval_s=0.4),
        device=torch.device('cpu'),
    )
    state, outputs = mapper.initial(), []
    for index in range(24):
        state, output = mapper.step(state, frame_set(RIG, index / hz))
        outputs.append(output)
    for before, after in pairwise(outputs):
        step = invert(before.odom_from_base) @ after.odom_from_base
        truth = invert(path(before.stamp_ns)) @ path(after.stamp_ns)
        off = invert(truth) @ step
        assert np.linalg.norm(off[:3, 3]) < 0.25  # of 0.6 or 2.5 m; one view is off by 2 cm
    speeds = [output.motion.linear[0] for output in outputs[2:]]
    assert np.median(speeds) == pytest.approx(5.0, abs=0.6)


def test_a_jump_of_the_clock_begins_anew_at_zero_and_at_rest():
    mapper = Mapper(
        reconstructor=Oracle(RIG),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, max_gap_s=1.0),
        device=torch.device('cpu'),
    )
    state = mapper.initial()
    for seconds, restart in ((1.0, 'start'), (1.5, None), (0.2, 'backward'), (0.7, None),
                             (9.0, 'gap')):  # fmt: skip
        state, output = mapper.step(state, frame_set(RIG, seconds))
        assert output.restart == restart
        if restart:
            np.testing.assert_allclose(output.odom_from_base, np.eye(4), atol=1e-9)
            assert (output.motion.seconds, output.motion.distance_m) == (0.0, 0.0)
        else:
            assert output.motion.distance_m > 1.0
