"""A synthetic drive becomes the bag a robot would have recorded."""

from collections import Counter

import cv2
import numpy as np
from occany_ros.bags.messages import grid_of, pose_of, stamp_ns_of
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.street import write_drive
from occany_ros.occupancy.grid import FREE, UNKNOWN
from occany_ros.synthetic.drive import make_drive
import pytest
import torch

STEPS = 3


@pytest.fixture(scope='module')
def drives(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('drives')
    front = make_drive(5, steps=STEPS, size=(64, 192))
    done = []
    write_drive(front, folder / 'front', on_step=done.append)
    assert done == [1, 2, 3]
    surround = make_drive(5, rig='surround', steps=STEPS, size=(48, 96))
    write_drive(surround, folder / 'surround', compressed=True, storage='sqlite3')
    return folder, front, surround


def read(path):
    with BagReader(path) as bag:
        assert bag.damage == ''
        return [(raw.topic, raw.stamp_ns, decoded(raw)) for raw in bag.messages()]


def test_front_camera(drives):
    folder, front, _ = drives
    entries = read(folder / 'front')
    assert Counter(topic for topic, _, _ in entries) == {
        '/tf_static': 1,
        '/tf': STEPS,
        '/camera/front/camera_info': STEPS,
        '/camera/front/image_raw': STEPS,
        '/ground_truth/occupancy': STEPS,
        '/ground_truth/odom': STEPS,
    }
    images = [m for topic, _, m in entries if topic == '/camera/front/image_raw']
    for number, image in enumerate(images):
        assert stamp_ns_of(image) == front.stamp_ns[number]
        rendered = front.step(number).frames.frames[0].image
        np.testing.assert_array_equal(image.data.reshape(64, 192, 3), rendered)
    infos = [m for topic, _, m in entries if topic == '/camera/front/camera_info']
    np.testing.assert_allclose(infos[0].k.reshape(3, 3), front.cameras[0].intrinsics)
    for topic, stamp_ns, message in entries:
        if hasattr(message, 'header'):
            assert stamp_ns_of(message) == stamp_ns, topic


def test_six_cameras_compressed(drives):
    folder, _, surround = drives
    entries = read(folder / 'surround')
    names = {topic.split('/')[2] for topic, _, _ in entries if topic.startswith('/camera/')}
    assert names == {'front', 'front_left', 'front_right', 'back', 'back_left', 'back_right'}
    topic = '/camera/back/image_raw/compressed'
    image = next(message for name, _, message in entries if name == topic)
    bgr = cv2.imdecode(image.data, cv2.IMREAD_COLOR)
    back = [camera.name for camera in surround.cameras].index('CAM_BACK')
    rendered = surround.step(0).frames.frames[back].image
    assert np.abs(bgr[..., ::-1].astype(int) - rendered).mean() < 6
    (static,) = (message for name, _, message in entries if name == '/tf_static')
    children = {transform.child_frame_id for transform in static.transforms}
    assert children == {f'{name}_optical' for name in names}
    assert {transform.header.frame_id for transform in static.transforms} == {'base_link'}


def test_truth_is_known_only_where_a_camera_looked(drives):
    folder, front, _ = drives
    entries = read(folder / 'front')
    grids = [grid_of(m) for topic, _, m in entries if topic == '/ground_truth/occupancy']
    for grid in grids:
        known = grid.labels != UNKNOWN
        assert 0.02 < known.mean() < 0.6
        assert np.count_nonzero(known & (grid.labels != FREE)) > 500
        assert known[120:].sum() > 20 * known[:80].sum()  # the camera looks ahead
    odometry = [m for topic, _, m in entries if topic == '/ground_truth/odom']
    np.testing.assert_allclose(pose_of(odometry[0].pose.pose), np.eye(4), atol=1e-9)
    moved = np.linalg.inv(front.world_from_base[0]) @ front.world_from_base[-1]
    np.testing.assert_allclose(pose_of(odometry[-1].pose.pose), moved, atol=1e-6)
