"""What the real launch refuses our stand-in refuses too: whichever is installed is tried."""

import subprocess

from launch_stand_in import commands, is_needed, real_command
import pytest
from rclpy.exceptions import NameValidationException

HEAD = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription([
        {}
    ])
"""
REFUSALS = (ValueError, TypeError, LookupError, FileNotFoundError, NameValidationException)
# What launch refuses, with the arguments it is given; tried against whichever is installed.
FAULTS = {
    'an unknown package': "Node(package='nowhere', executable='node')",
    'an unknown executable': "Node(package='occany_ros', executable='nothing')",
    'a bad node name': "Node(package='occany_ros', executable='node', name='a b')",
    'an empty node name': "Node(package='occany_ros', executable='node', name='')",
    'a bad namespace': "Node(package='occany_ros', executable='node', namespace='1st')",
    'no list of parameters': "Node(package='occany_ros', executable='node', parameters={'a': 1})",
    'no value': "Node(package='occany_ros', executable='node', parameters=[{'a': None}])",
    'an empty list': "Node(package='occany_ros', executable='node', parameters=[{'a': []}])",
    'a mixed list': "Node(package='occany_ros', executable='node', parameters=[{'a': [1, 'b']}])",
    'no text': "Node(package='occany_ros', executable='node', arguments=['-d', 1])",
    'no text in env': "ExecuteProcess(cmd=['true'], additional_env={'A': 1})",
    'an unknown option': "Node(package='occany_ros', executable='node', colour='red')",
    'no default': "DeclareLaunchArgument('a', default_value=1)",
    'nothing to call': "OpaqueFunction(function='f')",
    'an undeclared argument': (
        "OpaqueFunction(function=lambda context: LaunchConfiguration('b').perform(context))"
    ),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_what_launch_refuses_is_refused(tmp_path, fault):
    file = tmp_path / 'faulty.launch.py'
    file.write_text(HEAD.format(FAULTS[fault]))
    if is_needed():
        with pytest.raises(REFUSALS):
            commands(file)
    else:
        answer = subprocess.run(real_command(file), check=False, timeout=60)
        assert answer.returncode != 0
