"""What tools need that know a topic only by name: its type's class, its publishers' promises."""

from importlib import import_module
from typing import Any, Final

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

LATCHED_DEPTH: Final = 100


def message_class(type_name: str) -> type[Any]:
    """
    Import the class of a message type.

    :param type_name: e.g. ``sensor_msgs/msg/Image``.
    :raises LookupError: its package is not installed, or has no such type.
    """
    package, _, name = type_name.partition('/msg/')
    try:
        found: type[Any] = getattr(import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(
            f'{type_name}: not installed here; install the package {package} and source it'
        ) from error
    return found


def sender_qos(*, latched: bool) -> QoSProfile:
    """Give the quality of service of a player's publisher: it suits every subscriber."""
    durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=LATCHED_DEPTH if latched else 10,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=durability,
    )


def listener_qos(node: Node, topic: str, *, depth: int = 50) -> QoSProfile:
    """Ask for as much as every present publisher of a topic offers, and no more."""
    offered = [end.qos_profile for end in node.get_publishers_info_by_topic(topic)]
    reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
    latched = all(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL if latched and offered else DurabilityPolicy.VOLATILE
        ),
    )


def topic_types(node: Node) -> dict[str, str]:
    """Ask the graph for every topic with its type; one with several types is left out."""
    return {name: types[0] for name, types in node.get_topic_names_and_types() if len(types) == 1}
