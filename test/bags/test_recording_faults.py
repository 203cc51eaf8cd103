"""A full disk and a killed writer: what was written stays readable, and the error says enough."""

import errno
import os
import re
import signal
import subprocess
import sys

import numpy as np
from occany_ros.bags.messages import image_message
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.writer import BagWriter
import pytest
from small_disks import short_files, tiny_disk

IMAGE_BYTES = 60_000
WRITE = """
import sys
import numpy as np
from occany_ros.bags.messages import image_message
from occany_ros.bags.writer import BagWriter
from pathlib import Path

with BagWriter(Path(sys.argv[1]), storage=sys.argv[2]) as bag:
    for index in range(250):
        image = np.full((100, 200, 3), index, np.uint8)
        bag.write('/image', image_message(image, index + 1, 'eye'), index + 1)
        if index % 10 == 9:
            bag.flush()
            print(index + 1, flush=True)
            sys.stdin.readline()
"""


def fill(path, storage, count=200):
    with BagWriter(path, storage=storage) as bag:
        for index in range(count):
            image = np.full((100, 200, 3), index, np.uint8)
            bag.write('/image', image_message(image, index + 1, 'eye'), index + 1)
            if index % 10 == 9:
                bag.flush()


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('limit', [tiny_disk, short_files])
def test_a_full_disk_is_explained_and_what_was_written_is_read(tmp_path, limit, storage):
    path = tmp_path / 'bag'
    with limit(tmp_path):
        with pytest.raises(OSError, match='cannot be written') as raised:
            fill(path, storage)
        assert raised.value.errno in (errno.ENOSPC, errno.EFBIG)
        message = str(raised.value)
        assert message.startswith(f'{path}: ')
        numbers = re.search(r'expected ([\d.]+) MB of room, got ([\d.]+) MB free', message)
        assert float(numbers[1]) > 0
        assert 'stays readable' in message
        assert 'free some space' in message
        with BagReader(path) as bag:
            images = [decoded(raw) for raw in bag.messages()]
            assert f'{len(images)} messages kept' in bag.damage
        # 3 MiB hold 52 images; of sqlite3, what was committed
        assert len(images) >= 40
        assert [image.data[0] for image in images] == list(range(len(images)))


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_killed_writer_leaves_what_was_flushed(tmp_path, storage):
    path = tmp_path / 'bag'
    with subprocess.Popen(
        [sys.executable, '-c', WRITE, str(path), storage],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ},
    ) as writer:  # fmt: skip
        for _ in range(3):
            flushed = int(writer.stdout.readline())
            if flushed < 30:
                writer.stdin.write('\n')
                writer.stdin.flush()
        writer.send_signal(signal.SIGKILL)
    assert flushed == 30
    with BagReader(path) as bag:
        images = [decoded(raw) for raw in bag.messages()]
        assert 'metadata' in bag.damage
        assert f'{flushed} messages kept' in bag.damage
    assert [image.data[0] for image in images] == list(range(flushed))
    assert all(len(image.data) == IMAGE_BYTES for image in images)
