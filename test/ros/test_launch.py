"""The launch file starts what it says, with what the presets and the arguments say."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch_stand_in import commands, is_needed
from occany_ros.bags.street import write_drive
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.parameter_checks import parameters_from
from occany_ros.synthetic.drive import make_drive
import pytest
import yaml

FILE = Path(__file__).parents[2] / 'launch' / 'occany.launch.py'
PRESETS = sorted(path.stem for path in (FILE.parents[1] / 'config').glob('*.yaml'))
stand_in = pytest.mark.skipif(not is_needed(), reason='the real launch is installed: run below')


def parameters(command):
    """Read the parameters a node would be given, checked as the node checks them."""
    path = command.argv[command.argv.index('--params-file') + 1]
    values = yaml.safe_load(Path(path).read_text())['/**']['ros__parameters']
    simulated = values.pop('use_sim_time')
    return parameters_from(values), simulated


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
def test_fewer_cameras_leave_the_others_parameters_out():
    (node,) = commands(FILE, preset='nuscenes', cameras='[front, back]')
    given, _ = parameters(node)
    assert given.cameras == ('front', 'back')
    assert '/CAM_BACK/image_rect_compressed' in given.camera[1].image_topics


@stand_in
def test_a_file_of_ones_own_wins(tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_text('/**:\n  ros__parameters:\n    sync: {slop: 0.3}\n')
    (node,) = commands(FILE, preset='mono', params_file=str(own), namespace='robot')
    given, _ = parameters(node)
    assert (given.sync.slop, given.level.camera_height) == (0.3, 1.5)
    assert '__ns:=/robot' in node.argv


@stand_in
def test_mode_and_weights_are_arguments():
    (node,) = commands(FILE, preset='paper_kitti')
    assert parameters(node)[0].mode == 'quality'
    (node,) = commands(FILE, preset='paper_kitti', mode='balanced', checkpoint='/w/occany.pth')
    given, _ = parameters(node)
    assert (given.mode, given.model.checkpoint) == ('balanced', '/w/occany.pth')
    assert parameters(commands(FILE, mode='quality')[0])[0].mode == 'quality'


@stand_in
def test_mistakes_are_refused():
    with pytest.raises(ValueError, match='preset: expected one of'):
        commands(FILE, preset='mars')
    with pytest.raises(ValueError, match='arguments: expected some of'):
        commands(FILE, presets='mono')


@stand_in
def test_rviz_gets_the_clock_and_our_view():
    *_, rviz = commands(FILE, rviz='true', bag='/somewhere')
    assert rviz.argv[0].endswith('rviz2/rviz2')
    view = Path(rviz.argv[rviz.argv.index('-d') + 1])
    assert view == Path(get_package_share_directory('occany_ros')) / 'config' / 'occany.rviz'
    assert view.is_file()


@stand_in
def test_the_transport_profile_is_set(monkeypatch):
    for name in ('FASTDDS', 'FASTRTPS'):
        monkeypatch.delenv(f'{name}_DEFAULT_PROFILES_FILE', raising=False)
    monkeypatch.setenv('ROS_DISTRO', 'kilted')
    (node,) = commands(FILE)
    assert Path(node.environment['FASTDDS_DEFAULT_PROFILES_FILE']).is_file()
    monkeypatch.setenv('ROS_DISTRO', 'humble')
    assert 'FASTRTPS_DEFAULT_PROFILES_FILE' in commands(FILE)[0].environment


def test_a_recording_is_played_to_the_node(graph, tmp_path):
    bag = tmp_path / 'drive'
    write_drive(make_drive(1, rig='front', steps=4, size=(80, 160)), bag, compressed=True)
    own = tmp_path / 'own.yaml'
    settings = {'model': {'checkpoint': str(graph.weights), 'image_size': 128, 'threads': 1}}
    own.write_text(yaml.safe_dump({'/**': {'ros__parameters': settings}}))
    arguments = {
        'preset': 'synthetic',
        'cameras': '[front]',
        'params_file': str(own),
        'bag': str(bag),
        'rate': '2.0',
    }
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    if is_needed():
        for command in commands(FILE, **arguments):
            graph.environment |= command.environment
            graph.start(command.argv)
    else:
        words = [f'{name}:={value}' for name, value in arguments.items()]
        graph.start(['ros2', 'launch', 'occany_ros', 'occany.launch.py', *words])
    graph.wait(lambda: len(grids) >= 2, 'grids of a played recording')
    graph.wait(lambda: graph.figure('camera front', 'sets') >= 2, 'sets in the diagnostics')
    kind = {item.key: item.value for item in graph.status['camera front'].values}
    assert kind['topic'] == '/camera/front/image_raw/compressed'
