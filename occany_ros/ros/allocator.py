"""How the C library keeps memory that was given back."""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 32 << 20


def keep_memory_together() -> bool:
    """
    Let all threads share one heap; to be called before there are any.

    glibc gives every thread a heap of its own, and large arrays that one thread frees are no use
    to another: the node's memory then grows for minutes, and stays higher.

    :returns: whether the C library can be told so; only glibc can.
    """
    set_option = getattr(ctypes.CDLL(None), 'mallopt', None)
    if set_option is None:
        return False
    options = (
        (_M_ARENA_MAX, 1),
        (_M_TRIM_THRESHOLD, _LARGE_BYTES),
        (_M_MMAP_THRESHOLD, _LARGE_BYTES),
    )
    return all(bool(set_option(option, value)) for option, value in options)
