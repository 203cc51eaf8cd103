"""Files with Foxglove's messages are recordings of ROS messages, by the schemas in the file."""

from data_set_folders import matrix_from_transform, NUSCENES_SIZE, picture
from foxglove_file import FoxgloveFile, quaternion, vector
import numpy as np
from occany_ros.bags.messages import pose_of, stamp_ns_of
from occany_ros.bags.opening import open_recording
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.cli.main import main
import pytest

START_NS = 1_532_402_927_647_951_000
STEP_NS = 500_000_000
IMAGE, INFO = '/cam_front/image_rect_compressed', '/cam_front/camera_info'
OPTICAL = quaternion(-0.5, 0.5, -0.5, 0.5)


def write_step(file, number):
    """Write what nuscenes2mcap writes of one key frame, and an image filed out of order."""
    at_ns = START_NS + number * STEP_NS
    height, width = NUSCENES_SIZE
    file.write(
        '/tf', 'FrameTransform', at_ns, parent_frame_id='map', child_frame_id='base_link',
        translation=vector(400.0, 600.0 + 2.0 * number, 0.0),
        rotation=quaternion(0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)),
    )  # fmt: skip
    file.write(
        '/tf', 'FrameTransform', at_ns, parent_frame_id='base_link', child_frame_id='cam_front',
        translation=vector(1.7, 0.0, 1.5), rotation=OPTICAL,
    )  # fmt: skip
    for late_ns in (STEP_NS // 2, 0):
        data = picture(NUSCENES_SIZE, number + late_ns, '.jpg')
        file.write(
            IMAGE, 'CompressedImage', at_ns + late_ns, frame_id='cam_front', data=data,
            format='jpeg',
        )  # fmt: skip
    k = [150.0, 0, width / 2, 0, 150.0, height / 2, 0, 0, 1]
    file.write(
        INFO, 'CameraCalibration', at_ns, frame_id='cam_front', width=width, height=height,
        K=k, R=[1, 0, 0, 0, 1, 0, 0, 0, 1], P=[*k[:3], 0, *k[3:6], 0, *k[6:], 0],
    )  # fmt: skip
    pose = {'position': vector(0.0, 0.0, 0.0), 'orientation': quaternion(0, 0, 0, 1)}
    file.write('/pose', 'PoseInFrame', at_ns, frame_id='base_link', pose=pose)
    file.write('/gps', 'LocationFix', at_ns, latitude=1.0, longitude=2.0)


@pytest.fixture(params=['protobuf', 'json'])
def path(request, tmp_path):
    path = tmp_path / 'NuScenes-v1.0-mini-scene-0061.mcap'
    with FoxgloveFile(path, request.param) as file:
        for number in range(3):
            write_step(file, number)
    return path


def test_topics_stay_and_types_become_those_of_ros(path):
    with open_recording(path) as recording:
        assert {t.name: (t.type_name, t.count) for t in recording.topics.values()} == {
            '/tf_static': ('tf2_msgs/msg/TFMessage', 1),
            '/tf': ('tf2_msgs/msg/TFMessage', 3),
            IMAGE: ('sensor_msgs/msg/CompressedImage', 6),
            INFO: ('sensor_msgs/msg/CameraInfo', 3),
            '/pose': ('geometry_msgs/msg/PoseStamped', 3),
        }
        assert '6 images of 1 cameras; left out /gps' in recording.statement
        raws = list(recording.messages())
        assert [raw.stamp_ns for raw in raws] == sorted(raw.stamp_ns for raw in raws)
        assert recording.damage == ''
        images = [decoded(raw) for raw in raws if raw.topic == IMAGE]
        assert bytes(images[0].data) == picture(NUSCENES_SIZE, 0, '.jpg')
        assert stamp_ns_of(images[1]) == START_NS + STEP_NS // 2
        assert (images[0].format, images[0].header.frame_id) == ('jpeg', 'cam_front')
        (info, *_) = (decoded(raw) for raw in raws if raw.topic == INFO)
        assert (info.height, info.width) == NUSCENES_SIZE
        assert (info.k[2], info.p[2], info.p[5], info.d.size) == (80.0, 80.0, 150.0, 0)
        (pose, *_) = (decoded(raw) for raw in raws if raw.topic == '/pose')
        np.testing.assert_allclose(pose_of(pose.pose), np.eye(4), atol=1e-12)


def test_what_never_moves_is_latched_and_odom_comes_between(path):
    with open_recording(path) as recording:
        trees = [decoded(raw) for raw in recording.messages({'/tf_static', '/tf'})]
    static = {
        (one.header.frame_id, one.child_frame_id): matrix_from_transform(one.transform)
        for one in trees[0].transforms
    }
    assert set(static) == {('map', 'odom'), ('base_link', 'cam_front')}
    np.testing.assert_allclose(static['base_link', 'cam_front'][:3, 2], (1, 0, 0), atol=1e-9)
    moved = [one for tree in trees[1:] for one in tree.transforms]
    assert {(one.header.frame_id, one.child_frame_id) for one in moved} == {('odom', 'base_link')}
    places = [matrix_from_transform(one.transform)[:3, 3] for one in moved]
    np.testing.assert_allclose(places, [(2.0 * n, 0, 0) for n in range(3)], atol=1e-9)


def test_a_cut_off_file_is_read_up_to_the_cut(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_recording(path) as recording:
        kept = len(list(recording.messages()))
        assert 1 < kept < 19
        assert 'what came before was kept' in recording.damage


def test_occany_play_makes_a_rosbag2_of_it(path, tmp_path, capsys):
    assert main(['play', str(path), '-o', str(tmp_path / 'bag'), '--storage', 'sqlite3']) == 0
    assert str(tmp_path / 'bag') in capsys.readouterr().out
    with BagReader(tmp_path / 'bag') as bag:
        assert bag.topics['/tf_static'].latched
        assert bag.topics[IMAGE].count == 6
        assert '/gps' not in bag.topics
        # transforms that are latched are not repeated
        assert bag.topics['/tf'].count == 3


def test_messages_that_do_not_fit_their_schema_are_left_out_and_said(tmp_path):
    path = tmp_path / 'bad.mcap'
    with FoxgloveFile(path, 'json') as file:
        write_step(file, 0)
        file.write(INFO, 'CameraCalibration', START_NS, frame_id='x', K=[1.0, 2.0])
        file.write('/tf', 'FrameTransform', START_NS, translation=vector('far', 0, 0))
    with open_recording(path) as recording:
        topics = [raw.topic for raw in recording.messages()]
        assert topics.count(INFO) == 1
        assert 'expected 9 numbers, got 2' in recording.damage
        assert 'such messages are left out' in recording.damage


@pytest.mark.parametrize(
    'fields',
    [
        {'timestamp': 'noon'},
        {'timestamp': {'sec': -1, 'nsec': 1 << 40}},
        {'height': 1 << 40},
        {'width': 'wide'},
        {'K': 'nine'},
        {'K': {'a': 1}},
        {'P': [None] * 12},
        {'D': [[1.0], [2.0, 3.0]]},
        {'frame_id': None, 'height': None},
    ],
)
def test_odd_values_do_no_harm(tmp_path, fields):
    path = tmp_path / 'odd.mcap'
    with FoxgloveFile(path, 'json') as file:
        write_step(file, 0)
        file.write('/odd', 'CameraCalibration', START_NS, **fields)
        file.write('/odd_image', 'CompressedImage', START_NS, **{**fields, 'data': 'no base64'})
        file.write('/tf', 'FrameTransform', START_NS, **{**fields, 'translation': [1, 2]})
    with open_recording(path) as recording:
        topics = [raw.topic for raw in recording.messages()]
        assert topics.count(IMAGE) == 2
        assert 'such messages are left out' in recording.damage


def test_a_file_without_images_is_refused(tmp_path):
    path = tmp_path / 'gps.mcap'
    with FoxgloveFile(path) as file:
        file.write('/gps', 'LocationFix', START_NS, latitude=1.0)
    with pytest.raises(ValueError, match='got /gps; it cannot be played'):
        open_recording(path).__enter__()
