"""Running a node until it is told to stop, and ending in time whatever it is in the middle of."""

import os
import sys
from threading import Thread
from time import sleep
from typing import Final

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

_BREATH_S: Final = 0.001
_LOOK_S: Final = 0.1


def leave_in_time(context: Context, patience_s: float) -> None:
    """
    End the process with status 0 once the context was shut down and patience is over.

    A network that is at work, or is being loaded, cannot be interrupted, and a thread inside it
    must not outlive Python.

    :param context: a signal shuts it down.
    :param patience_s: time for an orderly end, seconds.
    """
    Thread(target=_watch, args=(context, patience_s), name='occany leaving', daemon=True).start()


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
        node.get_logger().error(
            f'message dropped ({type(error).__name__}): {error}', throttle_duration_sec=5.0
        )
        sleep(_BREATH_S)


def _watch(context: Context, patience_s: float) -> None:
    while context.ok():
        sleep(_LOOK_S)
    sleep(patience_s)
    sys.stdout.flush()
    os._exit(0)
