"""Camera topics: which of them exist, of which type, and the messages that come in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from occany_ros.ros.settings.parameter_inputs import CameraParameters, QosParameters
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

RAW: Final = 'sensor_msgs/msg/Image'
COMPRESSED: Final = 'sensor_msgs/msg/CompressedImage'
_TYPES: Final = {RAW: Image, COMPRESSED: CompressedImage}
_FORCED: Final = {'raw': (RAW,), 'compressed': (COMPRESSED,), 'auto': (RAW, COMPRESSED)}


@dataclass(frozen=True, slots=True)
class Published:
    """
    What the graph says about one topic.

    :param topic: its name.
    :param types: message types its publishers send.
    :param best_effort: whether any of them is not reliable.
    """

    topic: str
    types: frozenset[str]
    best_effort: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic to subscribe to, and its type."""

    topic: str
    type_name: str


def choose(
    topics: tuple[str, ...], transport: str, look: Callable[[str], Published]
) -> Choice | None:
    """
    Find the topic to subscribe to.

    The first topic that is published with a wanted type is taken; after all of them their
    ``/compressed`` siblings are tried. Where the type is forced and nothing is published yet, the
    first topic is subscribed to at once.

    :param transport: ``auto``, ``raw`` or ``compressed``.
    :param look: asks the graph.
    """
    wanted = _FORCED[transport]
    siblings = tuple(f'{topic}/compressed' for topic in topics if COMPRESSED in wanted)
    for topic in topics + siblings:
        for type_name in wanted:
            if type_name in look(topic).types:
                return Choice(topic, type_name)
    return Choice(topics[0], wanted[0]) if len(wanted) == 1 else None


def info_topic_beside(image_topic: str) -> str:
    """Name of the CameraInfo topic that goes with an image topic."""
    plain = image_topic.removesuffix('/compressed')
    parent, _, _ = plain.rpartition('/')
    return f'{parent}/camera_info' if parent or plain.startswith('/') else 'camera_info'


@dataclass(slots=True, eq=False)
class CameraState:
    """
    What is known about one camera's messages.

    :param choice: the topic that is subscribed to, None while there is none.
    :param published: what the graph said last about every topic that was looked at.
    :param info: newest CameraInfo.
    :param frame_id: optical frame named by the newest image.
    :param encoding: of the newest image.
    :param incompatible: publishers so far whose quality of service did not match.
    :param is_refused: one that is there now does not match.
    """

    choice: Choice | None = None
    published: dict[str, Published] = field(default_factory=dict)
    info: CameraInfo | None = None
    frame_id: str = ''
    encoding: str = ''
    incompatible: int = 0
    is_refused: bool = False


class CameraInput:
    """
    Subscriptions of one camera.

    :param node: that subscribes.
    :param parameters: of the camera.
    :param qos: of the images.
    :param on_image: takes the camera's name and each message; must return at once.
    """

    def __init__(
        self,
        node: Node,
        parameters: CameraParameters,
        qos: QosParameters,
        on_image: Callable[[str, Any], None],
    ) -> None:
        self.name = parameters.name
        self.state = CameraState()
        self._node = node
        self._parameters = parameters
        self._qos = image_qos(qos)
        self._on_image = on_image
        self._subscriptions: list[Any] = []

    def look(self) -> None:
        """Ask the graph, and subscribe to what it offers; changes of mind are followed."""
        self.state.published = {}
        parameters = self._parameters
        choice = choose(parameters.image_topics, parameters.transport, self._published)
        if choice is not None and choice != self.state.choice:
            self._subscribe(choice)
        taken = self.state.choice
        is_weak = taken is not None and self._published(taken.topic).best_effort
        self.state.is_refused = is_weak and self._qos.reliability == ReliabilityPolicy.RELIABLE

    def close(self) -> None:
        """Drop the subscriptions."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self.state.choice = None

    def _published(self, topic: str) -> Published:
        if topic not in self.state.published:
            ends = self._node.get_publishers_info_by_topic(topic)
            types = frozenset(end.topic_type for end in ends)
            weak = any(e.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for e in ends)
            self.state.published[topic] = Published(topic, types, weak)
        return self.state.published[topic]

    def _subscribe(self, choice: Choice) -> None:
        self.close()
        self.state.info = None
        info = self._parameters.info_topic or info_topic_beside(choice.topic)
        node, qos = self._node, self._qos
        events = SubscriptionEventCallbacks(incompatible_qos=self._mismatch)
        # Calibrations first: of messages that came together they are then taken first.
        self._subscriptions.append(
            node.create_subscription(CameraInfo, info, self._take_info, qos)
        )
        self._subscriptions.append(
            node.create_subscription(
                _TYPES[choice.type_name], choice.topic, self._take, qos, event_callbacks=events
            )
        )
        self.state.choice = choice  # only now: one that fails is tried again with the next look
        node.get_logger().info(f'camera {self.name}: {choice.topic} ({choice.type_name})')

    def _take(self, message: Any) -> None:
        self.state.frame_id = message.header.frame_id
        self.state.encoding = (
            message.encoding if isinstance(message, Image) else f'compressed {message.format}'
        )
        self._on_image(self.name, message)

    def _take_info(self, message: CameraInfo) -> None:
        self.state.info = message

    def _mismatch(self, event: Any) -> None:
        self.state.incompatible = event.total_count


def image_qos(qos: QosParameters) -> QoSProfile:
    """Quality of service of the image subscriptions."""
    best_effort = qos.image_reliability == 'best_effort'
    return QoSProfile(
        depth=qos.image_depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
    )
