"""The scripts behind the Makefile that can be tried without building anything."""

import os
from pathlib import Path
import subprocess
import sys
from xml.etree.ElementTree import parse

import pytest
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

ROOT = Path(__file__).resolve().parent.parent
WRITE_INTERFACES = ROOT / 'scripts' / 'write_interfaces.py'
IN_ROS = ROOT / 'scripts' / 'in_ros.sh'


def run(*command, **environment):
    """Run a command and return what it did; `environment` is added to this process's own."""
    return subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def test_written_definitions_have_the_official_hash(tmp_path):
    assert run(sys.executable, WRITE_INTERFACES, 'tf2_msgs', tmp_path).returncode == 0
    official = get_typestore(Stores.ROS2_KILTED)
    written = get_typestore(Stores.EMPTY)
    for full_name in official.fielddefs:
        if full_name.split('/')[0] in {'builtin_interfaces', 'geometry_msgs', 'std_msgs'}:
            written.register({full_name: official.fielddefs[full_name]})
    text = (tmp_path / 'msg' / 'TFMessage.msg').read_text(encoding='utf-8')
    written.register(get_types_from_msg(text, 'tf2_msgs/msg/TFMessage'))
    name = 'tf2_msgs/msg/TFMessage'
    assert written.hash_rihs01(name) == official.hash_rihs01(name)


def test_written_package_declares_what_its_messages_name(tmp_path):
    assert run(sys.executable, WRITE_INTERFACES, 'tf2_msgs', tmp_path).returncode == 0
    manifest = parse(tmp_path / 'package.xml').getroot()
    assert [node.text for node in manifest.iter('depend')] == ['geometry_msgs']
    cmake = (tmp_path / 'CMakeLists.txt').read_text(encoding='utf-8')
    for path in (tmp_path / 'msg').iterdir():
        assert f'"msg/{path.name}"' in cmake
    assert {path.stem for path in (tmp_path / 'msg').iterdir()} == {'TFMessage', 'TF2Error'}


def test_an_unknown_interface_package_is_refused(tmp_path):
    answer = run(sys.executable, WRITE_INTERFACES, 'no_such_msgs', tmp_path / 'package')
    assert answer.returncode == 2
    assert 'no_such_msgs' in answer.stderr
    assert not (tmp_path / 'package').exists()


@pytest.mark.skipif(not (ROOT / 'install').is_dir(), reason='needs a built workspace: make setup')
def test_commands_run_on_a_dds_domain_of_this_machine_alone():
    answer = run(IN_ROS, 'env', ROS_DOMAIN_ID='', PATH='/usr/bin:/bin')
    values = dict(line.split('=', 1) for line in answer.stdout.splitlines() if '=' in line)
    assert values['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert values['ROS_PYTHON_CHECK_FIELDS'] == '1'
    assert 1 <= int(values['ROS_DOMAIN_ID']) <= 100
    profiles = [values.get(f'FAST{name}_DEFAULT_PROFILES_FILE') for name in ('DDS', 'RTPS')]
    assert str(ROOT / 'config' / 'fastdds.xml') in profiles


@pytest.mark.skipif(not (ROOT / 'install').is_dir(), reason='needs a built workspace: make setup')
@pytest.mark.parametrize('code', [0, 7])
def test_the_exit_code_of_a_command_comes_through(code):
    assert run(IN_ROS, 'bash', '-c', f'exit {code}').returncode == code
