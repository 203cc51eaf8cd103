"""
Start the node, and if wanted a recording and RViz with it.

    ros2 launch occany_ros occany.launch.py preset:=nuscenes bag:=/path/to/bag rviz:=true
"""

from collections.abc import Mapping
import os
from pathlib import Path
import shlex
from tempfile import NamedTemporaryFile
from typing import Any

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    PackageNotFoundError,
)
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from occany_ros.ros import launching
from occany_ros.ros.health.graph_environment import profile_variable
from occany_ros.ros.rviz_view import fitted_view
from occany_ros.ros.settings.parameter_checks import own_parameters, parameters_from
from occany_ros.ros.settings.parameters import Parameters
import yaml

ARGUMENTS = {
    'preset': ('default', 'parameter file of this package: default, kitti, mono, nuscenes, ...'),
    'cameras': ('', 'names of the cameras, e.g. "[front, back]"; empty: those of the preset'),
    'mode': ('', 'how much is imagined: fast, balanced, quality; empty: as the preset says'),
    'checkpoint': ('', 'weights, e.g. /path/to/occany.pth; empty: as the preset says'),
    'render_checkpoint': ('', 'second file of occany_plus, e.g. /path/to/occany_plus_gen.pth'),
    'semantics_weights': ('', 'folder with the networks that read labels, e.g. SAM 2 or SAM 3'),
    'params_file': ('', 'parameter file of your own, read after the preset'),
    'parameters': ('', 'parameters by name, read last, e.g. "{sync.slop: 0.1}"'),
    'namespace': ('', 'namespace of the node'),
    'use_sim_time': ('auto', 'true, false, or auto: true with a bag'),
    'bag': ('', 'recording, or folder of images, to play once the node is active'),
    'rate': ('1.0', 'speed of playing'),
    'loop': ('false', 'play again and again: true or false'),
    'play_args': ('', 'more words for `occany play`, e.g. "--scene 08"'),
    'wait': ('600', 'longest wait of the player for the node to be active, seconds'),
    'rviz': ('false', 'start RViz: true, light (voxels and costmap only), false, or a file'),
    'log_level': ('info', 'debug, info, warn, error: of the node'),
}
OVERRIDES = {
    'mode': 'mode',
    'checkpoint': 'model.checkpoint',
    'render_checkpoint': 'model.render_checkpoint',
    'semantics_weights': 'semantics.weights',
}
VIEWS = {'true': 'occany.rviz', 'light': 'occany_light.rviz'}


def transport(share: Path) -> dict[str, str]:
    """Point Fast DDS at settings that carry whole images."""
    name = profile_variable(os.environ.get('ROS_DISTRO', ''))
    return {} if os.environ.get(name) else {name: str(share / 'config' / 'fastdds.xml')}


def values_for(given: Mapping[str, str], share: Path, node: str) -> dict[str, Any]:
    """Read the preset, and what the arguments say on top of it."""
    values = launching.parameters_of(launching.preset_file(share, given['preset']), node)
    if given['params_file']:
        values |= launching.parameters_of(given['params_file'], node)
    if given['cameras']:
        values = launching.only_cameras(values, launching.camera_names(given['cameras']))
    for argument, name in OVERRIDES.items():
        if given[argument]:
            values[name] = given[argument]
    if given['parameters']:
        values |= launching.named_values(given['parameters'])
    if given['rviz'].lower() not in launching.FALSE:
        # RViz needs a way from the robot to the frame of our path.
        values.setdefault('publish_tf', 'base_to_occany_odom')
    return values


def view_file(choice: str, share: Path, parameters: Parameters, node: str) -> str:
    """Write one of our RViz files, fitted to the node; one of yours is taken as it is."""
    if choice.lower() not in VIEWS:
        if not Path(choice).expanduser().is_file():
            raise ValueError(f'rviz: expected true, light, false or a file, got {choice!r}')
        return str(Path(choice).expanduser())
    text = (share / 'config' / VIEWS[choice.lower()]).read_text(encoding='utf-8')
    fitted = fitted_view(yaml.safe_load(text), parameters, node)
    with NamedTemporaryFile('w', prefix='occany_', suffix='.rviz', delete=False) as file:
        yaml.safe_dump(fitted, file, sort_keys=False)
    return file.name


def require_rviz() -> None:
    """Say how to get RViz where it is not; robots without a screen do without."""
    try:
        get_package_prefix('rviz2')
    except PackageNotFoundError:
        remedy = f'sudo apt install ros-{os.environ.get("ROS_DISTRO", "<distro>")}-rviz2'
        raise ValueError(
            f'rviz: expected the package rviz2, which is not here; {remedy}'
        ) from None


def player(given: Mapping[str, str], parameters: Parameters, node: str) -> list[str]:
    """Write the command that plays the recording, and its clock, once the node is active."""
    bag = launching.recording(given['bag'])
    command = ['occany', 'play', str(bag), '--clock', '--rate', launching.speed(given['rate'])]
    command += ['--loop'] if launching.switch('loop', given['loop']) else []
    command += shlex.split(given['play_args'])
    command += ['--wait-active', node, '--wait', given['wait']]
    topics = launching.image_topics(parameters, bag, node)
    return command + (['--wait-for', *topics] if topics else [])


def processes(context: LaunchContext) -> list[Action]:
    """Make the processes that the arguments ask for."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    pushed = context.launch_configurations.get('ros_namespace') or ''
    name = launching.full_name(pushed, given['namespace'], 'occany')
    share = Path(get_package_share_directory('occany_ros'))
    values = values_for(given, share, name)
    parameters = parameters_from(own_parameters(values))
    automatic = given['use_sim_time'].lower() == 'auto'
    simulated = (
        bool(given['bag']) or values.get('use_sim_time') is True
        if automatic
        else launching.switch('use_sim_time', given['use_sim_time'])
    )
    clock = {'use_sim_time': simulated}
    environment = transport(share)
    actions: list[Action] = [
        LogInfo(msg=word) for word in launching.misspelt(context.launch_configurations, ARGUMENTS)
    ]
    actions.append(
        Node(
            package='occany_ros',
            executable='node',
            name='occany',
            namespace=given['namespace'],
            parameters=[{**values, **clock}],
            arguments=['--ros-args', '--log-level', given['log_level']],
            additional_env=environment,
            output='screen',
            on_exit=Shutdown(reason='the node has ended'),
        )
    )
    if given['bag']:
        command = player(given, parameters, name)
        actions.append(ExecuteProcess(cmd=command, additional_env=environment, output='screen'))
    if given['rviz'].lower() not in launching.FALSE:
        view = view_file(given['rviz'], share, parameters, name)
        require_rviz()
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
