"""Skip what needs ROS 2 where there is none, saying so."""

from importlib.util import find_spec
from pathlib import Path

import pytest

NO_ROS_NEEDED = {
    'test_decode.py',
    'test_parameters.py',
    'test_transform_buffer.py',
    'test_watchdog.py',
    'test_worker.py',
}


class WithoutRos(pytest.Module):
    """A test file that imports ROS, on a machine without it."""

    def collect(self):
        pytest.skip('needs ROS 2: source install/setup.bash', allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    here = Path(__file__).parent
    if module_path.parent == here and module_path.name not in NO_ROS_NEEDED | {'conftest.py'}:
        ros = find_spec('rclpy') is not None
        return None if ros else WithoutRos.from_parent(parent, path=module_path)
    return None
