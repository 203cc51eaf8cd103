"""One line that says how far a long task has come."""

import argparse
import sys
import time
from typing import Final, TextIO

INTERVAL: Final = 0.2  # seconds between rewrites on a terminal
LINE_INTERVAL: Final = 5.0  # seconds between lines in a log file
BAR: Final = 20  # signs


def add_quiet_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--quiet`, alike for every subcommand that may take long."""
    parser.add_argument('-q', '--quiet', action='store_true', help='show no progress')


class Progress:
    """
    Progress on a terminal rewrites its line; in a log file it adds one now and then.

    :param label: what is being done.
    :param stream: where it is written, by default standard error.
    :param quiet: write nothing at all.
    """

    def __init__(self, label: str, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._label = label
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._shown = 0.0
        self._width = 0
        self._last = ''

    def show(self, share: float, text: str = '') -> None:
        """
        Say how far it is.

        :param share: 0 to 1.
        :param text: what else there is to say.
        """
        now = time.monotonic()
        if now - self._shown < (INTERVAL if self._terminal else LINE_INTERVAL):
            return
        self._shown = now
        done = round(BAR * min(max(share, 0.0), 1.0))
        bar = f'[{"#" * done:<{BAR}}] ' if self._terminal else ''
        self._last = f'{self._label}  {bar}{share:4.0%}  {text}'.rstrip()
        self._write(end='' if self._terminal else '\n')

    def done(self, text: str = '') -> None:
        """Finish the line."""
        self._last = f'{self._label}  {text}'.rstrip()
        self._write(end='\n')

    def _write(self, *, end: str) -> None:
        if self._quiet:
            return
        start = '\r' if self._terminal else ''
        self._stream.write(start + self._last.ljust(self._width) + end)
        self._stream.flush()
        self._width = len(self._last) if self._terminal and not end else 0
