"""/tf in and out; the only file that knows tf2."""

from collections import deque
from importlib import import_module
from typing import Any, Final, Protocol

from geometry_msgs.msg import TransformStamped
import numpy as np
from numpy.typing import NDArray
from occany_ros.ros.messages.convert import (
    header,
    matrix_from_transform,
    stamp_ns_of,
    time_message,
    transform_message,
)
from occany_ros.ros.tf.transform_buffer import TransformBuffer
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from tf2_msgs.msg import TFMessage
import yaml

_LATCHED: Final = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_VOLATILE: Final = QoSProfile(depth=100)
_REMEMBERED: Final = 200
_SHOWN: Final = 60


class TransformSource(Protocol):
    """What is asked of a transform tree."""

    name: str

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> NDArray[np.float64]:
        """Find target_from_source at a time, (4, 4); LookupError where there is none."""

    def parent_of(self, child: str) -> str | None:
        """Return the parent of a frame, None where it has none."""

    def clear_times(self) -> None:
        """Forget everything but the static transforms."""

    def close(self) -> None:
        """Stop listening."""


def transform_source(node: Node) -> TransformSource:
    """Listen to /tf and /tf_static, through tf2_ros where it can be imported."""
    try:
        tf2 = import_module('tf2_ros')
    except ImportError:  # absent, or compiled for another Python
        return OwnSource(node)
    return Tf2Source(node, tf2)


class OwnSource(TransformBuffer):
    """Our own buffer, filled from the two topics."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.name = 'own buffer'
        self._node = node
        self._subscriptions = [
            node.create_subscription(TFMessage, '/tf', self._take_moving, _VOLATILE),
            node.create_subscription(TFMessage, '/tf_static', self._take_static, _LATCHED),
        ]

    def close(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _take_moving(self, message: TFMessage) -> None:
        self._take(message, is_static=False)

    def _take_static(self, message: TFMessage) -> None:
        self._take(message, is_static=True)

    def _take(self, message: TFMessage, *, is_static: bool) -> None:
        for entry in message.transforms:
            stamp_ns = stamp_ns_of(entry.header.stamp)
            names = entry.header.frame_id, entry.child_frame_id
            try:
                matrix = matrix_from_transform(entry.transform)
                self.put(names, stamp_ns, matrix, is_static=is_static)
            except ValueError as error:
                parent, child = (name[:_SHOWN] for name in names)
                self._node.get_logger().warning(
                    f'/tf: {parent!r} <- {child!r}: {error}', throttle_duration_sec=10.0
                )


class Tf2Source:
    """
    The buffer of tf2_ros.

    :param node: that listens.
    :param tf2: the module.
    """

    def __init__(self, node: Node, tf2: Any) -> None:
        self.name = 'tf2_ros'
        self._errors = tf2.TransformException
        self._buffer = tf2.Buffer(node=node)
        self._listener = tf2.TransformListener(self._buffer, node, spin_thread=False)

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> NDArray[np.float64]:
        """Find target_from_source at a time, (4, 4); LookupError where there is none."""
        time, timeout = Time.from_msg(time_message(stamp_ns)), Duration(seconds=timeout_s)
        target, source = target.lstrip('/'), source.lstrip('/')
        try:
            found = self._buffer.lookup_transform(target, source, time, timeout)
            return matrix_from_transform(found.transform)
        except (self._errors, ValueError) as error:
            raise LookupError(f'{target!r} <- {source!r}: {error}') from error

    def parent_of(self, child: str) -> str | None:
        """Return the parent of a frame, None where it has none."""
        frames = yaml.safe_load(self._buffer.all_frames_as_yaml()) or {}
        entry = frames.get(child.lstrip('/')) if isinstance(frames, dict) else None
        return str(entry['parent']) if entry else None

    def clear_times(self) -> None:
        """Forget what has a time; tf2 keeps static transforms through a clear."""
        self._buffer.clear()

    def close(self) -> None:
        """Stop listening."""
        self._listener.unregister()


class Broadcaster:
    """
    Publishes one transform, unless somebody else does.

    :param node: whose topic it is.
    :param source: where other publishers are seen.
    :param names: parent and child.
    """

    def __init__(self, node: Node, source: TransformSource, names: tuple[str, str]) -> None:
        self.parent, self.child = names
        self.refused = ''
        self._node = node
        self._source = source
        self._has_sent = False
        # Times of what was sent and not heard yet: each is heard once, more is somebody else.
        self._sent_ns: deque[int] = deque(maxlen=_REMEMBERED)
        self._publisher = node.create_publisher(TFMessage, '/tf', _VOLATILE)
        self._subscriptions = [
            node.create_subscription(TFMessage, '/tf', self._watch, _VOLATILE),
            node.create_subscription(TFMessage, '/tf_static', self._watch, _LATCHED),
        ]

    def look(self) -> None:
        """Refuse before the first word, where somebody else is known to publish it already."""
        if self._has_sent or self.refused:
            return
        parent = self._source.parent_of(self.child)
        if parent is not None:
            self._refuse(parent)

    def send(self, stamp_ns: int, parent_from_child: NDArray[np.float64]) -> None:
        """
        Publish the transform; does nothing once somebody else was seen to publish it.

        :param parent_from_child: (4, 4), metres.
        """
        self.look()
        if self.refused:
            return
        self._has_sent = True
        self._sent_ns.append(stamp_ns)
        entry = TransformStamped(
            header=header(stamp_ns, self.parent),
            child_frame_id=self.child,
            transform=transform_message(parent_from_child),
        )
        self._publisher.publish(TFMessage(transforms=[entry]))

    def close(self) -> None:
        """Stop publishing."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._publisher)

    def _watch(self, message: TFMessage) -> None:
        for entry in message.transforms:
            if entry.child_frame_id.lstrip('/') != self.child or self.refused:
                continue
            stamp_ns = stamp_ns_of(entry.header.stamp)
            if entry.header.frame_id == self.parent and stamp_ns in self._sent_ns:
                self._sent_ns.remove(stamp_ns)
            else:
                self._refuse(entry.header.frame_id)

    def _refuse(self, parent: str) -> None:
        self.refused = (
            f'{self.parent} <- {self.child} is not published: somebody else publishes '
            f'{parent} <- {self.child}, and a frame has one parent; set publish_tf to none'
        )
        self._node.get_logger().warning(self.refused)
