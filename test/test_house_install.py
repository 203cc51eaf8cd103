"""The installed package: what a workspace finds after `source install/setup.bash`."""

import os
from pathlib import Path
import shutil
import subprocess

from occany_ros import __version__
import pytest

ROOT = Path(__file__).resolve().parent.parent
PREFIXES = [Path(name) for name in os.environ.get('AMENT_PREFIX_PATH', '').split(':') if name]
INSTALLED = [prefix for prefix in PREFIXES if (prefix / 'share' / 'occany_ros').is_dir()]

pytestmark = pytest.mark.skipif(
    not INSTALLED, reason='needs a built workspace: make setup, then source install/setup.bash'
)


def test_the_node_is_where_ros2_run_looks_for_it():
    node = INSTALLED[0] / 'lib' / 'occany_ros' / 'node'
    assert os.access(node, os.X_OK)


def test_the_executable_is_on_the_path_and_answers_its_version():
    executable = shutil.which('occany')
    assert executable is not None
    assert Path(executable).parent == INSTALLED[0] / 'bin'
    answer = subprocess.run([executable, '--version'], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ['occany_ros', __version__]


def test_every_shared_file_is_installed():
    share = INSTALLED[0] / 'share' / 'occany_ros'
    for folder in ('config', 'launch', 'msg'):
        for path in (ROOT / folder).iterdir():
            if path.is_file():
                installed = share / folder / path.name
                assert installed.read_bytes() == path.read_bytes()
    assert (share / 'package.xml').is_file()


def test_the_package_is_registered_under_its_name():
    index = INSTALLED[0] / 'share' / 'ament_index' / 'resource_index'
    assert (index / 'packages' / 'occany_ros').is_file()
    assert (index / 'rosidl_interfaces' / 'occany_ros').is_file()


def test_the_message_keeps_its_meaning_over_the_wire():
    from array import array

    from occany_ros.msg import SemanticOccupancyGrid
    from rclpy.serialization import deserialize_message, serialize_message

    grid = SemanticOccupancyGrid(
        resolution=0.5,
        size_x=3,
        size_y=2,
        size_z=1,
        labels=array('B', [SemanticOccupancyGrid.FREE, 1, 2, 3, 4, SemanticOccupancyGrid.UNKNOWN]),
        class_names=['free', 'other'],
    )
    assert (SemanticOccupancyGrid.FREE, SemanticOccupancyGrid.UNKNOWN) == (0, 255)
    assert deserialize_message(serialize_message(grid), SemanticOccupancyGrid) == grid
