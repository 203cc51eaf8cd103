"""The transform buffer against composed matrices."""

from threading import Timer

import numpy as np
from occany_ros.geometry.quaternion import rotation_from_quaternion
from occany_ros.ros.tf.transform_buffer import TransformBuffer
import pytest

SECOND = 1_000_000_000


def pose(rng):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion(rng.normal(size=4))
    matrix[:3, 3] = rng.normal(size=3)
    return matrix


def about_z(angle):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion((0, 0, np.sin(angle / 2), np.cos(angle / 2)))
    return matrix


def filled(rng):
    """Frames: map -> odom -> base -> camera and map -> other."""
    buffer = TransformBuffer()
    matrices = {
        ('map', 'odom'): pose(rng),
        ('odom', 'base'): pose(rng),
        ('base', 'camera'): pose(rng),
        ('map', 'other'): pose(rng),
    }
    for names, matrix in matrices.items():
        buffer.put(names, SECOND, matrix, is_static=names[1] == 'camera')
    return buffer, matrices


def test_chains_are_composed_up_and_down():
    buffer, m = filled(np.random.default_rng(0))
    expected = (
        np.linalg.inv(m['map', 'other'])
        @ m['map', 'odom']
        @ m['odom', 'base']
        @ m['base', 'camera']
    )
    np.testing.assert_allclose(buffer.lookup('other', 'camera', SECOND), expected, atol=1e-12)
    back = buffer.lookup('camera', '/other', SECOND)
    np.testing.assert_allclose(back @ expected, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(buffer.lookup('base', 'base', SECOND), np.eye(4), atol=1e-12)


def test_between_two_times_the_motion_is_even():
    buffer = TransformBuffer()
    ends = about_z(0.2), about_z(1.4)
    ends[1][0, 3] = 4.0
    for index, matrix in enumerate(ends):
        buffer.put(('odom', 'base'), index * SECOND, matrix, is_static=False)
    middle = buffer.lookup('odom', 'base', SECOND // 4)
    expected = about_z(0.5)
    expected[0, 3] = 1.0
    np.testing.assert_allclose(middle, expected, atol=1e-9)


@pytest.mark.parametrize(
    ('frames', 'stamp_ns', 'word'),
    [
        (('map', 'nowhere'), SECOND, 'nowhere'),
        (('odom', 'base'), 2 * SECOND, '2.000'),
        (('odom', 'island'), SECOND, 'one tree'),
    ],
)
def test_what_cannot_be_known_is_explained(frames, stamp_ns, word):
    buffer, _ = filled(np.random.default_rng(1))
    buffer.put(('rock', 'island'), SECOND, np.eye(4), is_static=True)
    with pytest.raises(LookupError, match=word):
        buffer.lookup(*frames, stamp_ns)


def test_a_circle_is_refused():
    buffer = TransformBuffer()
    buffer.put(('a', 'b'), 0, np.eye(4), is_static=True)
    buffer.put(('b', 'a'), 0, np.eye(4), is_static=True)
    with pytest.raises(LookupError, match='circle'):
        buffer.lookup('a', 'b', 0)


def test_it_waits_for_a_time_that_comes():
    buffer, _ = filled(np.random.default_rng(2))
    late = about_z(0.3)
    timer = Timer(0.05, buffer.put, (('odom', 'base'), 2 * SECOND, late), {'is_static': False})
    timer.start()
    found = buffer.lookup('odom', 'base', 2 * SECOND, timeout_s=10.0)
    timer.join()
    np.testing.assert_allclose(found, late, atol=1e-12)


def test_memory_is_bounded_and_can_be_cleared():
    buffer, _ = filled(np.random.default_rng(3))
    for second in range(100):
        buffer.put(('odom', 'base'), second * SECOND, np.eye(4), is_static=False)
    with pytest.raises(LookupError):
        buffer.lookup('odom', 'base', 50 * SECOND)
    assert buffer.parent_of('base') == 'odom'
    buffer.clear_times()
    assert buffer.parent_of('base') is None
    assert buffer.parent_of('camera') == 'base'


def test_one_stamp_from_the_far_future_does_not_shut_out_the_true_ones():
    buffer = TransformBuffer()
    buffer.put(('odom', 'base'), 100 * SECOND, np.eye(4), is_static=False)
    buffer.put(('odom', 'base'), 2**31 * SECOND, np.eye(4), is_static=False)
    for second in (101, 102, 103):
        buffer.put(('odom', 'base'), second * SECOND, np.eye(4), is_static=False)
    np.testing.assert_array_equal(buffer.lookup('odom', 'base', 103 * SECOND), np.eye(4))
    buffer.put(('odom', 'base'), 0, np.eye(4), is_static=False)
    np.testing.assert_array_equal(buffer.lookup('odom', 'base', 102 * SECOND), np.eye(4))


@pytest.mark.parametrize(
    'names', [('a', 'a'), ('/a', 'a'), ('', 'a'), ('a', ''), ('a', 'x' * 999)]
)
def test_names_that_make_no_tree_are_refused(names):
    with pytest.raises(ValueError, match='frame'):
        TransformBuffer().put(names, 0, np.eye(4), is_static=True)


def test_what_is_kept_is_bounded():
    buffer = TransformBuffer()
    for index in range(2000):
        buffer.put(('base', f'f{index}'), 0, np.eye(4), is_static=True)
    with pytest.raises(ValueError, match='at most'):
        buffer.put(('base', 'one more'), 0, np.eye(4), is_static=True)
    for stamp_ns in range(30_000):
        buffer.put(('base', 'f0'), stamp_ns, np.eye(4), is_static=False)
    with pytest.raises(LookupError):
        buffer.lookup('base', 'f0', 10_000)
    np.testing.assert_array_equal(buffer.lookup('base', 'f0', 29_000), np.eye(4))


def test_frames_are_joined_where_one_tree_holds_both_whatever_the_time():
    buffer, _ = filled(np.random.default_rng(4))
    buffer.put(('rock', 'island'), SECOND, np.eye(4), is_static=True)
    assert buffer.are_joined('camera', '/other')
    assert buffer.are_joined('map', 'map')
    assert not buffer.are_joined('camera', 'island')
    assert not buffer.are_joined('camera', 'nowhere')


def test_all_times_of_a_recording_can_be_kept():
    buffer = TransformBuffer(keep_ns=10**18, most=20_000)
    few = TransformBuffer(keep_ns=10**18)
    for stamp_ns in range(0, 10_001 * 10**7, 10**7):
        for one in (buffer, few):
            one.put(('odom', 'base'), stamp_ns, np.eye(4), is_static=False)
    np.testing.assert_array_equal(buffer.lookup('odom', 'base', 0), np.eye(4))
    with pytest.raises(LookupError):
        few.lookup('odom', 'base', 0)
