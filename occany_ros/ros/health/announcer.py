"""Says in the log what changed in the reports, once a change."""

from collections.abc import Sequence
import re
from typing import Final

from diagnostic_msgs.msg import DiagnosticStatus
from occany_ros.ros.health.diagnostics import ERROR, OK, WARN
from rclpy.node import Node

_NUMBER: Final = re.compile(r'[\d.]+')


class Announcer:
    """
    Compares each report with the one before.

    :param node: whose log it is.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._said: dict[str, str] = {}
        self._dropped: dict[str, int] = {}

    def report(self, statuses: Sequence[DiagnosticStatus]) -> None:
        """Log warnings and errors that are new, and those that are over."""
        for status in statuses:
            name = status.name.removeprefix('occany: ')
            gist = _NUMBER.sub('#', status.message) if status.level in (WARN, ERROR) else ''
            before = self._said.get(name, '')
            if gist and gist != before and gist not in self._said.values():
                # rclpy ties a severity to the place of the call, so there are two places.
                if status.level == ERROR:
                    self._node.get_logger().error(f'{name}: {status.message}')
                else:
                    self._node.get_logger().warning(f'{name}: {status.message}')
            elif before and not gist and status.level == OK:
                self._node.get_logger().info(f'{name}: well again ({status.message})')
            self._said[name] = gist

    def drops(self, undecodable: dict[str, int], errors: dict[str, str]) -> None:
        """Log cameras some of whose images could not be decoded since the last call."""
        for name, count in dict(undecodable).items():
            new = count - self._dropped.get(name, 0)
            if new > 0:
                self._node.get_logger().warning(
                    f'camera {name}: {new} images dropped: {errors[name]}'
                )
            self._dropped[name] = count
