"""Sets of several cameras: complete, lossy, dying, looped, of either transport."""

from itertools import pairwise
import json

from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros import convert
import pytest

SIX = ['front', 'front_right', 'front_left', 'back', 'back_left', 'back_right']


@pytest.mark.parametrize(
    ('names', 'options'),
    [
        (SIX[:1], {'reliable': True}),
        (SIX[:3], {'compressed': True}),
        (SIX, {'reliable': False}),
    ],
    ids=['1 reliable', '3 compressed', '6 best effort'],
)
def test_any_number_of_cameras(graph, names, options):
    graph.cameras(names=names, **options)
    graph.occany(cameras=names)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 2, 'grids')
    grid = convert.grid_from_message(grids[-1])
    assert grid.labels.shape == (200, 200, 16)
    graph.wait(
        lambda: min(graph.figure(f'camera {name}', 'sets') for name in names) >= 2,
        'every camera in a set',
    )
    assert all(graph.text(f'camera {name}')[0] == 0 for name in names)
    kind = graph.status['camera front'].values
    expected = 'CompressedImage' if options.get('compressed') else 'Image'
    assert next(item.value for item in kind if item.key == 'type').endswith(expected)


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


def wait_for_the_end(graph):
    """Wait until the cameras have sent everything and the node has noticed."""
    graph.wait(lambda: graph.processes[0].child.poll() is not None, 'the end of the images')
    graph.wait(lambda: graph.figure('camera front', 'silence_s') > 0.6, 'the end of the sets')


def test_ten_percent_loss_costs_few_sets(graph):
    steps = 60
    graph.cameras(names=SIX, loss=0.1, steps=steps, reliable=True)
    graph.occany(cameras=SIX)
    wait_for_the_end(graph)
    received = sum(graph.figure(f'camera {name}', 'received') for name in SIX)
    assert received < 0.97 * steps * len(SIX), 'nothing was lost: the test tests nothing'
    assert graph.figure('sync', 'sets') >= 0.95 * steps, json.dumps(
        {name: str(status.values) for name, status in graph.status.items()}
    )


def test_a_looped_recording_restarts_once_a_round(graph):
    rounds, length = 3, 20
    graph.cameras(names=SIX[:3], loop=length, steps=rounds * length)
    graph.occany(cameras=SIX[:3])
    wait_for_the_end(graph)
    assert graph.figure('memory', 'restarts: backward') == rounds - 1
    assert graph.figure('inference', 'failures') == 0
    assert graph.processes[1].child.poll() is None


def test_a_greatest_rate_is_kept(graph):
    graph.cameras()
    graph.occany(max_rate_hz=2.0)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(grids) >= 3, 'grids')
    stamps_ns = [convert.stamp_ns_of(grid.header.stamp) for grid in grids]
    gaps_ns = [later - earlier for earlier, later in pairwise(stamps_ns)]
    assert min(gaps_ns) >= 450_000_000
