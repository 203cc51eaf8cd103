"""A run is read back from its bag: grids, poses, cameras."""

from dataclasses import replace

import numpy as np
from occany_ros.bags.messages import grid_message, image_message, odometry_message
from occany_ros.bags.writer import BagWriter
from occany_ros.evaluation.recorded import palette_for, read_images, read_run, telling_moment
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.semantics.classes import KITTI, OCC3D
import pytest

SPEC = GridSpec(origin=(-1.0, -1.0, 0.0), resolution=1.0, shape=(2, 2, 2))
STAMPS = [1_000_000_000, 2_000_000_000, 3_000_000_000]


def write(path, *, prediction=True, truth=True):
    with BagWriter(path) as bag:
        for index, stamp_ns in enumerate(STAMPS):
            labels = np.full(SPEC.shape, index, np.uint8)
            grid = OccupancyGrid3d(SPEC, labels, labels, ('free', 'one', 'two'))
            pose = np.eye(4)
            pose[0, 3] = 2.0 * index
            sources = [('/occany', prediction), ('/ground_truth', truth)]
            for namespace, wanted in sources:
                if not wanted:
                    continue
                message = grid_message(grid, stamp_ns, 'base_link')
                bag.write(f'{namespace}/occupancy', message, stamp_ns)
                odometry = odometry_message(
                    pose, stamp_ns, odom_frame='odom', base_frame='base_link'
                )
                bag.write(f'{namespace}/odom', odometry, stamp_ns)
            for camera, shade in (('front', 10), ('back', 100)):
                image = np.full((4, 6, 3), shade + index, np.uint8)
                topic = f'/camera/{camera}/image_raw'
                bag.write(topic, image_message(image, stamp_ns, 'eye'), stamp_ns)
            bag.write('/occany/front/depth', image_message(image, stamp_ns, 'eye'), stamp_ns)
    return path


def test_prediction_and_truth(tmp_path):
    run = read_run(write(tmp_path / 'bag'))
    assert (run.prediction.name, run.truth.name, run.damage) == ('Prediction', 'Truth', '')
    for track in (run.prediction, run.truth):
        assert list(track.grids) == STAMPS
        scene = track.scene(STAMPS[1])
        assert scene.grid.labels.max() == 1
        np.testing.assert_allclose(scene.path, [[-2, 0], [0, 0]])
    with pytest.raises(LookupError, match='no grid'):
        run.prediction.scene(5)


def test_the_moment_to_show_follows_from_the_truth_alone(tmp_path):
    run = read_run(write(tmp_path / 'bag'))
    assert telling_moment(run) == STAMPS[2]
    assert telling_moment(replace(run, truth=None)) == STAMPS[2]
    rich = {stamp: replace(grid, labels=np.arange(80).reshape(4, 4, 5) % 2)
            for stamp, grid in run.truth.grids.items() if stamp == STAMPS[1]}  # fmt: skip
    truth = replace(run.truth, grids={**run.truth.grids, **rich})
    assert telling_moment(replace(run, truth=truth)) == STAMPS[1]


def test_truth_alone_is_shown_as_truth(tmp_path):
    run = read_run(write(tmp_path / 'bag', prediction=False))
    assert run.prediction.name == 'Truth'
    assert run.truth is None


def test_a_bag_without_grids_is_explained(tmp_path):
    with pytest.raises(LookupError, match='occany bag'):
        read_run(write(tmp_path / 'bag', prediction=False, truth=False))


def test_colours_follow_the_names():
    np.testing.assert_array_equal(palette_for(OCC3D.grid_names), OCC3D.grid_colours)
    np.testing.assert_array_equal(palette_for(KITTI.grid_names), KITTI.grid_colours)
    others = palette_for(('free', 'apple', 'pear', 'plum'))
    assert others.shape == (4, 3)
    assert len(np.unique(others, axis=0)) == 4


def test_images_nearest_to_a_time(tmp_path):
    path = write(tmp_path / 'bag')

    def decode(message, type_name):
        assert type_name == 'sensor_msgs/msg/Image'
        return message.data.reshape(4, 6, 3)

    images = read_images(path, 2_100_000_000, decode)
    assert [(name, image[0, 0, 0]) for name, image in images] == [('front', 11), ('back', 101)]
