"""The most memory a piece of work needs, on any device."""

from ctypes import CDLL
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

_STATUS: Final = Path('/proc/self/status')
_CLEAR: Final = Path('/proc/self/clear_refs')
_FORGET_PEAK: Final = '5'


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Memory of a piece of work, bytes.

    On the processor it is that of the whole process, on a GPU what torch holds there.

    :param peak: most that was held while it ran, weights included.
    :param working: how much of that came on top of what was held before.
    """

    peak: int
    working: int


NO_MEMORY: Final = Memory(0, 0)
"""Where it cannot be measured: devices and systems that do not tell."""


class MemoryMeter:
    """
    Measures from its making on.

    :param device: where the work is done.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
            torch.cuda.reset_peak_memory_stats(device)
            self._before = torch.cuda.memory_allocated(device)
            return
        _give_back_unused()
        if _can_forget_peak():
            _CLEAR.write_text(_FORGET_PEAK)
        self._before = _process_bytes('VmRSS')

    def read(self) -> Memory:
        """Tell what was needed so far."""
        if self._device.type == 'cuda':
            torch.cuda.synchronize(self._device)
            peak = torch.cuda.max_memory_allocated(self._device)
        elif self._device.type == 'cpu' and _can_forget_peak():
            peak = _process_bytes('VmHWM')
        else:
            return NO_MEMORY
        return Memory(peak, max(peak - self._before, 0))


def _can_forget_peak() -> bool:
    return _CLEAR.exists()


def _process_bytes(field: str) -> int:
    """Read a size of this process from Linux; zero elsewhere."""
    if not _STATUS.exists():
        return 0
    lines = _STATUS.read_text(encoding='ascii').splitlines()
    found = [line.split()[1] for line in lines if line.startswith(f'{field}:')]
    return 1024 * int(found[0]) if found else 0


def _give_back_unused() -> None:
    """Let the C library return freed memory, so that it does not hide what comes next."""
    try:
        CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # not glibc
        return
