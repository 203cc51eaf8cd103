"""Progress rewrites its line on a terminal and is sparing in a log file."""

import io

from occany_ros.cli.progress import Progress


class Terminal(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self):
        return True


def test_on_a_terminal_the_line_is_rewritten_and_cleared():
    stream = Terminal()
    progress = Progress('playing', stream)
    progress.show(0.5, 'a long remark about it')
    progress.done('ready')
    lines = stream.getvalue()
    assert lines.count('\n') == 1
    assert 'playing  [##########          ]  50%  a long remark about it\rplaying  ready ' in lines


def test_in_a_log_file_lines_are_few():
    stream = io.StringIO()
    progress = Progress('playing', stream)
    for step in range(100):
        progress.show(step / 100)
    progress.done('100 messages')
    lines = stream.getvalue().splitlines()
    assert lines == ['playing    0%', 'playing  100 messages']


def test_quiet_means_nothing_at_all():
    stream = Terminal()
    progress = Progress('playing', stream, quiet=True)
    progress.show(0.5)
    progress.done('ready')
    assert stream.getvalue() == ''
