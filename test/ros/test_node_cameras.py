"""A greatest rate of sets is kept."""

from itertools import pairwise

from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert


def test_a_greatest_rate_is_kept(graph):
    graph.cameras()
    graph.occany(max_rate_hz=2.0)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 3, 'grids')
    stamps_ns = [convert.stamp_ns_of(grid.header.stamp) for grid in grids]
    gaps_ns = [later - earlier for earlier, later in pairwise(stamps_ns)]
    assert min(gaps_ns) >= 450_000_000
