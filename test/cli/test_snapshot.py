"""`occany snapshot` paints the asked moment of a bag."""

import cv2
import numpy as np
from occany_ros.bags.messages import grid_message, image_message
from occany_ros.bags.writer import BagWriter
from occany_ros.cli.main import main
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.semantics.classes import OCC3D
import pytest
from small_disks import MIB, tiny_disk

SPEC = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.4, shape=(100, 100, 10))


@pytest.fixture
def bag(tmp_path):
    with BagWriter(tmp_path / 'bag') as writer:
        for index in range(3):
            stamp_ns = 1_000_000_000 * (index + 1)
            labels = np.zeros(SPEC.shape, np.uint8)
            end = 50 + 10 * index
            labels[60:70, 40:end, 2:6] = OCC3D.grid_names.index('vegetation')
            grid = OccupancyGrid3d(SPEC, labels, labels, OCC3D.grid_names)
            writer.write('/occany/occupancy', grid_message(grid, stamp_ns, 'base_link'), stamp_ns)
            image = np.full((40, 60, 3), 60 * index, np.uint8)
            writer.write('/camera/front/image_raw', image_message(image, stamp_ns, ''), stamp_ns)
    return tmp_path / 'bag'


def green(path):
    picture = cv2.imread(str(path)).astype(int)
    return np.mean(
        picture[..., 1] - picture.max(axis=2, where=[True, False, True], initial=0) > 40
    )


def test_moments_differ(bag, tmp_path, capsys):
    first, last = tmp_path / 'pictures' / 'first.png', tmp_path / 'last.png'
    assert main(['snapshot', str(bag), '-o', str(first), '--at', '0.2']) == 0
    assert main(['snapshot', str(bag), '-o', str(last)]) == 0
    assert str(last) in capsys.readouterr().out
    assert 0 < 1.5 * green(first) < green(last)


def test_a_bag_without_grids_is_refused(tmp_path, capsys):
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write('/image', image_message(np.zeros((2, 2, 3), np.uint8), 1, ''), 1)
    assert main(['snapshot', str(tmp_path / 'bag'), '-o', str(tmp_path / 'x.png')]) == 1
    assert 'occany bag' in capsys.readouterr().err


def test_a_full_disk_is_explained(bag, tmp_path, capsys):
    place = tmp_path / 'small'
    place.mkdir()
    with tiny_disk(place):
        (place / 'filler').write_bytes(bytes(3 * MIB - 20_000))
        assert main(['snapshot', str(bag), '-o', str(place / 'x.png')]) == 1
    errors = capsys.readouterr().err
    assert f'{place / "x.png"}: cannot be written: No space left' in errors
    assert 'free some space' in errors
