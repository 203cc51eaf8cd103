"""Recordings: what is written is read, and of what is damaged the whole part is read."""

import shutil

from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
import numpy as np
from occany_ros.bags.dataset import DataSetRecording
from occany_ros.bags.foxglove import FoxgloveRecording
from occany_ros.bags.messages import (
    grid_message,
    image_message,
    message_store,
    odometry_message,
    packed,
    transforms_message,
)
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.recording import Recording
from occany_ros.bags.writer import BagWriter
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
import pytest
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader

COUNT = 60


def write_bag(path, storage):
    grid = OccupancyGrid3d(
        spec=GridSpec(origin=(0.0, 0.0, 0.0), resolution=0.5, shape=(2, 3, 4)),
        labels=np.full((2, 3, 4), 7, np.uint8),
        confidence=np.zeros((2, 3, 4), np.uint8),
        class_names=('free',),
    )
    with BagWriter(path, storage=storage) as bag:
        bag.write('/tf_static', transforms_message({('base_link', 'eye'): np.eye(4)}, 0), 0)
        for index in range(COUNT):
            stamp_ns = 10_000_000 * (index + 1)
            image = np.full((100, 200, 3), index, np.uint8)
            bag.write('/camera/front/image_raw', image_message(image, stamp_ns, 'eye'), stamp_ns)
        bag.write('/ground_truth/occupancy', grid_message(grid, stamp_ns, 'base_link'), stamp_ns)
    return path


def test_whatever_holds_messages_is_a_recording_and_counts_alike():
    for kind in (BagReader, DataSetRecording, FoxgloveRecording):
        assert Recording in kind.__mro__
        assert kind.message_count is Recording.message_count


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_round_trip(tmp_path, storage):
    path = write_bag(tmp_path / 'bag', storage)
    with BagReader(path) as bag:
        assert {name: topic.count for name, topic in bag.topics.items()} == {
            '/tf_static': 1,
            '/camera/front/image_raw': COUNT,
            '/ground_truth/occupancy': 1,
        }
        assert bag.topics['/tf_static'].latched
        assert not bag.topics['/camera/front/image_raw'].latched
        assert (bag.start_ns, bag.end_ns) == (0, 10_000_000 * COUNT)
        images = [decoded(raw) for raw in bag.messages({'/camera/front/image_raw'})]
        assert [image.data[0] for image in images] == list(range(COUNT))
        (raw,) = bag.messages({'/ground_truth/occupancy'})
        assert decoded(raw).labels.tolist() == [7] * 24
        assert sum(1 for _ in bag.messages()) == COUNT + 2
        assert list(bag.messages(())) == []
        assert bag.damage == ''


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_stored_metadata_suits_a_player(tmp_path, storage):
    with Reader(write_bag(tmp_path / 'bag', storage)) as reader:
        by_topic = {connection.topic: connection for connection in reader.connections}
        qos = by_topic['/tf_static'].ext.offered_qos_profiles
        assert qos[0].durability is QosDurability.TRANSIENT_LOCAL
        own = by_topic['/ground_truth/occupancy']
        assert own.msgtype == 'occany_ros/msg/SemanticOccupancyGrid'
        assert own.digest == message_store().hash_rihs01(own.msgtype)
        assert 'uint8 UNKNOWN=255' in own.msgdef.data


def test_an_exception_keeps_what_was_written(tmp_path):
    value = odometry_message(np.eye(4), 5, odom_frame='odom', base_frame='base_link')

    def write_one_too_many():
        with BagWriter(tmp_path / 'bag') as bag:
            bag.write('/odom', value, 5)
            bag.write('/odom', value.header, 6)

    with pytest.raises(ValueError, match='/odom'):
        write_one_too_many()
    with BagReader(tmp_path / 'bag') as bag:
        assert (bag.message_count, bag.damage) == (1, '')


def test_writer_refuses_what_it_cannot_do(tmp_path):
    write_bag(tmp_path / 'bag', 'mcap')
    with pytest.raises(FileExistsError, match='exists already'), BagWriter(tmp_path / 'bag'):
        pass
    with pytest.raises(ValueError, match='sqlite3'):
        BagWriter(tmp_path / 'other', storage='zip')
    with BagWriter(tmp_path / 'other') as bag:
        bag.add_topic('/a', 'sensor_msgs/msg/Image')
        with pytest.raises(ValueError, match='/a'):
            bag.add_topic('/a', 'nav_msgs/msg/Odometry')


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('kept', [0.3, 0.7])
def test_a_cut_off_bag_is_read_up_to_the_cut(tmp_path, storage, kept):
    path = write_bag(tmp_path / 'bag', storage)
    (file,) = (f for f in path.iterdir() if f.suffix != '.yaml')
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    with BagReader(path) as bag:
        images = [decoded(raw) for raw in bag.messages({'/camera/front/image_raw'})]
        assert [image.data[0] for image in images] == list(range(len(images)))
        least = kept * COUNT - 3 if storage == 'mcap' else (kept - 0.35) * COUNT
        assert least < len(images) < COUNT
        assert f'; {bag.message_count} messages kept' in bag.damage
        assert bag.topics['/camera/front/image_raw'].count == len(images)
        assert 'bag' in bag.damage
        assert 'read from the front' in bag.damage


@pytest.mark.parametrize('compression', [CompressionType.LZ4, CompressionType.ZSTD])
def test_a_cut_off_file_with_packed_chunks_is_read_up_to_the_cut(tmp_path, compression):
    path = tmp_path / 'packed.mcap'
    random = np.random.default_rng(0)
    with path.open('wb') as stream:
        writer = McapWriter(stream, chunk_size=200_000, compression=compression)
        writer.start('ros2')
        text = b'std_msgs/Header header'  # which is known already
        schema = writer.register_schema('sensor_msgs/msg/Image', 'ros2msg', text)
        channel = writer.register_channel('/image', 'cdr', schema)
        for index in range(COUNT):
            image = random.integers(0, 256, (50, 100, 3), np.uint8)
            image[0, 0] = index
            data = packed(image_message(image, index + 1, 'eye'))
            writer.add_message(channel, index + 1, data, index + 1)
        writer.finish()
    with BagReader(path) as bag:
        assert (bag.message_count, bag.damage) == (COUNT, '')
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with BagReader(path) as bag:
        images = [decoded(raw) for raw in bag.messages()]
        assert [image.data[0] for image in images] == list(range(len(images)))
        assert COUNT // 4 < len(images) < COUNT
        assert f'{len(images)} messages kept' in bag.damage


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_bag_without_metadata_is_read_in_full(tmp_path, storage):
    path = write_bag(tmp_path / 'bag', storage)
    (path / 'metadata.yaml').unlink()
    with BagReader(path) as bag:
        assert bag.message_count == COUNT + 2
        assert sum(1 for _ in bag.messages()) == COUNT + 2
        assert 'metadata' in bag.damage
        assert f'{COUNT + 2} messages kept' in bag.damage


def test_a_storage_file_alone_is_a_bag(tmp_path):
    path = write_bag(tmp_path / 'bag', 'mcap')
    copy = shutil.copy(path / 'bag.mcap', tmp_path / 'alone.mcap')
    with BagReader(copy) as bag:
        assert (bag.message_count, bag.damage) == (COUNT + 2, '')


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_overwritten_bytes_in_the_middle_do_not_raise(tmp_path, storage):
    path = write_bag(tmp_path / 'bag', storage)
    (file,) = (f for f in path.iterdir() if f.suffix != '.yaml')
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    end = middle + 200_000
    data[middle:end] = bytes([0xFF]) * 200_000
    file.write_bytes(data)
    with BagReader(path) as bag:
        read = sum(1 for _ in bag.messages())
        assert 0 < read < COUNT + 2
        assert f'damaged behind message {read}' in bag.damage


def test_no_bag_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected a rosbag2 folder'):
        BagReader(tmp_path).__enter__()
    garbage = tmp_path / 'garbage.mcap'
    garbage.write_bytes(b'not a bag at all, but long enough to look at')
    with BagReader(garbage) as bag:
        assert bag.message_count == 0
        assert 'neither MCAP nor SQLite' in bag.damage


def test_bytes_that_do_not_fit_their_type_are_named(tmp_path):
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write_raw('/broken', 'sensor_msgs/msg/Image', b'\x00\x01\x00\x00\x05', 1)
    with BagReader(tmp_path / 'bag') as bag:
        (raw,) = bag.messages()
        with pytest.raises(ValueError, match='/broken'):
            decoded(raw)
