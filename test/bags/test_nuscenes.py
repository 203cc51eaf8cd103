"""A nuScenes data root is a recording of six cameras, with the frames of REP-105."""

import json
from pathlib import Path
import shutil

from data_set_folders import (
    CAMERA_FROM_BODY,
    FIRST_US,
    matrix_from_transform,
    NUSCENES_SIZE,
    write_nuscenes,
)
import numpy as np
from occany_ros.bags.messages import stamp_ns_of
from occany_ros.bags.nuscenes import CHANNELS
from occany_ros.bags.opening import Choice, open_recording
from occany_ros.bags.reader import decoded
import pytest

FRONT = '/cam_front/image_rect_compressed'
SHARED = Path(__file__).parents[3] / 'shared' / 'data'


@pytest.fixture
def nuscenes(tmp_path):
    return write_nuscenes(tmp_path / 'nuscenes')


def messages(path, topic):
    with open_recording(path) as recording:
        return [decoded(raw) for raw in recording.messages({topic})]


def test_six_cameras_under_the_topics_of_the_preset(nuscenes):
    preset = (Path(__file__).parents[2] / 'config' / 'nuscenes.yaml').read_text()
    with open_recording(nuscenes) as recording:
        names = [channel.lower() for channel in CHANNELS]
        counts = {name: topic.count for name, topic in recording.topics.items()}
        assert counts.pop('/tf') == 4 * 6
        assert counts.pop('/tf_static') == 1
        assert counts == {
            f'/{name}/{what}': 4
            for name in names
            for what in ('image_rect_compressed', 'camera_info')
        }
        assert all(f'/{name}/image_rect_compressed' in preset for name in names)
        stamps = [raw.stamp_ns for raw in recording.messages()]
        assert stamps == sorted(stamps)
        assert (recording.start_ns, recording.end_ns) == (min(stamps), max(stamps))
        assert 'scene-0061: 24 images of 6 cameras' in recording.statement
        assert recording.damage == ''


def test_files_and_stamps_stay_as_they_are(nuscenes):
    images = messages(nuscenes, FRONT)
    files = sorted((nuscenes / 'samples' / 'CAM_FRONT').iterdir())
    assert bytes(images[0].data) == files[0].read_bytes()
    assert bytes(images[2].data) == files[1].read_bytes()
    assert stamp_ns_of(images[0]) == (FIRST_US + 4_000) * 1000
    assert (images[0].format, images[0].header.frame_id) == ('jpeg', 'cam_front_optical')
    info = messages(nuscenes, '/cam_front/camera_info')[0]
    assert (info.height, info.width) == NUSCENES_SIZE
    assert info.k[0] == NUSCENES_SIZE[1]


def test_the_tree_leads_from_the_map_to_every_camera(nuscenes):
    (latched,) = messages(nuscenes, '/tf_static')
    tree = {
        (one.header.frame_id, one.child_frame_id): matrix_from_transform(one.transform)
        for one in latched.transforms
    }
    front = tree['base_link', 'cam_front_optical']
    np.testing.assert_allclose(front[:3, :3], CAMERA_FROM_BODY.T, atol=1e-9)
    np.testing.assert_allclose(front[:3, 3], (1.7, 0, 1.5), atol=1e-9)
    assert len(tree) == 7
    moved = []
    for message in messages(nuscenes, '/tf'):
        (one,) = message.transforms
        assert (one.header.frame_id, one.child_frame_id) == ('odom', 'base_link')
        moved.append((stamp_ns_of(one), matrix_from_transform(one.transform)))
    np.testing.assert_allclose(moved[0][1], np.eye(4), atol=1e-9)
    seconds = [(stamp_ns - moved[0][0]) / 1e9 for stamp_ns, _ in moved]
    np.testing.assert_allclose(
        [pose[:3, 3] for _, pose in moved], [(5 * s, 0, 0) for s in seconds], atol=1e-6
    )
    in_map = tree['map', 'odom'] @ moved[-1][1]
    np.testing.assert_allclose(in_map[:3, 3], (400, 600 + 5 * (seconds[-1] + 0.004), 0), atol=1e-6)


def test_one_scene_of_several_and_files_that_are_not_there(tmp_path):
    root = write_nuscenes(tmp_path, scenes=('scene-0061', 'scene-0103'))
    shutil.rmtree(root / 'sweeps')
    with open_recording(root / 'v1.0-mini', Choice(scene='scene-0103')) as recording:
        assert recording.topics[FRONT].count == 2
        assert '12 images of scene-0103 are in the tables, but not on the disk' in recording.damage
    with pytest.raises(LookupError, match='a scene out of scene-0061, scene-0103'):
        open_recording(root, Choice(scene='scene-9'))
    shutil.rmtree(root / 'samples')
    with pytest.raises(FileNotFoundError, match='unpack the blobs'):
        open_recording(root)


def change(path, table, edit):
    file = path / 'v1.0-mini' / f'{table}.json'
    rows = json.loads(file.read_text())
    file.write_text(json.dumps(edit(rows)))


@pytest.mark.parametrize(
    ('table', 'edit', 'remark'),
    [
        ('sensor', lambda rows: rows[:1], 'sensor.json: expected a row sensor_CAM_FRONT'),
        ('scene', lambda _: [], 'expected scenes'),
        ('sample', lambda _: [{'token': 'x'}], "a row has no 'scene_token'"),
    ],
)
def test_broken_references_are_named(nuscenes, table, edit, remark):
    change(nuscenes, table, edit)
    with pytest.raises(LookupError, match=remark):
        open_recording(nuscenes)


def test_broken_tables_are_named(nuscenes):
    (nuscenes / 'v1.0-mini' / 'ego_pose.json').write_text('[1, 2]')
    with pytest.raises(ValueError, match=r'ego_pose\.json: expected a list of rows'):
        open_recording(nuscenes)
    (nuscenes / 'v1.0-mini' / 'ego_pose.json').unlink()
    with pytest.raises(FileNotFoundError, match=r'ego_pose\.json: expected this table'):
        open_recording(nuscenes)


def test_real_frames_in_the_real_layout(nuscenes):
    frames = SHARED / 'nuscenes_scene-0039'
    if not frames.is_dir():
        pytest.skip(f'no real frames in {frames}')
    for channel, file in zip(CHANNELS, sorted(frames.iterdir()), strict=True):
        place = min((nuscenes / 'samples' / channel).iterdir())
        shutil.copy(file, place)
    image = messages(nuscenes, FRONT)[0]
    assert bytes(image.data) == (frames / '000000.png').read_bytes()
