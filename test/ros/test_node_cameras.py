"""Sets of several cameras: one dies, and a greatest rate is kept."""

from itertools import pairwise

from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros import convert

SIX = ['front', 'front_right', 'front_left', 'back', 'back_left', 'back_right']


def test_a_camera_that_dies_is_named_and_the_rest_goes_on(graph):
    graph.cameras(names=SIX[:3], dead={'front_left': 20})
    graph.occany(cameras=SIX[:3], sync__stale_after=0.5)
    graph.wait(lambda: graph.figure('camera front_left', 'sets') > 0, 'a whole set')
    graph.wait(lambda: 'silent' in graph.text('camera front_left')[1], 'the warning')
    assert graph.text('camera front_left')[0] == 1
    whole = graph.figure('camera front', 'sets')
    graph.wait_for_outputs(5)
    assert graph.figure('camera front', 'sets') > whole
    assert graph.text('camera front')[0] == 0
    log = graph.processes[1].text
    assert 'camera front_left: silent' in log


def test_a_greatest_rate_is_kept(graph):
    graph.cameras()
    graph.occany(max_rate_hz=2.0)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 3, 'grids')
    stamps_ns = [convert.stamp_ns_of(grid.header.stamp) for grid in grids]
    gaps_ns = [later - earlier for earlier, later in pairwise(stamps_ns)]
    assert min(gaps_ns) >= 450_000_000
