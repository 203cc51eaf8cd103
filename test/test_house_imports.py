"""What an import drags in: the method loads without ROS, the message code without torch."""

from importlib.util import find_spec
import json
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_ROS = ('bags', 'evaluation', 'geometry', 'layers', 'models', 'occupancy', 'pipeline')
WITHOUT_ROS += ('semantics', 'synthetic', 'training')
WITHOUT_TORCH = ('bags.messages', 'bags.reader', 'bags.writer', 'geometry.frame', 'occupancy')
WITHOUT_TORCH += ('semantics.classes',)
ROS = ('rclpy', 'rcl_interfaces', 'sensor_msgs', 'std_msgs', 'geometry_msgs', 'tf2_ros')

PROBE = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))
"""


def modules_below(package: str) -> list[str]:
    """Return the full names of every module in a subpackage, or of the one module it is."""
    folder = ROOT / 'occany_ros' / package.replace('.', '/')
    if not folder.is_dir():
        return [f'occany_ros.{package}']
    paths = sorted(folder.rglob('*.py'))
    names = ['.'.join(path.relative_to(ROOT).with_suffix('').parts) for path in paths]
    return [name.removesuffix('.__init__') for name in names]


def loaded_by(*names: str) -> set[str]:
    """Import modules in a fresh Python and return the top-level modules that are loaded then."""
    answer = subprocess.run(
        [sys.executable, '-c', PROBE, *names], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(json.loads(answer.stdout))


def test_the_method_loads_without_ros():
    names = [name for package in WITHOUT_ROS for name in modules_below(package)]
    assert len(names) > len(WITHOUT_ROS)
    assert loaded_by(*names).isdisjoint(ROS)


def test_voxels_and_bags_load_without_torch():
    names = [name for package in WITHOUT_TORCH for name in modules_below(package)]
    assert 'torch' not in loaded_by(*names)


def test_the_command_line_loads_nothing_heavy():
    assert loaded_by('occany_ros.cli.main').isdisjoint({'torch', 'cv2', 'numpy', *ROS})


def test_message_conversion_loads_neither_rclpy_nor_torch():
    if find_spec('rclpy') is None:  # tools make message classes of their own without it
        pytest.skip('needs the ROS message packages')
    loaded = loaded_by('occany_ros.ros.messages.convert')
    assert 'std_msgs' in loaded
    assert loaded.isdisjoint({'rclpy', 'torch', 'tf2_ros'})
