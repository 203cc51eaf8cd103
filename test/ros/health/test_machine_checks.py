"""What the doctor says about machines."""

from occany_ros.ros.health import machine_checks
from occany_ros.ros.health.machine_checks import middleware, packages, shared_memory, socket_buffer
import pytest


def test_shared_memory_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_checks, 'LEAST_SHARED_MEMORY', 1)
    assert shared_memory(tmp_path).level == 'ok'
    monkeypatch.setattr(machine_checks, 'LEAST_SHARED_MEMORY', 1 << 60)
    small = shared_memory(tmp_path)
    assert small.level == 'warn'
    assert '--shm-size' in small.text
    assert 'Files of Fast DDS take 0 MB' in small.text
    (tmp_path / 'fastdds_port7412').write_bytes(bytes(3 << 20))
    assert f'take 3 MB; those of killed processes stay: remove {tmp_path}/fastdds_*' in (
        shared_memory(tmp_path).text
    )
    assert shared_memory(tmp_path / 'absent').level == 'warn'


@pytest.mark.parametrize(
    ('text', 'level'), [('212992\n', 'warn'), ('8388608\n', 'ok'), ('none', 'warn')]
)
def test_socket_buffers_are_read(tmp_path, text, level):
    path = tmp_path / 'rmem_max'
    path.write_text(text)
    assert socket_buffer(path).level == level


def test_an_unreadable_buffer_is_said(tmp_path):
    assert 'cannot be read' in socket_buffer(tmp_path / 'absent').text


@pytest.mark.parametrize(
    ('environment', 'level'),
    [
        ({}, 'warn'),
        ({'FASTDDS_DEFAULT_PROFILES_FILE': __file__}, 'ok'),
        ({'FASTDDS_DEFAULT_PROFILES_FILE': '/no/such/file.xml'}, 'fault'),
        ({'ROS_DISTRO': 'jazzy', 'FASTDDS_DEFAULT_PROFILES_FILE': __file__}, 'warn'),
        ({'ROS_DISTRO': 'jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE': __file__}, 'ok'),
        ({'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}, 'ok'),
    ],
)
def test_the_profile_of_the_middleware_is_checked(environment, level):
    assert middleware(environment).level == level


def test_optional_packages_are_told_apart():
    text = packages(lambda name: name == 'cv_bridge').text
    assert text.startswith('found cv_bridge')
    assert 'tf2_ros (our own transform buffer stands in)' in text
