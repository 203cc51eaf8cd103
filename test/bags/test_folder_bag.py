"""A folder of images becomes a bag that holds the very same files."""

import json

import cv2
import numpy as np
from occany_ros.bags.opening import bag_of, Choice
from occany_ros.bags.reader import BagReader, decoded
import pytest


def save(folder, count, suffix):
    folder.mkdir(parents=True)
    for index in range(count):
        image = np.full((20, 30, 3), 10 * index, np.uint8)
        cv2.imwrite(str(folder / f'{index:03}{suffix}'), image)


def test_images_go_in_as_they_are(tmp_path):
    save(tmp_path / 'in' / 'left', 3, '.png')
    save(tmp_path / 'in' / 'right', 2, '.jpg')
    pose = np.eye(4)
    pose[0, 3] = 1.5
    calibration = {
        'left': {
            'intrinsics': [[20, 0, 15], [0, 20, 10], [0, 0, 1]],
            'base_from_camera': pose.tolist(),
        }
    }
    (tmp_path / 'in' / 'cameras.json').write_text(json.dumps(calibration))
    path, statement = bag_of(tmp_path / 'in', tmp_path, Choice(period_s=0.1))
    assert '2 cameras' in statement
    with BagReader(path) as bag:
        counts = {name: topic.count for name, topic in bag.topics.items()}
        assert counts == {
            '/tf_static': 1,
            '/camera/left/camera_info': 3,
            '/camera/left/image_raw/compressed': 3,
            '/camera/right/image_raw/compressed': 2,
        }
        raws = list(bag.messages({'/camera/left/image_raw/compressed'}))
        assert [raw.stamp_ns for raw in raws] == [1_000_000_000, 1_100_000_000, 1_200_000_000]
        image = decoded(raws[2])
        assert bytes(image.data) == (tmp_path / 'in' / 'left' / '002.png').read_bytes()
        assert (image.format, image.header.frame_id) == ('png', 'left_optical')
        (tree,) = bag.messages({'/tf_static'})
        assert decoded(tree).transforms[0].transform.translation.x == 1.5
        info = decoded(next(bag.messages({'/camera/left/camera_info'})))
        assert (info.height, info.width, info.k[2]) == (20, 30, 15)


def test_a_bag_stays_where_it_is(tmp_path):
    save(tmp_path / 'in', 2, '.png')
    made, _ = bag_of(tmp_path / 'in', tmp_path)
    assert bag_of(made, tmp_path) == (made, '')
    with pytest.raises(FileNotFoundError, match='there is nothing'):
        bag_of(tmp_path / 'missing', tmp_path)
