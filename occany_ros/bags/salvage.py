"""Storage files that are cut off or damaged, read from the front for as far as they make sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sqlite3
import struct
import sys
from typing import BinaryIO, Final
import zlib

import lz4.frame  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression.zstd import decompress as zstd_decompress
    from compression.zstd import ZstdError
else:
    from backports.zstd import decompress as zstd_decompress
    from backports.zstd import ZstdError

__all__ = ['DamageError', 'StoredMessage', 'ZstdError', 'stored_messages']

MCAP_MAGIC: Final = b'\x89MCAP0\r\n'
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F
LONGEST_RECORD: Final = 1 << 31
SQLITE_MAGIC: Final = b'SQLite format 3\x00'


class DamageError(Exception):
    """A storage file cannot be read any further; the message says where and why."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredMessage:
    """
    One message as the storage has it.

    :param topic: its topic.
    :param type_name: e.g. ``sensor_msgs/msg/Image``.
    :param definition: text of the message definition, empty where the storage has none.
    :param stamp_ns: time of arrival, nanoseconds.
    :param data: CDR.
    """

    topic: str
    type_name: str
    definition: str
    stamp_ns: int
    data: bytes


def stored_messages(path: Path) -> Iterator[StoredMessage]:
    """
    Messages in the order in which they were written, up to the damage.

    :param path: an ``.mcap`` or ``.db3`` file, told apart by its first bytes.
    :raises DamageError: after the last readable message, if something should follow it.
    """
    with path.open('rb') as file:
        magic = file.read(len(SQLITE_MAGIC))
        if magic.startswith(MCAP_MAGIC):
            file.seek(len(MCAP_MAGIC))
            yield from _mcap_messages(file)
            return
    if magic != SQLITE_MAGIC:
        raise DamageError(f'{path.name} starts like neither MCAP nor SQLite ({magic[:8]!r})')
    yield from _sqlite_messages(path)


def _mcap_messages(file: BinaryIO) -> Iterator[StoredMessage]:
    """Walk through the records of an MCAP file; index and footer do not matter."""
    parser = _McapParser()
    while True:
        offset = file.tell()
        head = file.read(9)
        if len(head) < 9:
            raise DamageError(f'the file ends at byte {offset} without a footer')
        kind, length = struct.unpack('<BQ', head)
        if kind in (DATA_END, FOOTER):
            return
        content = file.read(length) if length < LONGEST_RECORD else b''
        if len(content) < length:
            raise DamageError(f'the record at byte {offset} is cut off or its length is wrong')
        try:
            yield from parser.messages(kind, content)
        except (LookupError, ValueError, struct.error) as error:
            raise DamageError(f'the record at byte {offset} is damaged: {error}') from error


class _McapParser:
    """Schemas and channels seen so far."""

    def __init__(self) -> None:
        self._schemas: dict[int, tuple[str, str]] = {}
        self._channels: dict[int, tuple[str, str, str]] = {}

    def messages(self, kind: int, content: bytes) -> Iterator[StoredMessage]:
        """Take in one record; messages of an intact chunk come out together."""
        if kind == SCHEMA:
            (number,) = struct.unpack_from('<H', content)
            name, rest = _text(content, 2)
            encoding, rest = _text(content, rest)
            text, _ = _text(content, rest)
            self._schemas[number] = name, text if encoding == 'ros2msg' else ''
        elif kind == CHANNEL:
            number, schema = struct.unpack_from('<HH', content)
            topic, _ = _text(content, 4)
            self._channels[number] = topic, *self._schemas[schema]
        elif kind == MESSAGE:
            number, _, stamp_ns, _ = struct.unpack_from('<HIQQ', content)
            topic, name, definition = self._channels[number]
            yield StoredMessage(topic, name, definition, stamp_ns, content[22:])
        elif kind == CHUNK:
            yield from self._chunk(content)

    def _chunk(self, content: bytes) -> Iterator[StoredMessage]:
        _, _, size, checksum = struct.unpack_from('<QQQI', content)
        compression, start = _text(content, 28)
        (length,) = struct.unpack_from('<Q', content, start)
        first = start + 8
        end = first + length
        raw = _unpacked(content[first:end], compression)
        if len(raw) != size or (checksum and zlib.crc32(raw) != checksum):
            raise ValueError(f'a chunk of {size} bytes has the wrong size or checksum')
        place = 0
        while place < len(raw):
            kind, length = struct.unpack_from('<BQ', raw, place)
            first, place = place + 9, place + 9 + length
            yield from self.messages(kind, raw[first:place])


def _unpacked(data: bytes, compression: str) -> bytes:
    """Content of a chunk."""
    try:
        if compression == 'zstd':
            return zstd_decompress(data)
        if compression == 'lz4':
            return bytes(lz4.frame.decompress(data))
    except (ZstdError, RuntimeError) as error:
        raise ValueError(f'{compression}: {error}') from error
    if compression:
        raise ValueError(f'compression: expected none, zstd or lz4, got {compression!r}')
    return data


def _text(content: bytes, start: int) -> tuple[str, int]:
    """Length-prefixed string and the place behind it."""
    (length,) = struct.unpack_from('<I', content, start)
    first, end = start + 4, start + 4 + length
    if end > len(content):
        raise ValueError(f'a text of {length} bytes does not fit')
    return content[first:end].decode(), end


def _sqlite_messages(path: Path) -> Iterator[StoredMessage]:
    """Rows of a SQLite file in the order of their numbers."""
    uri = f'{path.resolve().as_uri()}?mode=ro&immutable=1'
    done = 0
    try:
        connection = sqlite3.connect(uri, uri=True)
        try:
            # Without this, SQLite opens no file that is shorter than its header says.
            connection.execute('PRAGMA writable_schema = ON')
            rows = connection.execute('SELECT id, name, type FROM topics')
            topics = {number: (name, kind) for number, name, kind in rows}
            query = 'SELECT topic_id, timestamp, data FROM messages NOT INDEXED ORDER BY id'
            for number, stamp_ns, data in connection.execute(query):
                yield StoredMessage(*topics[number], '', stamp_ns, bytes(data))
                done += 1
        finally:
            connection.close()
    except (sqlite3.DatabaseError, LookupError) as error:
        raise DamageError(f'the database is damaged behind message {done}: {error}') from error
