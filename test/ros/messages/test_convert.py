"""Messages say what the values say, and give them back."""

import array

from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.quaternion import rotation_from_quaternion
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.pipeline.occupancy_update import Cloud
from occany_ros.ros.messages import convert
import pytest
from rclpy.serialization import deserialize_message, serialize_message

STAMP_NS = 1_700_000_000_123_456_789
HEAD = convert.header(STAMP_NS, 'base_link')


def grid(rng, shape=(5, 4, 3)):
    return OccupancyGrid3d(
        spec=GridSpec(origin=(-1.0, 2.0, 0.5), resolution=0.25, shape=shape),
        labels=rng.integers(0, 256, shape, dtype=np.uint8),
        confidence=rng.integers(0, 256, shape, dtype=np.uint8),
        class_names=('free', 'car'),
    )


def cloud(rng, count):
    return Cloud(
        points=rng.normal(size=(count, 3)).astype(np.float32),
        rgb=rng.integers(0, 256, (count, 3), dtype=np.uint8),
        labels=rng.integers(0, 256, count, dtype=np.uint8),
        confidence=rng.random(count, dtype=np.float32),
    )


def transported(message):
    """Message as a subscriber in another process gets it."""
    return deserialize_message(serialize_message(message), type(message))


@given(stamp_ns=st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_round_trip(stamp_ns):
    assert convert.stamp_ns_of(convert.time_message(stamp_ns)) == stamp_ns


def test_grid_round_trip():
    value = grid(np.random.default_rng(0))
    message = transported(convert.grid_message(value, HEAD))
    back = convert.grid_from_message(message)
    np.testing.assert_array_equal(back.labels, value.labels)
    np.testing.assert_array_equal(back.confidence, value.confidence)
    assert (back.spec, back.class_names) == (value.spec, value.class_names)
    assert convert.stamp_ns_of(message.header.stamp) == STAMP_NS


def test_grid_memory_order_is_x_fastest():
    value = grid(np.random.default_rng(1))
    message = convert.grid_message(value, HEAD)
    x, y, z = 3, 2, 1
    assert message.labels[x + 5 * (y + 4 * z)] == value.labels[x, y, z]


def test_grid_of_wrong_length_is_refused():
    message = convert.grid_message(grid(np.random.default_rng(2)), HEAD)
    message.size_x += 1
    with pytest.raises(ValueError, match='expected 72'):
        convert.grid_from_message(message)


@pytest.mark.parametrize('count', [0, 1, 1000])
def test_cloud_fields_have_the_names_and_types_of_pcl(count):
    value = cloud(np.random.default_rng(3), count)
    message = transported(convert.cloud_message(value, HEAD))
    assert [(f.name, f.offset, f.datatype, f.count) for f in message.fields] == [
        ('x', 0, 7, 1),
        ('y', 4, 7, 1),
        ('z', 8, 7, 1),
        ('rgb', 12, 7, 1),
        ('label', 16, 6, 1),
        ('confidence', 20, 7, 1),
    ]
    assert (message.point_step, message.row_step, message.width) == (24, 24 * count, count)
    records = convert.records_from_message(message)
    points = np.stack([records['x'], records['y'], records['z']], -1)
    np.testing.assert_array_equal(points, value.points)
    np.testing.assert_array_equal(records['label'], value.labels)
    np.testing.assert_array_equal(records['rgb'] >> 16, value.rgb[:, 0])
    np.testing.assert_array_equal(records['rgb'] & 255, value.rgb[:, 2])
    np.testing.assert_array_equal(records['confidence'], value.confidence)


def test_label_cloud():
    value = cloud(np.random.default_rng(4), 7)
    records = convert.records_from_message(
        convert.labels_message(value.points, value.labels, HEAD)
    )
    np.testing.assert_array_equal(records['label'], value.labels)
    np.testing.assert_array_equal(records['z'], value.points[:, 2])


@given(
    quaternion=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    position=st.tuples(*[st.floats(-1e3, 1e3)] * 3),
)
def test_poses_round_trip(quaternion, position):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion(quaternion)
    matrix[:3, 3] = position
    np.testing.assert_allclose(
        convert.matrix_from_pose(convert.pose_message(matrix)), matrix, atol=1e-9
    )
    np.testing.assert_allclose(
        convert.matrix_from_transform(convert.transform_message(matrix)), matrix, atol=1e-9
    )


def test_costmap_follows_what_nav2_reads():
    cells = np.array([[-1, 0, 100], [100, -1, 0]], np.int8)
    message = transported(convert.costmap_message(cells, (-2.0, 4.0), 0.4, HEAD))
    assert (message.info.width, message.info.height) == (2, 3)
    assert list(message.data) == [-1, 100, 0, -1, 100, 0]
    q = message.info.origin.orientation
    assert (q.x, q.y, q.z, q.w) == (0.0, 0.0, 0.0, 1.0)
    assert (message.info.origin.position.x, message.info.origin.position.y) == (-2.0, 4.0)


def test_images():
    depth = np.arange(6, dtype=np.float32).reshape(2, 3)
    message = convert.image_message(depth, '32FC1', HEAD)
    assert (message.height, message.width, message.step) == (2, 3, 12)
    np.testing.assert_array_equal(np.frombuffer(message.data, np.float32), depth.ravel())


def test_arrays_enter_messages_as_arrays():
    message = convert.cloud_message(cloud(np.random.default_rng(5), 3), HEAD)
    assert isinstance(message.data, array.array)


def test_a_time_beyond_what_a_message_can_say_is_the_last_one():
    latest = convert.stamp_ns_of(Time(sec=2**31 - 1, nanosec=2**32 - 1))
    assert convert.time_message(latest) == Time(sec=2**31 - 1, nanosec=999_999_999)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), 1e300])
def test_a_translation_that_is_no_place_is_refused(value):
    message = convert.transform_message(np.eye(4))
    message.translation.y = value
    with pytest.raises(ValueError, match='translation'):
        convert.matrix_from_transform(message)
