"""Pictures show what is in the grid, the same every time."""

import cv2
import numpy as np
from occany_ros.evaluation.picture import draw_page, Page, path_in_base, save_picture, Scene
from occany_ros.evaluation.picture_top import column_colours, Extent, top_picture
from occany_ros.evaluation.picture_voxels import Viewpoint, voxel_picture
from occany_ros.occupancy.grid import FREE, GridSpec, OccupancyGrid3d, UNKNOWN
import pytest

SPEC = GridSpec(origin=(-40.0, -40.0, -1.0), resolution=0.4, shape=(200, 200, 16))
COLOURS = np.array([[135, 206, 235], [222, 60, 60], [40, 200, 60], [50, 60, 230]], np.uint8)
NAMES = ('free', 'red_things', 'green_things', 'blue_things')
VIEW = Viewpoint(eye=(-15.0, 0.0, 13.0), target=(13.0, 0.0, 0.0))


def grid_of_cells(cells, fill=FREE):
    labels = np.full(SPEC.shape, fill, np.uint8)
    for (x, y, z), label in cells.items():
        labels[x, y, z] = label
    return OccupancyGrid3d(SPEC, labels, np.zeros_like(labels), NAMES)


def street():
    labels = np.full(SPEC.shape, UNKNOWN, np.uint8)
    labels[100:, 60:140] = FREE
    labels[100:, 60:140, 2] = 2
    labels[130:140, 80:90, 3:9] = 1
    labels[150:160, 110:118, 3:8] = 3
    return OccupancyGrid3d(SPEC, labels, np.zeros_like(labels), NAMES)


def hue_share(picture, channel):
    """Share of pixels in which one channel clearly leads."""
    others = np.delete(picture.astype(int), channel, axis=2).max(axis=2)
    return np.mean(picture[..., channel].astype(int) - others > 40)


def test_perspective_shows_every_class_in_its_place():
    picture = voxel_picture(street(), COLOURS, (260, 430), VIEW, ego=False)
    assert picture.shape == (260, 430, 3)
    assert hue_share(picture, 1) > 0.1
    assert hue_share(picture[:, 215:], 0) > 0.005  # smaller y is on the right
    assert hue_share(picture[:, :215], 0) == 0
    assert hue_share(picture[:, :215], 2) > 0.001


def test_pictures_are_the_same_every_time():
    first, second = (voxel_picture(street(), COLOURS, (130, 210), VIEW) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    empty = voxel_picture(grid_of_cells({}), COLOURS, (130, 210), VIEW, ego=False)
    assert np.mean(first != empty) > 0.3


def test_near_cells_hide_far_ones():
    cells = {(105 + dx, y, z): 1 for dx in range(3) for y in range(85, 115) for z in range(2, 16)}
    cells |= {(120, y, z): 2 for y in range(90, 110) for z in range(2, 6)}
    picture = voxel_picture(
        grid_of_cells(cells), COLOURS, (130, 210), Viewpoint((-15.0, 0.0, 3.0), (9.0, 0.0, 3.0))
    )
    assert hue_share(picture, 0) > 0.05
    assert hue_share(picture, 1) == 0


def test_a_column_has_the_colour_of_its_highest_cell():
    colours = column_colours(
        grid_of_cells({(0, 0, 2): 2, (0, 0, 9): 1, (1, 0, 2): 2}, UNKNOWN), COLOURS
    )
    assert colours.shape == (200, 200, 3)
    assert colours[0, 0].argmax() == 0
    assert colours[1, 0].argmax() == 1
    assert np.ptp(colours[2, 0]) < 10  # nothing known: grey


def test_from_above_forward_is_up_and_left_is_left():
    cells = {(x, y, 5): 3 for x in range(150, 160) for y in range(150, 160)}
    extent = Extent(back=-40.0, front=40.0, side=40.0)
    picture = top_picture(grid_of_cells(cells), COLOURS, 400, extent, np.zeros((0, 2)))
    rows, columns = np.nonzero(picture[..., 2].astype(int) - picture[..., 0] > 100)
    # x = y = 20..24 m; ten pixels a 2 m cell block, measured from the upper left corner
    assert (rows.min(), rows.max()) == pytest.approx((80, 99), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((80, 99), abs=1)


def test_path_is_seen_from_its_end():
    poses = np.stack([np.eye(4)] * 3)
    poses[:, 0, 3] = [0, 1, 2]
    poses[2, :3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # turned left at last
    np.testing.assert_allclose(path_in_base(poses), [[0, 2], [0, 1], [0, 0]], atol=1e-12)
    assert path_in_base(np.zeros((0, 4, 4))).shape == (0, 2)


@pytest.mark.parametrize('cameras', [0, 1, 2, 6])
@pytest.mark.parametrize('scenes', [1, 2])
def test_page_holds_cameras_and_scenes(tmp_path, cameras, scenes):
    image = np.full((90, 160, 3), 90, np.uint8)
    path = np.stack([np.linspace(-5, 0, 6), np.zeros(6)], axis=1)
    page = Page(
        title='A title → with ± signs',
        subtitle='small print',
        images=tuple((f'camera_{index}', image) for index in range(cameras)),
        scenes=(Scene('Prediction', street(), path), Scene('Truth', street(), path))[:scenes],
        colours=COLOURS,
        facts=(('rate', '5 Hz'),),
        note='a note',
    )
    picture = draw_page(page)
    assert picture.shape[1] == 1800
    assert picture.std() > 20
    save_picture(tmp_path / 'new' / 'page.png', picture)
    again = cv2.cvtColor(cv2.imread(str(tmp_path / 'new' / 'page.png')), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(again, picture)


def test_a_page_without_anything_is_refused():
    with pytest.raises(ValueError, match='expected 1 or 2 scenes'):
        draw_page(Page('', '', (), (), COLOURS))
