"""`~/save` and `~/markers` of a running node."""

import json
from pathlib import Path

import cv2
from node_harness import LATCHED
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.occupancy.export import read_voxels
from occany_ros.ros.messages import convert
import pytest
from small_disks import MIB, tiny_disk
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from visualization_msgs.msg import Marker, MarkerArray
import yaml


def settle(graph, *cameras):
    """Wait until answers will last: once the places of all cameras are known nothing restarts."""

    def is_known():
        entry = graph.status.get('tf')
        told = {item.key: item.value for item in entry.values} if entry else {}
        return all(told.get(f'extrinsics {name}') == 'tf' for name in cameras)

    graph.wait(is_known, 'the places of the cameras')
    graph.wait_for_outputs(2)


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node with two cameras; it saves into a folder that is not there yet."""
    shared_graph.cameras(names=['front', 'back'])
    shared_graph.folder_of_saves = shared_graph.folder / 'deep' / 'saves'
    shared_graph.occany(
        cameras=['front', 'back'],
        confidence__recon=1.0,
        save_dir=str(shared_graph.folder_of_saves),
    )
    settle(shared_graph, 'front', 'back')
    return shared_graph


def test_a_moment_is_saved_as_a_whole(running):
    answer = running.call(Trigger, '/occany/save')
    assert answer.success, answer.message
    place = Path(answer.message)
    assert place.parent == running.folder_of_saves
    assert not list(running.folder_of_saves.glob('*.partial'))
    about = json.loads((place / 'meta.json').read_text())
    grid = read_voxels(place / 'voxels.npz')
    assert about['grid']['size'] == list(grid.spec.shape)
    assert tuple(about['grid']['classes']) == grid.class_names
    assert np.allclose(np.array(about['odom_from_base'])[3], (0, 0, 0, 1))
    for name in about['cameras']:
        assert cv2.imread(str(place / f'{name}.png')).size
    assert (place / 'cloud.ply').read_bytes().startswith(b'ply\n')
    flat = yaml.safe_load((place / 'map.yaml').read_text())
    assert cv2.imread(str(place / flat['image']), cv2.IMREAD_UNCHANGED).shape == (200, 200)
    again = Path(running.call(Trigger, '/occany/save').message)
    assert again != place


def test_what_is_saved_is_what_was_published(running):
    grids = running.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    running.wait(lambda: grids, 'a grid')
    running.call(SetBool, '/occany/pause', data=True)
    try:
        running.steady(lambda: running.figure('output', 'outputs'), 'the end of the outputs')
        place = Path(running.call(Trigger, '/occany/save').message)
        saved_ns = json.loads((place / 'meta.json').read_text())['stamp_ns']

        def the_same():
            return [g for g in grids if convert.stamp_ns_of(g.header.stamp) == saved_ns]

        running.wait(the_same, 'the grid that was saved')
        labels = read_voxels(place / 'voxels.npz').labels.ravel('F')
        np.testing.assert_array_equal(np.frombuffer(the_same()[0].labels, np.uint8), labels)
    finally:
        running.call(SetBool, '/occany/pause', data=False)


def test_markers_show_cameras_grid_and_legend(running):
    said = running.subscribe(MarkerArray, '/occany/markers')
    running.wait(lambda: said, 'markers')
    info = running.subscribe(String, '/occany/grid_info', LATCHED)
    running.wait(lambda: info, 'the description')
    about = json.loads(info[-1].data)
    by_group = {}
    for marker in said[-1].markers:
        assert marker.header.frame_id == 'base_link'
        by_group.setdefault(marker.ns, []).append(marker)
    assert [item.text for item in by_group['legend']] == about['classes'][1:]
    assert {item.text for item in by_group['camera names']} <= {'front', 'back'}
    (box,) = by_group['grid']
    ends = np.array([(point.x, point.y, point.z) for point in box.points])
    np.testing.assert_allclose(ends.min(axis=0), about['origin'])
    extent = np.array(about['size']) * about['resolution']
    np.testing.assert_allclose(ends.max(axis=0) - ends.min(axis=0), extent, rtol=1e-6)
    frustum = by_group['cameras'][0]
    assert frustum.type == Marker.LINE_LIST
    assert len(frustum.points) == 16


def test_a_place_that_cannot_be_written_is_an_answer(graph, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    graph.cameras()
    graph.occany(save_dir=str(tmp_path / 'file'))
    early = graph.call(Trigger, '/occany/save')
    settle(graph, 'front')
    answer = graph.call(Trigger, '/occany/save')
    assert not answer.success
    assert str(tmp_path / 'file') in answer.message
    assert not early.success
    assert early.message
    graph.wait_for_outputs(1)


def test_a_full_disk_is_an_answer_and_the_node_goes_on(graph, tmp_path):
    place = tmp_path / 'small'
    place.mkdir()
    with tiny_disk(place):
        (place / 'filler').write_bytes(bytes(3 * MIB - 40_000))
        graph.cameras()
        graph.occany(save_dir=str(place / 'saves'), confidence__recon=1.0)
        settle(graph, 'front')
        answer = graph.call(Trigger, '/occany/save')
        assert not answer.success
        assert str(place / 'saves') in answer.message
        assert 'No space left on device; expected' in answer.message
        assert 'MB free' in answer.message
        assert 'free some space' in answer.message
        assert not list((place / 'saves').iterdir())
        (place / 'filler').unlink()
        again = graph.call(Trigger, '/occany/save')
        assert again.success, again.message
        assert read_voxels(Path(again.message) / 'voxels.npz').labels.shape == (200, 200, 16)
        graph.wait_for_outputs(1)
