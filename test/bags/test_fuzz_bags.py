"""Hostile recordings: read for as far as they make sense, and the rest is told."""

import struct

from backports.zstd import compress
from fuzz_bytes import damaged
from fuzz_tally import tried
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.bags.messages import image_message, transforms_message
from occany_ros.bags.reader import _learn, BagReader, decoded, RawMessage
from occany_ros.bags.salvage import MCAP_MAGIC
from occany_ros.bags.writer import BagWriter
from peak_memory import added_at_peak
import pytest

pytestmark = pytest.mark.fuzz
MIB = 1 << 20
COUNT = 5


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Name a folder for recordings that every example writes anew."""
    return tmp_path_factory.mktemp('bags')


@pytest.fixture(scope='module')
def whole(place):
    """Write a small recording in each storage; gives the bytes of their files."""
    contents = {}
    for storage, suffix in (('mcap', '.mcap'), ('sqlite3', '.db3')):
        with BagWriter(place / storage, storage=storage) as bag:
            bag.write('/tf_static', transforms_message({('base_link', 'eye'): np.eye(4)}, 0), 0)
            for index in range(COUNT):
                image = image_message(np.full((2, 3, 3), index, np.uint8), index + 1, 'eye')
                bag.write('/image', image, index + 1)
        (file,) = (place / storage).glob(f'*{suffix}')
        contents[suffix] = file.read_bytes(), (place / storage / 'metadata.yaml').read_bytes()
    return contents


def is_good(raw):
    """Tell whether a message can be decoded."""
    try:
        return bool(decoded(raw))
    except ValueError:
        return False


def messages_of(path):
    """Read all of a recording: messages that can be decoded, others, and what is damaged."""
    with BagReader(path) as bag:
        good = [is_good(raw) for raw in bag.messages()]
        return sum(good), len(good) - sum(good), bag.damage


@pytest.mark.parametrize('suffix', ['.mcap', '.db3'])
@given(data=st.data())
def test_a_damaged_storage_file_is_read_up_to_the_damage(place, whole, suffix, data):
    tried('recordings')
    content = data.draw(damaged([whole[suffix][0]], most=3))
    path = place / f'damaged{suffix}'
    path.write_bytes(content)
    good, bad, damage = messages_of(path)
    assert good + bad == COUNT + 1 or damage or content != whole[suffix][0]


@pytest.mark.parametrize('suffix', ['.mcap', '.db3'])
@given(data=st.data())
def test_damaged_metadata_do_not_hide_the_messages(place, whole, suffix, data):
    tried('recordings')
    folder = place / f'folder{suffix}'
    folder.mkdir(exist_ok=True)
    names = {'.mcap': 'mcap', '.db3': 'sqlite3'}
    (folder / f'{names[suffix]}{suffix}').write_bytes(whole[suffix][0])
    metadata = data.draw(damaged([whole[suffix][1]]) | st.binary(max_size=99))
    (folder / 'metadata.yaml').write_bytes(metadata)
    messages_of(folder)


@given(
    data=st.sampled_from(('sensor_msgs/msg/Image', 'tf2_msgs/msg/TFMessage')).flatmap(
        lambda kind: st.tuples(st.just(kind), damaged([b'\0\1\0\0' + bytes(range(120))]))
    )
)
def test_noise_for_a_message_is_a_message_or_refused(data):
    tried('recorded messages')
    kind, content = data
    try:
        message = decoded(RawMessage('/x', kind, 0, content))
    except ValueError:
        return
    assert message.__msgtype__ == kind


def mcap_of_chunk(uncompressed, compressed, compression=b'zstd'):
    """Write a recording of one chunk and nothing else."""

    def record(kind, content):
        return struct.pack('<BQ', kind, len(content)) + content

    def text(content):
        return struct.pack('<I', len(content)) + content

    header = record(0x01, text(b'ros2') + text(b''))
    chunk = struct.pack('<QQQI', 0, 0, uncompressed, 0) + text(compression)
    chunk += struct.pack('<Q', len(compressed)) + compressed
    end = record(0x0F, struct.pack('<I', 0)) + record(0x02, bytes(20))
    return MCAP_MAGIC + header + record(0x06, chunk) + end + MCAP_MAGIC


@pytest.mark.parametrize('told', [10, 1 << 29, 1 << 62])
def test_a_chunk_that_unpacks_to_more_than_it_says_costs_no_memory(place, told):
    bomb = compress(bytes(1 << 29))
    assert len(bomb) < MIB
    path = place / 'bomb.mcap'
    path.write_bytes(mcap_of_chunk(told, bomb))
    (good, bad, damage), added = added_at_peak(lambda: messages_of(path))
    assert (good, bad) == (0, 0)
    assert damage
    assert added < 300 * MIB


@pytest.mark.parametrize('size', [2**31, 2**40, 2**62, 2**63, 2**64 - 1])
def test_a_record_that_says_it_is_huge_costs_no_memory(place, size):
    path = place / 'huge.mcap'
    header = struct.pack('<BQ', 0x01, 8) + struct.pack('<I', 4) + b'ros2'
    path.write_bytes(MCAP_MAGIC + header + struct.pack('<BQ', 0x03, size) + bytes(99))
    (good, bad, damage), added = added_at_peak(lambda: messages_of(path))
    assert (good, bad) == (0, 0)
    assert 'byte' in damage
    assert added < 64 * MIB


@pytest.mark.parametrize('name', ['3x/msg/Y', 'x/msg/class', '\0/msg/Y', 'x', ''])
@pytest.mark.parametrize('definition', ['int32 a', 'int32 3a', 'int32 class', '\0', 'Nothing a'])
def test_a_definition_that_makes_no_class_is_passed_over(name, definition):
    _learn(name, definition)
    with pytest.raises(ValueError, match='cannot be read'):
        decoded(RawMessage('/x', name, 0, b'\0\1\0\0'))
