"""The launch file starts what it says, with what the presets and the arguments say."""

import os
from pathlib import Path
import signal
import time

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch_stand_in import commands, is_needed, launched, real_command
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from occany_ros.bags.street import write_drive
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.settings.parameter_checks import own_parameters, parameters_from
from occany_ros.synthetic.drive import make_drive
import pytest
from rcl_interfaces.srv import GetParameters
from rosgraph_msgs.msg import Clock
import yaml

FILE = Path(__file__).parents[2] / 'launch' / 'occany.launch.py'
PRESETS = sorted(path.stem for path in (FILE.parents[1] / 'config').glob('*.yaml'))
stand_in = pytest.mark.skipif(not is_needed(), reason='the real launch is installed: run below')


@pytest.fixture
def rviz(tmp_path, monkeypatch):
    """Stand for the package rviz2: on a robot it is there, where the tests run it may not be."""
    prefix = tmp_path / 'rviz2_prefix'
    (prefix / 'share/ament_index/resource_index/packages').mkdir(parents=True)
    (prefix / 'share/ament_index/resource_index/packages/rviz2').touch()
    program = prefix / 'lib/rviz2/rviz2'
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}:{os.environ["AMENT_PREFIX_PATH"]}')


@pytest.fixture
def bag(tmp_path):
    path = tmp_path / 'drive'
    write_drive(make_drive(1, rig='front', steps=12, size=(80, 160)), path, compressed=True)
    return path


def values_of(command):
    """Read the parameters a process would be given."""
    path = command.argv[command.argv.index('--params-file') + 1]
    return yaml.safe_load(Path(path).read_text())['/**']['ros__parameters']


def parameters(command):
    """Read the parameters a node would be given, checked as the node checks them."""
    values = values_of(command)
    simulated = values.pop('use_sim_time')
    return parameters_from(own_parameters(values)), simulated


@stand_in
@pytest.mark.parametrize('preset', PRESETS)
def test_every_preset_starts_a_node(preset):
    (node,) = commands(FILE, preset=preset)
    given, simulated = parameters(node)
    assert Path(node.argv[0]).is_file()
    assert '__node:=occany' in node.argv
    assert given.cameras
    assert not simulated


@stand_in
@pytest.mark.parametrize('words', ['[front, back]', 'front,back', 'front, back'])
def test_fewer_cameras_leave_the_others_parameters_out(words):
    (node,) = commands(FILE, preset='nuscenes', cameras=words)
    given, _ = parameters(node)
    assert given.cameras == ('front', 'back')
    assert '/CAM_BACK/image_rect_compressed' in given.camera[1].image_topics


@stand_in
def test_a_file_of_ones_own_wins_and_what_it_says_to_others_is_left(tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_text(
        '/**:\n  ros__parameters:\n    sync: {slop: 0.3, max_wait: 0.4}\n'
        'robot:\n  occany:\n    ros__parameters:\n      sync.slop: 0.2\n'
        '/controller_server:\n  ros__parameters:\n    nonsense: 1\n'
        '/*/*:\n  ros__parameters:\n    qos_overrides./tf.subscription.depth: 50\n'
    )
    arguments = {'preset': 'mono', 'params_file': str(own), 'namespace': 'robot'}
    (node,) = commands(FILE, **arguments, parameters='{sync.max_wait: 0.5}')
    assert values_of(node)['qos_overrides./tf.subscription.depth'] == 50
    given, _ = parameters(node)
    assert (given.sync.slop, given.sync.max_wait) == (0.2, 0.5)
    assert given.level.camera_height == 1.5
    assert '__ns:=/robot' in node.argv


@stand_in
def test_mode_weights_and_log_level_are_arguments():
    (node,) = commands(FILE, preset='paper_kitti')
    assert parameters(node)[0].mode == 'quality'
    (node,) = commands(FILE, preset='paper_kitti', mode='balanced', checkpoint='/w/occany.pth')
    given, _ = parameters(node)
    assert (given.mode, given.model.checkpoint) == ('balanced', '/w/occany.pth')
    weights = {'checkpoint': '/w/recon.pth', 'render_checkpoint': '/w/gen.pth'}
    (node,) = commands(FILE, preset='paper_plus_kitti', **weights)
    model = parameters(node)[0].model
    assert (model.checkpoint, model.render_checkpoint) == ('/w/recon.pth', '/w/gen.pth')
    (node,) = commands(FILE, preset='paper_kitti_pretrained', semantics_weights='/w/masks')
    semantics = parameters(node)[0].semantics
    assert (semantics.mode, semantics.weights) == ('pretrained', '/w/masks')
    (node,) = commands(FILE, mode='quality', log_level='debug')
    assert parameters(node)[0].mode == 'quality'
    assert node.argv[node.argv.index('--log-level') + 1] == 'debug'


@stand_in
@pytest.mark.parametrize(
    ('fault', 'arguments'),
    [
        ('preset: expected one of .* did you mean mono', {'preset': 'mon'}),
        ('cameras: expected names', {'cameras': '[1, 2]'}),
        ('mode: expected one of', {'mode': 'fats'}),
        ('use_sim_time: expected true', {'use_sim_time': 'maybe'}),
        ('bag: expected a recording', {'bag': '/nowhere'}),
        ('rate: expected a number', {'bag': '.', 'rate': 'fast'}),
        ('loop: expected true or false', {'bag': '.', 'loop': 'twice'}),
        ('rviz: expected true, light', {'rviz': 'tru'}),
        ('parameters: expected', {'parameters': '[1]'}),
        ('did you mean .sync.slop.', {'parameters': 'sync.slap: 1'}),
        ('namespace:=', {'namespace': ''}),
    ],
)
def test_mistakes_are_refused_before_anything_starts(fault, arguments):
    with pytest.raises(ValueError, match=fault):
        commands(FILE, **arguments)


@stand_in
def test_a_missing_rviz_is_named_with_the_remedy(monkeypatch):
    ours = get_package_prefix('occany_ros')
    monkeypatch.setenv('AMENT_PREFIX_PATH', ours)
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    with pytest.raises(ValueError, match=r'rviz2, .* sudo apt install ros-jazzy-rviz2'):
        commands(FILE, rviz='true')
    assert len(commands(FILE)) == 1


@stand_in
def test_a_misspelt_argument_is_mentioned():
    assert launched(FILE, presets='mono').words == [
        'the argument presets is unknown; did you mean preset?'
    ]
    assert launched(FILE, map='somebody else reads it').words == []


@stand_in
def test_the_recording_is_played_by_its_clock_once_the_node_is_active(bag):
    node, player = commands(
        FILE,
        bag=str(bag),
        preset='synthetic',
        rate='0.5',
        loop='true',
        namespace='robot',
        play_args='--topics "/a b"',
    )
    assert parameters(node)[1]
    assert player.argv[:3] == ['occany', 'play', str(bag)]
    assert {'--clock', '--loop', '--topics', '/a b'} < set(player.argv)
    assert player.argv[player.argv.index('--rate') + 1] == '0.5'
    assert player.argv[player.argv.index('--wait-active') + 1] == '/robot/occany'
    # Only what is in the recording has to have a subscriber.
    first = player.argv.index('--wait-for') + 1
    topics = player.argv[first:]
    assert topics == ['/camera/front/image_raw/compressed']
    assert node.on_exit is not None
    assert player.on_exit is None


@stand_in
@pytest.mark.usefixtures('rviz')
@pytest.mark.parametrize(
    ('given', 'simulated'), [({}, False), ({'use_sim_time': 'true'}, True),
                             ({'bag': '.'}, True), ({'bag': '.', 'use_sim_time': 'false'}, False)]
)  # fmt: skip
def test_simulated_time_follows_the_recording_on_node_and_rviz(given, simulated):
    node, *_, viewer = commands(FILE, rviz='true', **given)
    assert parameters(node)[1] == values_of(viewer)['use_sim_time'] == simulated


@stand_in
@pytest.mark.usefixtures('rviz')
def test_rviz_shows_this_node(tmp_path):
    arguments = {'preset': 'nuscenes', 'namespace': 'robot', 'cameras': 'front,back'}
    node, viewer = commands(FILE, rviz='true', **arguments)
    assert viewer.argv[0].endswith('rviz2/rviz2')
    view = yaml.safe_load(Path(viewer.argv[viewer.argv.index('-d') + 1]).read_text())
    shown = [
        d['Topic']['Value'] for d in view['Visualization Manager']['Displays'] if 'Topic' in d
    ]
    assert '/robot/occany/voxels_surface' in shown
    assert '/robot/occany/back/depth' in shown
    # The path needs a way from the robot to its frame, unless the user chose one.
    assert parameters(node)[0].publish_tf == 'base_to_occany_odom'
    chosen = commands(FILE, rviz='light', parameters='publish_tf: odom_to_base')[0]
    assert parameters(chosen)[0].publish_tf == 'odom_to_base'
    own = tmp_path / 'own.rviz'
    own.touch()
    *_, viewer = commands(FILE, rviz=str(own))
    assert viewer.argv[viewer.argv.index('-d') + 1] == str(own)


@stand_in
def test_the_transport_profile_is_set_where_the_user_set_none(monkeypatch):
    for name in ('FASTDDS', 'FASTRTPS'):
        monkeypatch.delenv(f'{name}_DEFAULT_PROFILES_FILE', raising=False)
    monkeypatch.setenv('ROS_DISTRO', 'kilted')
    (node,) = commands(FILE)
    profile = Path(node.environment['FASTDDS_DEFAULT_PROFILES_FILE'])
    assert profile == Path(get_package_share_directory('occany_ros')) / 'config/fastdds.xml'
    assert profile.is_file()
    monkeypatch.setenv('ROS_DISTRO', 'humble')
    assert list(commands(FILE)[0].environment) == ['FASTRTPS_DEFAULT_PROFILES_FILE']
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', '/own.xml')
    assert commands(FILE)[0].environment == {}


def test_a_recording_waits_for_the_node_and_ctrl_c_ends_all(graph, bag, tmp_path):
    own = tmp_path / 'own.yaml'
    settings = {
        'autostart': False,
        'model': {'checkpoint': str(graph.weights), 'image_size': 128, 'threads': 1},
    }
    own.write_text(yaml.safe_dump({'/**': {'ros__parameters': settings}}))
    arguments = {
        'preset': 'synthetic',
        'cameras': '[front]',
        'params_file': str(own),
        'bag': str(bag),
        'rate': '0.5',
    }
    clocks = graph.subscribe(Clock, '/clock')
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    if is_needed():
        for command in commands(FILE, **arguments):
            graph.environment |= command.environment
            graph.start(command.argv)
    else:
        graph.start(real_command(FILE, **arguments))
    asked = ['use_sim_time']
    answer = graph.call(GetParameters, '/occany/get_parameters', names=asked)
    assert answer.values[0].bool_value
    player = graph.node.get_publishers_info_by_topic
    graph.wait(lambda: player('/clock'), 'a player')
    change(graph, Transition.TRANSITION_CONFIGURE)
    assert graph.call(GetState, '/occany/get_state').current_state.label == 'inactive'
    assert not clocks, 'played to a node that is not active'
    change(graph, Transition.TRANSITION_ACTIVATE)
    graph.wait(lambda: len(grids) >= 2, 'grids of a played recording')
    assert clocks
    graph.wait(lambda: graph.figure('camera front', 'sets') >= 2, 'sets in the diagnostics')
    kind = {item.key: item.value for item in graph.status['camera front'].values}
    assert kind['topic'] == '/camera/front/image_raw/compressed'
    # Under launch, Ctrl-C comes to the node twice: from the terminal, and from launch.
    node = graph.processes[0]
    node.child.send_signal(signal.SIGINT)
    time.sleep(0.05)
    status, _ = node.stop(signal.SIGINT)
    assert status == 0, node.text[-2000:]


def change(graph, transition):
    request = Transition(id=transition)
    assert graph.call(ChangeState, '/occany/change_state', transition=request).success
