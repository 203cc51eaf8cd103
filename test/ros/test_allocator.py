"""One heap for all threads: what one frees, another can use."""

import platform
import subprocess
import sys

import pytest

HEAPS = """
from threading import Thread
import ctypes
import sys
from occany_ros.ros.allocator import keep_memory_together
if sys.argv[1] == 'together':
    assert keep_memory_together()
def use():
    keep.append([bytes(5000) for _ in range(2000)])
keep = []
threads = [Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='needs glibc')
@pytest.mark.parametrize('kind', ['together', 'apart'])
def test_threads_share_one_heap(root, kind):
    answer = subprocess.run(
        [sys.executable, '-c', HEAPS, kind], check=True, cwd=root, capture_output=True, text=True
    )
    heaps = answer.stderr.count('Arena ')
    assert heaps == 1 if kind == 'together' else heaps > 1
