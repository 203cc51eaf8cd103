"""Subcommands that need ROS say so where there is none."""

from importlib.util import find_spec
import subprocess
import sys

import pytest

CODE = 'import sys; from occany_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'


@pytest.mark.skipif(find_spec('rclpy') is not None, reason='ROS 2 is installed here')
@pytest.mark.parametrize('command', [['demo'], ['play', '/some/bag']])
def test_without_ros(command, tmp_path):
    if command == ['demo']:
        command = [*command, '--out', str(tmp_path / 'out')]
    done = subprocess.run(
        [sys.executable, '-c', CODE, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert 'source install/setup.bash' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'out').exists()
