"""The node as a process of its own, for tools that start it, watch it and end it."""

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any, Final, IO

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.serialization import deserialize_message
import yaml

LAST_S: Final = 10.0
CODE: Final = (
    'import sys; from occany_ros.ros.allocator import keep_memory_together as together; '
    'together(); from occany_ros.ros.node import main; sys.exit(main())'
)


class NodeProcess:
    """
    Context manager around a running node; leaving it ends the node.

    :param parameters: dotted name -> value.
    :param log: file that gets what the node prints.
    :param parameter_file: where the parameters are written for the node to read.
    """

    def __init__(self, parameters: Mapping[str, Any], log: Path, parameter_file: Path) -> None:
        self.log = log
        self.parameter_file = parameter_file
        self.returncode: int | None = None
        self._parameters = parameters
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def __enter__(self) -> 'NodeProcess':
        """Start the node."""
        write_parameters(self.parameter_file, self._parameters)
        command = [sys.executable, '-c', CODE]
        command += ['--ros-args', '--params-file', str(self.parameter_file)]
        self._output = self.log.open('wb')
        self._process = start(command, self._output)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the node as Ctrl-C would, and by force if that is not enough."""
        if self._process is not None:
            self.returncode = end(self._process)
        if self._output is not None:
            self._output.close()

    @property
    def is_running(self) -> bool:
        """Tell whether the node has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def peak_bytes(self) -> int:
        """Read the most memory the node ever had, from the kernel; 0 where it does not tell."""
        if self._process is None:
            return 0
        try:
            text = Path(f'/proc/{self._process.pid}/status').read_text(encoding='ascii')
        except OSError:
            return 0
        found = (line.split() for line in text.splitlines() if line.startswith('VmHWM:'))
        return next((int(parts[1]) * 1024 for parts in found), 0)

    def last_words(self, count: int = 8) -> str:
        """Read the end of the node's log."""
        lines = self.log.read_text(encoding='utf-8', errors='replace').splitlines()
        return '\n'.join(lines[-count:])


def start(command: Sequence[str], output: IO[bytes]) -> 'subprocess.Popen[bytes]':
    """Start a command whose output goes to a file and which Ctrl-C here does not reach."""
    return subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def end(process: 'subprocess.Popen[bytes]') -> int:
    """End a process: politely, then by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(LAST_S)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
    return process.wait()


def write_parameters(path: Path, parameters: Mapping[str, Any]) -> None:
    """Write parameters as a file that ``--params-file`` reads, for a node of any name."""
    tree: dict[str, Any] = {}
    for name, value in parameters.items():
        *groups, leaf = name.split('.')
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    text = yaml.safe_dump({'/**': {'ros__parameters': tree}}, sort_keys=False)
    path.write_text(text, encoding='utf-8')


def diagnostics_of(data: bytes) -> dict[str, dict[str, str]]:
    """
    Read a report of the node.

    :param data: CDR of a ``diagnostic_msgs/DiagnosticArray``.
    :returns: name of the status, e.g. ``sync`` -> its values, with ``message`` and ``is_error``
        (empty if not) among them.
    """
    report = deserialize_message(data, DiagnosticArray)
    return {
        status.name.removeprefix('occany: '): {
            'message': status.message,
            'is_error': 'yes' if status.level == DiagnosticStatus.ERROR else '',
            **{item.key: item.value for item in status.values},
        }
        for status in report.status
    }
