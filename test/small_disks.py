"""Places where 3 MiB can be written and no more: the errors are the real ones."""

from contextlib import contextmanager
import resource
import subprocess

import pytest

MIB = 1 << 20


@contextmanager
def tiny_disk(folder):
    """Mount a file system of 3 MiB."""
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f'no small disk may be mounted here: {mounted.stderr.strip()}')
    try:
        yield
    finally:
        subprocess.run(['umount', '--lazy', str(folder)], check=True)


@contextmanager
def short_files(folder):
    """Forbid files of more than 3 MiB."""
    del folder
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
