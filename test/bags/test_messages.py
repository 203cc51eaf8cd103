"""Messages survive the way to bytes and back."""

import numpy as np
from occany_ros.bags.messages import (
    camera_info_message,
    compressed_message,
    grid_message,
    grid_of,
    image_message,
    message_store,
    odometry_message,
    packed,
    pose_of,
    stamp_ns_of,
    transforms_message,
)
from occany_ros.geometry.frame import Camera
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
import pytest

STAMP_NS = 1_700_000_000_123_456_789


def through_bytes(value):
    return message_store().deserialize_cdr(packed(value), value.__msgtype__)


def test_grid_round_trip_with_x_fastest():
    rng = np.random.default_rng(3)
    grid = OccupancyGrid3d(
        spec=GridSpec(origin=(-4.0, -3.0, -1.0), resolution=0.4, shape=(4, 3, 2)),
        labels=rng.integers(0, 256, (4, 3, 2), np.uint8),
        confidence=rng.integers(0, 256, (4, 3, 2), np.uint8),
        class_names=('free', 'other', 'car'),
    )
    value = through_bytes(grid_message(grid, STAMP_NS, 'base_link'))
    assert stamp_ns_of(value) == STAMP_NS
    assert value.labels[1 + 4 * (2 + 3 * 1)] == grid.labels[1, 2, 1]
    again = grid_of(value)
    assert again.spec == grid.spec
    assert again.class_names == grid.class_names
    np.testing.assert_array_equal(again.labels, grid.labels)
    np.testing.assert_array_equal(again.confidence, grid.confidence)


def test_a_grid_with_missing_labels_is_refused():
    grid = OccupancyGrid3d(
        spec=GridSpec(origin=(0.0, 0.0, 0.0), resolution=1.0, shape=(2, 2, 2)),
        labels=np.zeros((2, 2, 1), np.uint8),
        confidence=np.zeros((2, 2, 1), np.uint8),
        class_names=('free',),
    )
    with pytest.raises(ValueError, match='expected 8'):
        grid_of(through_bytes(grid_message(grid, 0, 'base_link')))


def test_images_keep_pixels_and_bytes():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    raw = through_bytes(image_message(image, STAMP_NS, 'eye'))
    assert (raw.height, raw.width, raw.step, raw.encoding) == (2, 3, 9, 'rgb8')
    np.testing.assert_array_equal(raw.data.reshape(2, 3, 3), image)
    small = through_bytes(compressed_message(b'abc', 'jpeg', STAMP_NS, 'eye'))
    assert (bytes(small.data), small.format, small.header.frame_id) == (b'abc', 'jpeg', 'eye')


def test_camera_info_carries_the_pinhole_matrix():
    matrix = np.array([[300.0, 0, 250], [0, 310, 80], [0, 0, 1]])
    value = through_bytes(camera_info_message(Camera('c', matrix), (160, 512), 5, 'eye'))
    np.testing.assert_array_equal(value.k.reshape(3, 3), matrix)
    np.testing.assert_array_equal(value.p.reshape(3, 4)[:, :3], matrix)
    assert (value.height, value.width) == (160, 512)
    with pytest.raises(ValueError, match='intrinsics'):
        camera_info_message(Camera('c'), (1, 1), 0, 'eye')


def test_poses_survive_odometry_and_tf():
    pose = np.array([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    odometry = through_bytes(
        odometry_message(pose, STAMP_NS, odom_frame='odom', base_frame='base_link')
    )
    np.testing.assert_allclose(pose_of(odometry.pose.pose), pose, atol=1e-12)
    tree = through_bytes(transforms_message({('base_link', 'eye'): pose}, STAMP_NS))
    (transform,) = tree.transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ('base_link', 'eye')
    assert transform.transform.translation.z == 3
    assert transform.transform.rotation.w == pytest.approx(0.5**0.5)
