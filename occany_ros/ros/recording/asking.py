"""Questions to other nodes: what they are, and whether they hear us."""

from collections.abc import Callable
import time
from typing import Any, Final

from rcl_interfaces.srv import GetParameters
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

ASK_S: Final = 0.2
"""Time from one question to the next, seconds."""
SERVICE: Final = 'rcl_interfaces/srv/GetParameters'
PATIENCE_S: Final = 2.0
"""Longest wait for a node to offer the service of its parameters; some offer none, seconds."""
ANSWER_S: Final = 1.0
"""Longest wait for its answer before it is asked again, seconds."""


def asked(asker: Node, client: Any, request: Any, answer_s: float) -> Any:
    """
    Ask a service once.

    :param asker: node of this process; it is spun meanwhile.
    :param answer_s: longest wait for the answer, seconds.
    :returns: the answer, None where there is none in time, or nobody to ask.
    """
    if not client.service_is_ready():
        return None
    executor = SingleThreadedExecutor(context=asker.context)
    future: Future[Any] = client.call_async(request)
    try:
        rclpy.spin_until_future_complete(asker, future, executor, answer_s)
    finally:
        executor.shutdown()
    if not future.done():
        client.remove_pending_request(future)
        return None
    return future.result()


def wait_until_heard(
    asker: Node, topic: str, timeout_s: float, on_wait: Callable[[], None] | None = None
) -> None:
    """
    Wait until the publishers of a topic know the subscription that we made before this call.

    That we know them does not mean that they know us: what they publish until then is lost. A
    node learns of our endpoints in the order in which we make them, so one that answers a
    question asked from here on knows the subscription too. The question is for no parameters. A
    node that takes no such questions cannot be asked, and is not waited for.

    :param asker: node of this process; it is spun meanwhile.
    :param topic: that was subscribed to; its publishers are those that are there now.
    :param timeout_s: longest wait, seconds; returns early when ROS shuts down.
    :param on_wait: called with every question.
    :raises TimeoutError: a node does not answer in time; the message names it.
    """
    deadline = time.monotonic() + timeout_s
    for service in _questions(asker, topic, min(timeout_s, PATIENCE_S), on_wait):
        client = asker.create_client(GetParameters, service)
        try:
            while rclpy.ok(context=asker.context):
                if asked(asker, client, GetParameters.Request(), ANSWER_S) is not None:
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f'{topic}: expected an answer of {service} within {timeout_s:g} s, got '
                        'none; does the node that publishes the topic hang?'
                    )
                if on_wait is not None:
                    on_wait()
                time.sleep(ASK_S)
        finally:
            asker.destroy_client(client)


def _questions(
    asker: Node, topic: str, patience_s: float, on_wait: Callable[[], None] | None
) -> list[str]:
    """Name the services by which the publishers of a topic can be asked for parameters."""
    deadline = time.monotonic() + patience_s
    while True:
        ends = asker.get_publishers_info_by_topic(topic)
        nodes = {f'{end.node_namespace.rstrip("/")}/{end.node_name}' for end in ends}
        wanted = {f'{node}/get_parameters' for node in nodes}
        offered = {name for name, types in asker.get_service_names_and_types() if SERVICE in types}
        if wanted <= offered or time.monotonic() > deadline or not rclpy.ok(context=asker.context):
            return sorted(wanted & offered)
        if on_wait is not None:
            on_wait()
        time.sleep(ASK_S)
