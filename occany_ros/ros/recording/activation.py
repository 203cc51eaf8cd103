"""Waiting for a lifecycle node to be active: before that it hears nothing of what is played."""

from collections.abc import Callable
import time
from typing import Final

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from occany_ros.ros.recording.asking import ASK_S, asked
import rclpy
from rclpy.node import Node

ANSWER_S: Final = 5.0
"""Longest wait for an answer: a node that loads its weights gives none, seconds."""


def wait_until_active(
    asker: Node, name: str, timeout_s: float, on_wait: Callable[[], None] | None = None
) -> None:
    """
    Ask a node for its state until it is active; returns early when ROS shuts down.

    Its transitions are not listened to: the last one may have been before we were there.

    :param asker: node of this process; it is spun meanwhile.
    :param name: full name of the lifecycle node, e.g. ``/occany``.
    :param timeout_s: longest wait, seconds.
    :param on_wait: called with every question.
    :raises TimeoutError: it is not active in time; the message names its last state.
    """
    client = asker.create_client(GetState, f'{name}/get_state')
    deadline = time.monotonic() + timeout_s
    state = 'not there'
    try:
        while rclpy.ok(context=asker.context):
            answer = asked(asker, client, GetState.Request(), ANSWER_S)
            if answer is not None:
                if answer.current_state.id == State.PRIMARY_STATE_ACTIVE:
                    return
                state = answer.current_state.label
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f'{name}: expected an active node within {timeout_s:g} s, got one that is '
                    f'{state}; see its log, or activate it (autostart, ros2 lifecycle set)'
                )
            if on_wait is not None:
                on_wait()
            time.sleep(ASK_S)
    finally:
        asker.destroy_client(client)
