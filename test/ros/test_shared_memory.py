"""A node that ends gives its shared memory back: a robot restarts it often."""

from pathlib import Path
import re

import pytest

SEGMENT = re.compile(r'/dev/shm/fastdds_[0-9a-f]+')  # noqa: S108
FILES = pytest.mark.skipif(
    not Path('/dev/shm').is_dir(),  # noqa: S108
    reason='needs shared memory that can be looked at',
)


def segments(pid):
    """List the segments of Fast DDS that a process has mapped."""
    return set(SEGMENT.findall(Path(f'/proc/{pid}/maps').read_text(encoding='utf-8')))


@FILES
def test_a_node_leaves_no_shared_memory_behind(graph):
    others = segments('self')
    if not others:
        pytest.skip('the middleware of this process uses no shared memory')
    node = graph.occany()
    graph.wait(lambda: 'output' in graph.status, 'a first report')
    own = segments(node.child.pid) - others
    assert own
    assert node.stop()[0] == 0, node.text
    assert [name for name in own if Path(name).exists()] == []
