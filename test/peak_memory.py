"""How much memory something needed at its worst, as the kernel counts it."""

from pathlib import Path

import pytest


def added_at_peak(action):
    """Give what an action returns and how far it drove up the memory of this process, bytes."""
    try:
        Path('/proc/self/clear_refs').write_text('5', encoding='ascii')  # forget the peak so far
    except OSError:
        pytest.skip('needs a kernel that lets a process reset its peak memory')
    before = _status('VmRSS')
    result = action()
    return result, _status('VmHWM') - before


def _status(field):
    for line in Path('/proc/self/status').read_text(encoding='ascii').splitlines():
        if line.startswith(f'{field}:'):
            return int(line.split()[1]) * 1024
    raise LookupError(field)
