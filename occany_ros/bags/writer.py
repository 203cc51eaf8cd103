"""Writing rosbag2 recordings, with no ROS at hand."""

from contextlib import suppress
from pathlib import Path
import sqlite3
from types import TracebackType
from typing import Final, Literal

from occany_ros.bags.disk import disk_error
from occany_ros.bags.messages import Message, message_store, packed
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError
from rosbags.rosbag2.storage_mcap import McapWriter
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Writer

Storage = Literal['mcap', 'sqlite3']

STORAGES: Final = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
METADATA_VERSION: Final = 9  # Jazzy and later; their `ros2 bag play` reads the QoS from it
LATCHED_TOPICS: Final = frozenset({'/tf_static'})
FLUSH_BYTES: Final = 16_000_000
"""So much is lost at most when the process is killed and nobody called `flush`."""
FOREVER: Final = QosTime(sec=9223372036, nsec=854775807)


def offered_qos(*, latched: bool) -> Qos:
    """
    Quality of service to store with a topic; players repeat it when they play the bag.

    :param latched: late subscribers get what was sent before (TRANSIENT_LOCAL).
    """
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=100 if latched else 10,
        reliability=QosReliability.RELIABLE,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=FOREVER,
        lifespan=FOREVER,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=FOREVER,
        avoid_ros_namespace_conventions=False,
    )


class BagWriter:
    """
    Context manager that writes one new recording: a folder with storage file and metadata.

    Leaving it after an exception keeps what was written: the storage is closed and indexed. Where
    that is impossible, as on a full disk or after SIGKILL, what was flushed can still be read.

    :ivar message_count: messages written so far.
    """

    def __init__(self, path: Path, *, storage: Storage = 'mcap') -> None:
        """
        Nothing is touched until the context is entered.

        :param path: folder to make; it must not exist.
        :raises ValueError: the storage is none of ``mcap`` and ``sqlite3``.
        """
        if storage not in STORAGES:
            raise ValueError(f'storage: expected one of {sorted(STORAGES)}, got {storage!r}')
        self.path = path
        self.message_count = 0
        self._unflushed = 0
        self._is_stuck = False
        self._storage: Storage = storage
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> 'BagWriter':
        """
        Make the folder.

        :raises FileExistsError: something of that name is there already.
        """
        try:
            self._writer = Writer(
                self.path, version=METADATA_VERSION, storage_plugin=STORAGES[self._storage]
            )
            self._writer.open()
        except WriterError as error:
            raise FileExistsError(f'{self.path}: exists already; remove it first') from error
        if isinstance(self._writer.storage, Sqlite3Writer):
            # What is not committed stays out of the file, so that a killed writer leaves a whole.
            self._writer.storage.conn.execute('PRAGMA cache_spill = OFF')
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """
        Write the index and ``metadata.yaml``.

        :raises OSError: there is no room for them; what was written before stays readable.
        """
        try:
            if not self._is_stuck:
                self._writer.close()
        except (OSError, sqlite3.OperationalError) as problem:
            explained = self._disk_error(problem)
            if error is None:
                raise explained from problem
        finally:
            if self._is_stuck:
                with suppress(OSError, sqlite3.Error):
                    self._writer.abort()

    def flush(self) -> None:
        """
        Hand everything to the operating system, so that a killed process loses nothing of it.

        :raises OSError: there is no room for it.
        """
        storage = self._writer.storage
        try:
            if isinstance(storage, Sqlite3Writer):
                storage.conn.commit()
            elif isinstance(storage, McapWriter):
                if storage.chunk.msgs:
                    storage.close_chunk()
                storage.bio.flush()
        except (OSError, sqlite3.OperationalError) as error:
            raise self._disk_error(error) from error
        self._unflushed = 0

    def add_topic(self, topic: str, type_name: str, *, latched: bool | None = None) -> None:
        """
        Announce a topic; `write` does so by itself.

        :param type_name: e.g. ``sensor_msgs/msg/Image``.
        :param latched: see `offered_qos`; by default only ``/tf_static`` is.
        :raises ValueError: the topic is there with another type.
        """
        known = self._connections.get(topic)
        if known is None:
            if latched is None:
                latched = topic in LATCHED_TOPICS
            self._connections[topic] = self._writer.add_connection(
                topic,
                type_name,
                typestore=message_store(),
                offered_qos_profiles=[offered_qos(latched=latched)],
            )
        elif known.msgtype != type_name:
            raise ValueError(f'{topic}: expected {known.msgtype} again, got {type_name}')

    def write(self, topic: str, value: Message, stamp_ns: int) -> None:
        """
        Append a message made by `occany_ros.bags.messages`.

        :param stamp_ns: time of arrival, nanoseconds.
        """
        self.write_raw(topic, value.__msgtype__, packed(value), stamp_ns)

    def write_raw(self, topic: str, type_name: str, data: bytes, stamp_ns: int) -> None:
        """
        Append a message that is CDR already.

        :param stamp_ns: time of arrival, nanoseconds.
        :raises OSError: there is no room for it; the message names path, room and remedy.
        """
        self.add_topic(topic, type_name)
        try:
            self._writer.write(self._connections[topic], stamp_ns, data)
        except (OSError, sqlite3.OperationalError) as error:
            raise self._disk_error(error, len(data)) from error
        self.message_count += 1
        self._unflushed += len(data)
        if self._unflushed >= FLUSH_BYTES:
            self.flush()

    def _disk_error(self, error: BaseException, size: int = 0) -> OSError:
        """Write no more, and say what is left of the bag."""
        self._is_stuck = True
        kept = (
            f'what was written of {self.message_count} messages stays readable, by '
            '`ros2 bag reindex` for other tools too'
        )
        return disk_error(self.path, self._unflushed + size, error, kept)
