"""
Start the node, and if wanted a recording and RViz with it.

    ros2 launch occany_ros occany.launch.py preset:=nuscenes bag:=/path/to/bag rviz:=true
"""

import os
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
import yaml

ARGUMENTS = {
    'preset': ('default', 'parameter file of this package: default, kitti, mono, nuscenes, ...'),
    'cameras': ('', 'names of the cameras, e.g. "[front, back]"; empty: those of the preset'),
    'mode': ('', 'how much is imagined: fast, balanced, quality; empty: as the preset says'),
    'checkpoint': ('', 'weights, e.g. /path/to/occany.pth; empty: as the preset says'),
    'params_file': ('', 'parameter file of your own, read after the preset'),
    'namespace': ('', 'namespace of the node'),
    'use_sim_time': ('auto', 'true, false, or auto: true with a bag'),
    'bag': ('', 'recording, or folder of images, to play once the node listens'),
    'rate': ('1.0', 'speed of playing'),
    'loop': ('false', 'play again and again'),
    'rviz': ('false', 'start RViz'),
}


def parameters_of(path: str | Path) -> dict[str, Any]:
    """Read the parameters of one file, flat: dotted name -> value."""
    tree = yaml.safe_load(Path(path).read_text(encoding='utf-8')) or {}
    nodes = [node['ros__parameters'] for node in tree.values() if 'ros__parameters' in node]
    return {name: value for node in nodes for name, value in flat(node).items()}


def flat(tree: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn the tree of a parameter file into dotted names."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        deeper = isinstance(value, dict)
        result.update(flat(value, f'{prefix}{name}.') if deeper else {prefix + name: value})
    return result


def only_cameras(parameters: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Take these cameras, and leave out what the preset says about its others."""
    dropped = set(parameters.get('cameras', ())) - set(wanted)
    kept = {k: v for k, v in parameters.items() if k.split('.')[0] not in dropped}
    return {**kept, 'cameras': wanted}


def image_topics(parameters: dict[str, Any], bag: str) -> list[str]:
    """Name the topics of a recording that the node will listen to."""
    about = Path(bag) / 'metadata.yaml'
    if not about.is_file():
        return []
    entries = yaml.safe_load(about.read_text(encoding='utf-8'))['rosbag2_bagfile_information']
    recorded = {entry['topic_metadata']['name'] for entry in entries['topics_with_message_count']}
    found: list[str] = []
    for camera in parameters.get('cameras', ['front']):
        names = parameters.get(f'{camera}.image_topic') or f'/camera/{camera}/image_raw'
        topics = [name.strip() for name in names.split('|')]
        topics += [f'{name}/compressed' for name in topics]
        found += [topic for topic in topics if topic in recorded][:1]
    return found


def transport(share: Path) -> dict[str, str]:
    """Point Fast DDS at settings that carry whole images."""
    old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    name = 'FASTRTPS_DEFAULT_PROFILES_FILE' if old else 'FASTDDS_DEFAULT_PROFILES_FILE'
    return {} if name in os.environ else {name: str(share / 'config' / 'fastdds.xml')}


def parameters_for(given: dict[str, str], share: Path) -> dict[str, Any]:
    """Read the preset, and what the arguments say on top of it."""
    preset = share / 'config' / f'{given["preset"]}.yaml'
    if not preset.is_file():
        known = sorted(path.stem for path in preset.parent.glob('*.yaml'))
        raise ValueError(f'preset: expected one of {known}, got {given["preset"]!r}')
    parameters = parameters_of(preset)
    if given['params_file']:
        parameters.update(parameters_of(given['params_file']))
    if given['cameras']:
        parameters = only_cameras(parameters, yaml.safe_load(given['cameras']))
    for argument, name in (('mode', 'mode'), ('checkpoint', 'model.checkpoint')):
        if given[argument]:
            parameters[name] = given[argument]
    if given['rviz'] == 'true':
        # RViz needs a way from the robot to the frame of our path.
        parameters.setdefault('publish_tf', 'base_to_occany_odom')
    return parameters


def processes(context: LaunchContext) -> list[Action]:
    """Make the processes that the arguments ask for."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    share = Path(get_package_share_directory('occany_ros'))
    parameters = parameters_for(given, share)
    simulated = (
        bool(given['bag'])
        if given['use_sim_time'] == 'auto'
        else (given['use_sim_time'] == 'true')
    )
    clock = {'use_sim_time': simulated}
    environment = transport(share)
    actions: list[Action] = [
        Node(
            package='occany_ros',
            executable='node',
            name='occany',
            namespace=given['namespace'],
            parameters=[{**parameters, **clock}],
            additional_env=environment,
            output='screen',
        )
    ]
    if given['bag']:
        command = ['occany', 'play', given['bag'], '--clock', '--rate', given['rate']]
        command += ['--loop'] if given['loop'] == 'true' else []
        topics = image_topics(parameters, given['bag'])
        command += ['--wait-for', *topics] if topics else []
        actions.append(ExecuteProcess(cmd=command, additional_env=environment, output='screen'))
    if given['rviz'] == 'true':
        view = str(share / 'config' / 'occany.rviz')
        actions.append(
            Node(
                package='rviz2',
                executable='rviz2',
                arguments=['-d', view],
                parameters=[clock],
                additional_env=environment,
            )
        )
    return actions


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; what they mean is decided when they are known."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=processes)])
