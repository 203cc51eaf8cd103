"""Storage files that are cut off or damaged, read from the front for as far as they make sense."""

from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import sqlite3
import struct
import sys
from typing import BinaryIO, Final
import zlib

from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

__all__ = ['DamageError', 'StoredMessage', 'ZstdError', 'stored_messages', 'unpacked_chunk']

MCAP_MAGIC: Final = b'\x89MCAP0\r\n'
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F
LARGEST_CHUNK: Final = 1 << 28
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
    :param data: CDR, or what the encoding says.
    :param encoding: of the data: ``cdr``, or e.g. ``protobuf`` in a file that is no rosbag2.
    :param schema: then the schema as the file has it.
    """

    topic: str
    type_name: str
    definition: str
    stamp_ns: int
    data: bytes
    encoding: str = 'cdr'
    schema: bytes = b''


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
    size = os.fstat(file.fileno()).st_size
    while True:
        offset = file.tell()
        head = file.read(9)
        if len(head) < 9:
            raise DamageError(f'the file ends at byte {offset} without a footer')
        kind, length = struct.unpack('<BQ', head)
        if kind in (DATA_END, FOOTER):
            return
        content = file.read(length) if length <= size - offset else b''
        if len(content) < length:
            if kind == CHUNK:
                yield from parser.cut_off(file.read(min(length, LARGEST_CHUNK)))
            raise DamageError(f'the record at byte {offset} is cut off or its length is wrong')
        try:
            yield from parser.messages(kind, content)
        except (LookupError, ValueError, struct.error) as error:
            raise DamageError(f'the record at byte {offset} is damaged: {error}') from error


@dataclass(frozen=True, slots=True)
class _Channel:
    """What the messages of one channel have in common."""

    topic: str
    type_name: str
    definition: str
    encoding: str
    schema: bytes


class _McapParser:
    """Schemas and channels seen so far."""

    def __init__(self) -> None:
        self._schemas: dict[int, tuple[str, str, bytes]] = {0: ('', '', b'')}
        self._channels: dict[int, _Channel] = {}

    def messages(self, kind: int, content: bytes) -> Iterator[StoredMessage]:
        """Take in one record; messages of an intact chunk come out together."""
        if kind == SCHEMA:
            (number,) = struct.unpack_from('<H', content)
            name, rest = _text(content, 2)
            encoding, rest = _text(content, rest)
            data, _ = _block(content, rest)
            self._schemas[number] = name, encoding, data
        elif kind == CHANNEL:
            number, schema = struct.unpack_from('<HH', content)
            topic, rest = _text(content, 4)
            encoding, _ = _text(content, rest)
            name, schema_encoding, data = self._schemas[schema]
            definition = data.decode() if schema_encoding == 'ros2msg' else ''
            self._channels[number] = _Channel(topic, name, definition, encoding, data)
        elif kind == MESSAGE:
            number, _, stamp_ns, _ = struct.unpack_from('<HIQQ', content)
            yield _message(self._channels[number], stamp_ns, content[22:])
        elif kind == CHUNK:
            yield from self._chunk(content)

    def cut_off(self, content: bytes) -> Iterator[StoredMessage]:
        """Whole messages in the front part of a chunk; none where it is compressed."""
        try:
            compression, start = _text(content, 28)
            first = start + 8
            if not compression:
                yield from self._records(content[first:])
        except (LookupError, ValueError, struct.error):
            return

    def _chunk(self, content: bytes) -> Iterator[StoredMessage]:
        _, _, size, checksum = struct.unpack_from('<QQQI', content)
        compression, start = _text(content, 28)
        (length,) = struct.unpack_from('<Q', content, start)
        first = start + 8
        end = first + length
        raw = unpacked_chunk(content[first:end], size, compression)
        if len(raw) != size or (checksum and zlib.crc32(raw) != checksum):
            raise ValueError(f'a chunk of {size} bytes has the wrong size or checksum')
        yield from self._records(raw)

    def _records(self, raw: bytes) -> Iterator[StoredMessage]:
        """Messages of the records of a chunk, of which the last may be cut off."""
        place = 0
        while place < len(raw):
            kind, length = struct.unpack_from('<BQ', raw, place)
            if not kind:
                raise ValueError('a record of no kind')
            if kind == CHUNK:
                raise ValueError('a chunk inside a chunk')
            first, place = place + 9, place + 9 + length
            if place > len(raw):
                raise ValueError(f'a record of {length} bytes does not fit its chunk')
            yield from self.messages(kind, raw[first:place])


def _message(channel: _Channel, stamp_ns: int, data: bytes) -> StoredMessage:
    """Put a message together."""
    return StoredMessage(
        channel.topic,
        channel.type_name,
        channel.definition,
        stamp_ns,
        data,
        channel.encoding,
        channel.schema,
    )


def unpacked_chunk(data: bytes, size: int, compression: str) -> bytes:
    """
    Content of a chunk.

    :param size: as the chunk says; little more is unpacked, whatever it would come to.
    :raises ValueError: the chunk is damaged, too large, or packed in an unknown way.
    """
    if size > LARGEST_CHUNK:
        raise ValueError(f'a chunk says it has {size} bytes; at most {LARGEST_CHUNK} are read')
    try:
        if compression == 'zstd':
            return _unpacked_zstd(data, size)
        if compression == 'lz4':
            return bytes(LZ4FrameDecompressor().decompress(data, max_length=size + 1))
    except (ZstdError, RuntimeError, EOFError) as error:
        raise ValueError(f'{compression}: {error}') from error
    if compression:
        raise ValueError(f'compression: expected none, zstd or lz4, got {compression!r}')
    return data


def _unpacked_zstd(data: bytes, size: int) -> bytes:
    """Unpack one frame after another."""
    raw = b''
    while data and len(raw) <= size:
        frame = ZstdDecompressor()
        raw += frame.decompress(data, max_length=size + 1 - len(raw))
        if not frame.eof and len(raw) <= size:
            raise ValueError('the last frame is cut off')
        data = frame.unused_data
    return raw


def _text(content: bytes, start: int) -> tuple[str, int]:
    """Length-prefixed string and the place behind it."""
    data, end = _block(content, start)
    return data.decode(), end


def _block(content: bytes, start: int) -> tuple[bytes, int]:
    """Length-prefixed bytes and the place behind them."""
    (length,) = struct.unpack_from('<I', content, start)
    first, end = start + 4, start + 4 + length
    if end > len(content):
        raise ValueError(f'a text of {length} bytes does not fit')
    return content[first:end], end


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
