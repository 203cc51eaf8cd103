"""`occany bag` gives what the mapper gives on the same frames, in the node's messages."""

import cv2
import numpy as np
from occany_ros.bags.messages import grid_of, image_message, pose_of, stamp_ns_of
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.street import write_drive
from occany_ros.bags.writer import BagWriter
from occany_ros.cli.main import main
from occany_ros.models.factory import load_model
from occany_ros.models.tiny import load_tiny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import mapper_of
from occany_ros.pipeline.replay import map_recording
from occany_ros.ros.messages.outputs import CAMERA_OUTPUTS, SCENE_OUTPUTS
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import make_drive
import pytest
from released_plus_files import drawn_state, plain_shapes, save_plain
from safetensors.torch import save_file
import torch

STEPS = 3


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


@pytest.fixture(scope='module')
def drive():
    return make_drive(3, steps=STEPS, size=(80, 256))


@pytest.fixture(scope='module')
def mapped(drive, weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp('bags')
    write_drive(drive, folder / 'in')
    code = main(['bag', str(folder / 'in'), '-o', str(folder / 'out'), *network(weights)])
    assert code == 0
    return folder


def network(weights):
    return ['-p', f'model.checkpoint:={weights}', '-p', 'confidence.recon:=1.0']


def messages(path, topic):
    with BagReader(path) as bag:
        assert bag.damage == ''
        return [decoded(raw) for raw in bag.messages({topic})]


def test_grids_and_poses_are_those_of_the_mapper(drive, mapped, weights):
    model = load_model('tiny', checkpoint=weights, device='auto', precision='auto')
    mapper = mapper_of(model, OCC3D, MapperConfig(fusion='carve', confidence=1.0, max_age_s=10.0))
    expected = [entry.occupancy for entry in map_recording(mapper, (s.frames for s in drive))]
    grids = messages(mapped / 'out', '/occany/occupancy')
    poses = messages(mapped / 'out', '/occany/odom')
    assert len(grids) == len(poses) == STEPS
    for want, grid, odometry in zip(expected, grids, poses, strict=True):
        assert stamp_ns_of(grid) == want.stamp_ns
        assert grid.header.frame_id == 'base_link'
        np.testing.assert_array_equal(grid_of(grid).labels, want.grid.labels)
        np.testing.assert_allclose(pose_of(odometry.pose.pose), want.odom_from_base, atol=1e-6)
    assert any(grid_of(grid).labels.any() for grid in grids)


def test_every_output_of_the_node_is_there_and_so_is_the_input(mapped):
    with BagReader(mapped / 'out') as bag:
        counts = {topic.name: topic.count for topic in bag.topics.values()}
        assert bag.topics['/occany/costmap'].latched
        assert bag.topics['/occany/grid_info'].latched
        assert bag.topics['/tf_static'].latched
    names = ('occupancy', 'voxels', 'voxels_surface', 'points', 'obstacles', 'ground', 'costmap')
    for name in (*names, 'odom', 'pose', 'path', 'markers'):
        assert counts.pop(f'/occany/{name}') == STEPS, name
    assert counts.pop('/occany/grid_info') == 1
    with BagReader(mapped / 'in') as bag:
        assert counts == {topic.name: topic.count for topic in bag.topics.values()}
    paths = messages(mapped / 'out', '/occany/path')
    assert [len(path.poses) for path in paths] == [1, 2, 3]
    assert messages(mapped / 'out', '/occany/costmap')[0].header.frame_id == 'odom'


def test_folder_of_images_and_sqlite3(tmp_path, weights, drive, capsys):
    (tmp_path / 'in').mkdir()
    for number in range(2):
        image = drive.step(number).frames.frames[0].image
        cv2.imwrite(str(tmp_path / 'in' / f'{number}.png'), image[..., ::-1])
    options = ['--storage', 'sqlite3', '--no-input', '--mode', 'balanced', *network(weights)]
    assert main(['bag', str(tmp_path / 'in'), '-o', str(tmp_path / 'out'), *options]) == 0
    errors = capsys.readouterr().err
    assert 'one camera' in errors
    assert 'never seen a real image' in errors
    assert 'mode: the network has no rendering stage' in errors
    assert len(messages(tmp_path / 'out', '/occany/occupancy')) == 2
    with BagReader(tmp_path / 'out') as bag:
        assert all(topic.startswith('/occany/') for topic in bag.topics)


def test_what_answers_lack_is_said(tmp_path, drive, capsys):
    (tmp_path / 'in').mkdir()
    cv2.imwrite(str(tmp_path / 'in' / '0.png'), drive.step(0).frames.frames[0].image[..., ::-1])
    path = save_plain(tmp_path / 'model.safetensors', drawn_state(plain_shapes()))
    options = [f'model.checkpoint:={path}', 'model.variant:=da3', 'model.image_size:=112']
    words = [word for option in options for word in ('-p', option)]
    assert main(['bag', str(tmp_path / 'in'), '-o', str(tmp_path / 'out'), *words]) == 0
    errors = capsys.readouterr().err
    assert 'lengths: unknown unit' in errors
    assert 'labels: none: model.variant da3' in errors


def test_bad_images_are_counted_and_left_out(tmp_path, weights, drive, capsys):
    with BagWriter(tmp_path / 'in') as bag:
        for number in range(STEPS):
            step = drive.step(number)
            message = image_message(step.frames.frames[0].image, step.stamp_ns, 'eye')
            message.encoding = 'banana' if number == 1 else 'rgb8'
            bag.write('/camera/front/image_raw', message, step.stamp_ns)
    assert main(['bag', str(tmp_path / 'in'), '-o', str(tmp_path / 'out'), *network(weights)]) == 0
    errors = capsys.readouterr().err
    assert 'undecodable image: 1 left out' in errors
    assert 'banana' in errors
    assert len(messages(tmp_path / 'out', '/occany/occupancy')) == 2


@pytest.mark.parametrize(
    ('options', 'remark'),
    [
        (['-p', 'grid.presett:=kitti'], 'grid.preset'),
        (['-p', 'grid.preset'], 'NAME:=VALUE'),
        (['-p', 'cameras:=[left]'], 'camera left: expected one of'),
        (['-p', 'model.checkpoint:=/nowhere'], '/nowhere'),
    ],
)
def test_what_is_wrong_is_said(mapped, tmp_path, options, remark, capsys):
    assert main(['bag', str(mapped / 'in'), '-o', str(tmp_path / 'out'), *options]) == 1
    assert remark in capsys.readouterr().err


def test_all_outputs_are_there_and_those_of_a_camera_where_asked_for(mapped, weights, tmp_path):
    words = ['bag', str(mapped / 'in'), '--no-input', *network(weights)]
    assert main([*words, '-o', str(tmp_path / 'plain')]) == 0
    assert main([*words, '-o', str(tmp_path / 'more'), '--images']) == 0
    with BagReader(tmp_path / 'plain') as plain, BagReader(tmp_path / 'more') as more:
        outputs = {f'/occany/{name}' for name in (*SCENE_OUTPUTS, 'grid_info')}
        pictures = {f'/occany/front/{name}' for name in CAMERA_OUTPUTS}
        assert set(plain.topics) == outputs
        assert set(more.topics) - outputs <= pictures
        assert {'/occany/front/depth', '/occany/front/semantic'} <= set(more.topics)
        for name in outputs:
            ours, theirs = (list(bag.messages({name})) for bag in (plain, more))
            assert [raw.data for raw in ours] == [raw.data for raw in theirs]


def test_the_file_of_a_node_in_a_namespace_is_taken_as_it_is(mapped, weights, tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_text(
        '/camera/front:\n  occany:\n    ros__parameters:\n      cameras: [eye]\n'
        '      eye.image_topic: image_raw\n      use_sim_time: true\n'
        '/other:\n  ros__parameters: {nonsense: 1}\n'
    )
    words = ['bag', str(mapped / 'in'), '-o', str(tmp_path / 'out'), *network(weights)]
    words += [
        '--params-file',
        str(own),
        '--node',
        '/camera/front/occany',
        '--images',
        '--no-input',
    ]
    assert main(words) == 0
    assert len(messages(tmp_path / 'out', '/occany/eye/depth')) == STEPS


def test_an_existing_bag_is_not_overwritten(mapped, capsys):
    assert main(['bag', str(mapped / 'in'), '-o', str(mapped / 'out')]) == 1
    assert 'exists already' in capsys.readouterr().err
