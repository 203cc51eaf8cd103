"""Reading rosbag2 recordings, whole or damaged, with no ROS at hand."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
import struct
from types import TracebackType
from typing import Final

import apsw
from occany_ros.bags.messages import Message, message_store
from occany_ros.bags.recording import RawMessage, Recording, Topic
from occany_ros.bags.salvage import (
    DamageError,
    stored_messages,
    StoredMessage,
    unpacked_chunk,
    ZstdError,
)
from rosbags.interfaces import Connection, ConnectionExtRosbag2, QosDurability
from rosbags.rosbag2 import Reader, ReaderError, storage_mcap
from rosbags.serde import SerdeError
from rosbags.typesys import get_types_from_msg, TypesysError

SUFFIXES: Final = ('.mcap', '.db3')
READ_ERRORS: Final = (
    ReaderError,
    apsw.Error,
    ZstdError,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    AssertionError,
    MemoryError,
)
# rosbags makes classes of definitions; names are checked, but e.g. one may start with a digit.
_DEFINITION_ERRORS: Final = (TypesysError, SyntaxError, NameError, AttributeError)
# rosbags unpacks a chunk whatever it comes to; here it is not more than the chunk says.
storage_mcap.DECOMPRESSORS.update(
    {name: partial(unpacked_chunk, compression=name) for name in ('lz4', 'zstd')}
)


class BagReader(Recording):
    """
    Context manager over one recording.

    What is damaged is read for as far as it makes sense; ``damage`` then says what is missing.

    :ivar topics: topic name -> topic.
    :ivar start_ns: time of the first message, nanoseconds; 0 in an empty bag.
    :ivar end_ns: time of the last message, nanoseconds; 0 in an empty bag.
    :ivar damage: what could not be read and why; empty while all is well.
    :ivar statement: empty, as a bag needs no explanation.
    """

    def __init__(self, path: Path) -> None:
        """
        Nothing is opened until the context is entered.

        :param path: the folder of a recording, or one ``.mcap`` or ``.db3`` file.
        """
        self.path = path
        self.topics: dict[str, Topic] = {}
        self.start_ns = 0
        self.end_ns = 0
        self.damage = ''
        self.statement = ''
        self._reader: Reader | None = None
        self._files: tuple[Path, ...] = ()

    def __enter__(self) -> 'BagReader':
        """
        Open the bag, through its index where that is whole, else by scanning it once.

        :raises FileNotFoundError: there is no recording at this place.
        """
        self._files = storage_files(self.path)
        try:
            reader = Reader(self.path)
            reader.open()
        except (*READ_ERRORS, FileNotFoundError) as error:
            self._scan(str(error))
            return self
        self._reader = reader
        for connection in reader.connections:
            _learn(connection.msgtype, connection.msgdef.data)
            self.topics[connection.topic] = _topic(connection)
        if reader.message_count:
            self.start_ns, self.end_ns = reader.start_time, reader.end_time - 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RawMessage]:
        """
        Messages in the order of their arrival; ends at damage, which is then in ``damage``.

        :param topics: only these; None means all.
        """
        if self._reader is None:
            for stored in self._salvaged():
                if topics is None or stored.topic in topics:
                    yield RawMessage(stored.topic, stored.type_name, stored.stamp_ns, stored.data)
            return
        wanted = [c for c in self._reader.connections if topics is None or c.topic in topics]
        if not wanted:
            return
        done = 0
        try:
            for connection, stamp_ns, data in self._reader.messages(wanted):
                yield RawMessage(connection.topic, connection.msgtype, stamp_ns, bytes(data))
                done += 1
        except READ_ERRORS as error:
            count = sum(connection.msgcount for connection in wanted)
            self.damage = (
                f'{self.path}: damaged behind message {done} of {count}, which were kept: {error}'
            )

    def _salvaged(self) -> Iterator[StoredMessage]:
        """Messages of all storage files from the front; a damaged one does not hide the next."""
        for path in self._files:
            yield from self._salvaged_file(path)

    def _salvaged_file(self, path: Path) -> Iterator[StoredMessage]:
        """Messages of one storage file; its damage is noted once, however often it is read."""
        try:
            yield from stored_messages(path)
        except DamageError as error:
            note = f'; {path.name}: {error}'
            if note not in self.damage:
                self.damage += note

    def _scan(self, reason: str) -> None:
        """Find out by reading everything what an index would have told."""
        self.damage = f'{self.path}: {reason}; read from the front instead'
        stamps = []
        counts: dict[tuple[str, str], int] = {}
        for stored in self._salvaged():
            _learn(stored.type_name, stored.definition)
            key = stored.topic, stored.type_name
            counts[key] = counts.get(key, 0) + 1
            stamps.append(stored.stamp_ns)
        for (topic, type_name), count in counts.items():
            self.topics[topic] = Topic(topic, type_name, count, latched=topic == '/tf_static')
        self.damage += f'; {len(stamps)} messages kept'
        if stamps:
            self.start_ns, self.end_ns = min(stamps), max(stamps)


def storage_files(path: Path) -> tuple[Path, ...]:
    """
    List the storage files of a recording, in the order of their names.

    :param path: a folder or one file.
    :raises FileNotFoundError: there are none.
    """
    if path.is_file() and path.suffix in SUFFIXES:
        return (path,)
    files = sorted(file for suffix in SUFFIXES for file in path.glob(f'*{suffix}'))
    compressed = sorted(file for suffix in SUFFIXES for file in path.glob(f'*{suffix}.*'))
    if not files and not compressed:
        raise FileNotFoundError(
            f'{path}: expected a rosbag2 folder or a file ending in {" or ".join(SUFFIXES)}'
        )
    return tuple(files)


def decoded(raw: RawMessage) -> Message:
    """
    Message value of its CDR bytes.

    :raises ValueError: the bytes do not fit the type, or the type is unknown.
    """
    try:
        return message_store().deserialize_cdr(raw.data, raw.type_name)
    except (SerdeError, *_DEFINITION_ERRORS, *READ_ERRORS) as error:
        raise ValueError(f'{raw.topic}: cannot be read as {raw.type_name}: {error}') from error


def _learn(type_name: str, definition: str) -> None:
    """Register a type that only the bag knows; what is known already stays."""
    store = message_store()
    if type_name in store.fielddefs or not definition:
        return
    try:
        found = get_types_from_msg(definition, type_name)
        known = store.fielddefs
        store.register({name: fields for name, fields in found.items() if name not in known})
    except (*_DEFINITION_ERRORS, *READ_ERRORS):
        return  # a damaged definition: the messages are there, and cannot be decoded


def _topic(connection: Connection) -> Topic:
    """Tell what the index says about a topic."""
    latched = connection.topic == '/tf_static'
    if isinstance(connection.ext, ConnectionExtRosbag2):
        profiles = connection.ext.offered_qos_profiles
        latched |= any(qos.durability is QosDurability.TRANSIENT_LOCAL for qos in profiles)
    return Topic(connection.topic, connection.msgtype, connection.msgcount, latched)
