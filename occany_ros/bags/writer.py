"""Writing rosbag2 recordings, with no ROS at hand."""

from pathlib import Path
from types import TracebackType
from typing import Final, Literal

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

Storage = Literal['mcap', 'sqlite3']

STORAGES: Final = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
METADATA_VERSION: Final = 9  # Jazzy and later; their `ros2 bag play` reads the QoS from it
LATCHED_TOPICS: Final = frozenset({'/tf_static'})
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

    Leaving it after an exception keeps what was written: the storage is closed and indexed.
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
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the index and ``metadata.yaml``."""
        self._writer.close()

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
        """
        self.add_topic(topic, type_name)
        self._writer.write(self._connections[topic], stamp_ns, data)
