"""Running a node until it is told to stop, and ending in time whatever it is in the middle of."""

import gc
import os
import sys
from threading import Thread
from time import sleep
from typing import Final, NoReturn
from weakref import ref

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

_BREATH_S: Final = 0.001
_LOOK_S: Final = 0.1
_TIDY_S: Final = 0.4


def leave_in_time(node: Node, patience_s: float) -> None:
    """
    End the process with status 0 once the node was told to stop and patience is over.

    :param node: a signal shuts its context down.
    :param patience_s: time for an orderly end, seconds.
    """
    watched = node.context, ref(node), patience_s
    Thread(target=_watch, args=watched, name='occany leaving', daemon=True).start()


def leave_at_once(node: Node | None) -> NoReturn:
    """
    End the process with status 0, whatever its other threads are at.

    A network that is at work, or is being loaded, cannot be interrupted, and a thread inside it
    must not outlive Python. What the middleware took of the shared memory is given back first:
    it would stay taken for ever.

    :param node: the only one of this process, None if there is none any more.
    """
    if node is not None:
        tidying = Thread(target=_tidy, args=(node,), daemon=True)
        tidying.start()
        tidying.join(_TIDY_S)
    sys.stdout.flush()
    os._exit(0)


def spin(node: Node) -> None:
    """
    Work until told to stop.

    A message may make rclpy itself raise, such as a negative time on ``/clock``: that is logged,
    and the node lives.
    """
    while node.context.ok():
        _spin_once_more(node)


def _spin_once_more(node: Node) -> None:
    try:
        rclpy.spin(node)
    except ExternalShutdownException:
        return
    except Exception as error:  # noqa: BLE001 - whatever a message can bring about
        if not node.context.ok():
            return
        node.get_logger().error(
            f'message dropped ({type(error).__name__}): {error}', throttle_duration_sec=5.0
        )
        sleep(_BREATH_S)


def _tidy(node: Node) -> None:
    node.destroy_node()
    # The thread that cannot be ended holds the node, and the node what is left of rclpy's.
    vars(node).clear()
    gc.collect()


def _watch(context: Context, node: 'ref[Node]', patience_s: float) -> None:
    while context.ok():
        sleep(_LOOK_S)
    sleep(patience_s)
    leave_at_once(node())
