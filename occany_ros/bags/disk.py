"""What to say where a disk takes no more."""

import errno
from pathlib import Path
import shutil
from typing import Final

_MEGABYTE: Final = 1_000_000


class DiskError(OSError):
    """A file cannot be written; the message names path, room and remedy."""

    def __str__(self) -> str:
        """Return the message alone: its beginning is the path."""
        return str(self.strerror)


FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What it is called where there is no room: on the disk, for the user, for the file."""


def disk_error(path: Path, needed_bytes: int, error: BaseException, kept: str) -> DiskError:
    """
    Explain why a file cannot be written.

    :param path: what was being written.
    :param needed_bytes: at least so many more were needed.
    :param error: what was raised.
    :param kept: what is left of it, a phrase.
    :returns: to be raised.
    """
    number = error.errno if isinstance(error, OSError) and error.errno else errno.ENOSPC
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return DiskError(
        number,
        f'{path}: cannot be written: {reason}; expected {_size(needed_bytes)} of room, got '
        f'{_size(_free_bytes(path))} free; {kept}; free some space, or name a place on another '
        'disk',
    )


def _free_bytes(path: Path) -> int:
    """Room on the disk that holds a path, which need not be there yet."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _size(count: int) -> str:
    return f'{count / _MEGABYTE:.1f} MB'
