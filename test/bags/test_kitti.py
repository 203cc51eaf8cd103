"""A KITTI odometry folder is a recording of the files in it, with the frames of REP-105."""

from pathlib import Path
import shutil

from data_set_folders import (
    BASELINE_M,
    KITTI_K,
    KITTI_SIZE,
    LIDAR_FROM_CAMERA0,
    matrix_from_transform,
    write_kitti,
)
import numpy as np
from occany_ros.bags.kitti import BASE_FROM_LIDAR_M
from occany_ros.bags.messages import stamp_ns_of
from occany_ros.bags.opening import Choice, open_recording
from occany_ros.bags.reader import decoded
import pytest
import yaml

LEFT = '/kitti/camera_color_left'
SHARED = Path(__file__).parents[3] / 'shared' / 'data'


@pytest.fixture
def kitti(tmp_path):
    return write_kitti(tmp_path / 'dataset')


def messages(path, topic, choice=None):
    with open_recording(path, choice) as recording:
        found = [decoded(raw) for raw in recording.messages({topic})]
        assert recording.damage == ''
        return found


def transforms(path, topic):
    return {
        (one.header.frame_id, one.child_frame_id): matrix_from_transform(one.transform)
        for tree in messages(path, topic)
        for one in tree.transforms
    }


def test_topics_fit_the_preset_and_files_stay_as_they_are(kitti):
    with open_recording(kitti) as recording:
        counts = {name: topic.count for name, topic in recording.topics.items()}
        assert counts == {
            '/tf_static': 1,
            '/tf': 4,
            f'{LEFT}/image_raw/compressed': 4,
            f'{LEFT}/camera_info': 4,
            '/kitti/camera_color_right/image_raw/compressed': 4,
            '/kitti/camera_color_right/camera_info': 4,
        }
        assert recording.message_count == sum(counts.values())
        assert recording.topics['/tf_static'].latched
        assert 'sequence 08: 4 images' in recording.statement
    preset = (Path(__file__).parents[2] / 'config' / 'kitti.yaml').read_text()
    assert f'{LEFT}/image_raw' in preset
    images = messages(kitti, f'{LEFT}/image_raw/compressed')
    assert [stamp_ns_of(image) for image in images] == [
        1_000_000_000 + 100_000_000 * n for n in range(4)
    ]
    folder = kitti / 'sequences' / '08' / 'image_2'
    assert bytes(images[3].data) == (folder / '000003.png').read_bytes()
    assert {(image.format, image.header.frame_id) for image in images} == {
        ('png', 'camera_color_left_optical')
    }
    info = messages(kitti, f'{LEFT}/camera_info')[0]
    assert (info.height, info.width) == KITTI_SIZE
    np.testing.assert_allclose(info.k.reshape(3, 3), KITTI_K)


def test_cameras_hang_on_the_base_where_they_are_mounted(kitti):
    tree = transforms(kitti, '/tf_static')
    left = tree['base_link', 'camera_color_left_optical']
    right = tree['base_link', 'camera_color_right_optical']
    expected = LIDAR_FROM_CAMERA0.copy()
    expected[:3, 3] += BASE_FROM_LIDAR_M
    np.testing.assert_allclose(left, expected, atol=1e-9)
    np.testing.assert_allclose(right[:3, 3] - left[:3, 3], (0, -BASELINE_M, 0), atol=1e-9)


def test_the_grid_of_the_preset_is_the_benchmarks():
    file = Path(__file__).parents[2] / 'config' / 'kitti.yaml'
    grid = yaml.safe_load(file.read_text())['/**']['ros__parameters']['grid']
    in_lidar = np.array(grid['origin']) - BASE_FROM_LIDAR_M
    np.testing.assert_allclose(in_lidar, (0.0, -25.6, -2.0), atol=0.03)


def test_poses_are_those_of_the_base_and_it_drives_ahead(kitti):
    trees = messages(kitti, '/tf')
    places = []
    for tree in trees:
        (one,) = tree.transforms
        assert (one.header.frame_id, one.child_frame_id) == ('odom', 'base_link')
        places.append(matrix_from_transform(one.transform))
    np.testing.assert_allclose(places[0], np.eye(4), atol=1e-9)
    np.testing.assert_allclose([p[:3, 3] for p in places], [(0.8 * n, 0, 0) for n in range(4)])


def test_one_sequence_of_several_is_chosen(kitti):
    write_kitti(kitti, 2, name='03', poses=False)
    with open_recording(kitti) as recording:
        assert '--scene chooses among 03, 08' in recording.statement
        assert '/tf' not in recording.topics
    assert len(messages(kitti, f'{LEFT}/camera_info', Choice(scene='08'))) == 4
    assert len(messages(kitti / 'sequences' / '08', f'{LEFT}/camera_info')) == 4
    with pytest.raises(LookupError, match='--scene with a sequence out of 03, 08'):
        open_recording(kitti, Choice(scene='99'))


def test_what_is_missing_is_said_and_the_rest_is_there(kitti):
    folder = kitti / 'sequences' / '08'
    (folder / 'times.txt').write_text('0.0\n0.1\n0.2\n')
    (folder / 'calib.txt').unlink()
    (folder / 'image_2' / '000001.png').unlink()
    with open_recording(kitti) as recording:
        assert recording.topics[f'{LEFT}/image_raw/compressed'].count == 2
        assert f'{LEFT}/camera_info' not in recording.topics
        assert '3 times for 4 images of image_3; the 1 without' in recording.damage
    with open_recording(kitti) as recording:
        shutil.rmtree(folder / 'image_3')
        assert len(list(recording.messages())) == 2 + 3
        assert 'left out, it cannot be read' in recording.damage


@pytest.mark.parametrize(
    ('name', 'text', 'remark'),
    [
        ('sequences/08/times.txt', '0.0\nlater\n', 'times.txt, line 2: expected 1 numbers'),
        ('sequences/08/calib.txt', 'P2: 1 2 3\n', 'calib.txt, P2: expected 12 numbers, got 3'),
        ('poses/08.txt', '1 0 0\n', '08.txt, line 1: expected 12 numbers'),
        ('sequences/08/image_2/000000.png', 'no image', '000000.png: expected a readable'),
    ],
)
def test_malformed_files_are_named(kitti, name, text, remark):
    (kitti / name).write_text(text)
    with pytest.raises(ValueError, match=remark):
        open_recording(kitti)


def test_real_frames_in_the_real_layout(tmp_path):
    frames = SHARED / 'kitti_08_1390'
    if not frames.is_dir():
        pytest.skip(f'no real frames in {frames}')
    files = sorted(frames.iterdir())
    kitti = write_kitti(tmp_path, len(files))
    for number, file in enumerate(files):
        shutil.copy(file, kitti / 'sequences' / '08' / 'image_2' / f'{number:06d}.png')
    images = messages(kitti, f'{LEFT}/image_raw/compressed')
    assert bytes(images[4].data) == files[4].read_bytes()
    info = messages(kitti, f'{LEFT}/camera_info')[0]
    assert info.width / info.height > 3
