"""Every preset is taken by a node's parameter server, and says what its page says."""

from pathlib import Path
import re

from occany_ros.ros.launching import parameters_of
from occany_ros.ros.settings.declare import ParameterServer
from occany_ros.ros.settings.grids import grid_spec
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest
import rclpy
from rclpy.context import Context

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / 'config').glob('*.yaml'))
PAGE = (ROOT / 'docs' / 'presets.md').read_text(encoding='utf-8')
# What drivers and converters call their images, as their documentation says.
TOPICS = {
    'nuscenes': {
        '/cam_front/image_rect_compressed',
        '/CAM_FRONT/image_rect_compressed',
        '/nuscenes/cam_front/image_raw',
    },
    'kitti': {'/kitti/camera_color_left/image_raw', '/kitti/camera_gray_left/image_raw'},
    'mono': {'/camera/image_raw', '/image_raw'},
    'usb_cam': {'/image_raw', '/camera1/image_raw', '/camera/image_raw'},
    'realsense': {'/camera/camera/color/image_raw', '/camera/color/image_raw'},
    'zed': {'/zed/zed_node/rgb/color/rect/image', '/zed/zed_node/rgb/image_rect_color'},
}


@pytest.fixture(scope='module')
def context():
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


def read(name):
    return parameters_from(parameters_of(ROOT / 'config' / f'{name}.yaml', '/occany'))


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_the_parameter_server_takes_every_preset_as_ros_reads_it(context, file):
    node = rclpy.create_node(
        'occany',
        context=context,
        cli_args=['--ros-args', '--params-file', str(file)],
        automatically_declare_parameters_from_overrides=True,
        enable_rosout=False,
        start_parameter_services=False,
    )
    try:
        server = ParameterServer(node, lambda _: None, lambda *_: None)
        # What ROS reads out of the file is what the launch file reads out of it.
        assert server.current == read(file.stem)
        assert tuple(node.get_parameter('cameras').value) == server.current.cameras
    finally:
        node.destroy_node()


@pytest.mark.parametrize('preset', TOPICS)
def test_presets_know_the_topics_of_drivers_and_converters(preset):
    assert TOPICS[preset] <= set(read(preset).camera[0].image_topics)


def test_nuscenes_has_all_spellings_of_all_six_cameras():
    parameters = read('nuscenes')
    assert len(parameters.camera) == 6
    for camera in parameters.camera:
        assert camera.image_topics == (
            f'/cam_{camera.name}/image_rect_compressed',
            f'/CAM_{camera.name.upper()}/image_rect_compressed',
            f'/nuscenes/cam_{camera.name}/image_raw',
        )


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_every_preset_begins_with_what_it_is_for(file):
    assert file.read_text(encoding='utf-8').startswith('# ')


def test_the_page_has_every_preset_and_no_other():
    named = set(re.findall(r'^\| `(\w+)`', PAGE.partition('## The presets')[2], re.MULTILINE))
    assert named == {file.stem for file in FILES if not file.stem.startswith('paper_')}


def test_the_page_gives_the_grid_of_every_preset():
    rows = re.findall(r'^\| `(\w+)` \|.*\| ([\d.]+) m \|$', PAGE, re.MULTILINE)
    assert len(rows) > 5
    for name, edge in rows:
        assert grid_spec(read(name)).resolution == float(edge)


def test_the_page_has_every_argument_of_the_launch_file():
    source = (ROOT / 'launch' / 'occany.launch.py').read_text(encoding='utf-8')
    declared = set(re.findall(r"^    '(\w+)': \('", source, re.MULTILINE))
    table = PAGE.partition('## The presets')[0]
    assert set(re.findall(r'^\| `(\w+)`', table, re.MULTILINE)) == declared
