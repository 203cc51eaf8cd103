"""Files come back as what was written."""

import cv2
import numpy as np
from occany_ros.occupancy.costmap import Costmap
from occany_ros.occupancy.export import read_voxels, write_cloud, write_map, write_voxels
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
import yaml


def test_voxels_come_back(tmp_path):
    random = np.random.default_rng(0)
    spec = GridSpec((-1.0, -2.0, 0.5), 0.4, (5, 4, 3))
    labels, confidence = random.integers(0, 256, (2, *spec.shape), dtype=np.uint8)
    grid = OccupancyGrid3d(spec, labels, confidence, ('free', 'car'))
    write_voxels(tmp_path / 'voxels.npz', grid)
    found = read_voxels(tmp_path / 'voxels.npz')
    assert found.spec == spec
    assert found.class_names == grid.class_names
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.confidence, confidence)


def test_clouds_are_binary_ply(tmp_path):
    points = np.array([(1, 2, 3), (-4, 5, 6)], np.float32)
    rgb = np.array([(10, 20, 30), (40, 50, 60)], np.uint8)
    path = tmp_path / 'cloud.ply'
    write_cloud(path, points, rgb, np.array([7, 255], np.uint8))
    header, _, body = path.read_bytes().partition(b'end_header\n')
    assert b'element vertex 2' in header
    names = [line.split() for line in header.decode().splitlines() if line.startswith('property')]
    assert [kind for _, kind, _ in names] == ['float'] * 3 + ['uchar'] * 4
    rows = np.frombuffer(
        body, [(name, '<f4' if kind == 'float' else 'u1') for _, kind, name in names]
    )
    assert rows['z'].tolist() == [3, 6]
    assert rows['green'].tolist() == [20, 50]
    assert rows['label'].tolist() == [7, 255]


def test_maps_lie_the_way_map_server_reads_them(tmp_path):
    cells = np.full((4, 3), -1, np.int8)  # x, y
    cells[0, 0], cells[3, 2] = 0, 100
    write_map(tmp_path, Costmap(cells, (-2.0, 1.0), 0.5))
    about = yaml.safe_load((tmp_path / 'map.yaml').read_text())
    image = cv2.imread(str(tmp_path / about['image']), cv2.IMREAD_UNCHANGED)
    assert image.shape == (3, 4)
    assert (about['resolution'], about['origin']) == (0.5, [-2.0, 1.0, 0.0])
    occupancy = (255 - image.astype(float)) / 255
    is_occupied = occupancy > about['occupied_thresh']
    is_free = occupancy < about['free_thresh']
    x, y = 3, 2  # a pixel's row counts from the top
    assert is_occupied[image.shape[0] - 1 - y, x]
    assert is_free[image.shape[0] - 1, 0]
    assert is_occupied.sum() == is_free.sum() == 1
