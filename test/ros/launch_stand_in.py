"""
Evaluates our launch file where the packages `launch` and `launch_ros` are not installed.

They are on no package index, so the file is run against stand-ins of exactly the classes it uses,
and the processes it would start are returned as command lines, which the tests run.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
import sys
import tempfile
from types import ModuleType

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
import yaml


@dataclass
class LaunchDescription:
    """Holds what a file declares."""

    entities: list


@dataclass
class DeclareLaunchArgument:
    """An argument of the file."""

    name: str
    default_value: str
    description: str


@dataclass
class LaunchConfiguration:
    """The value of an argument."""

    name: str

    def perform(self, context):
        return context[self.name]


@dataclass
class OpaqueFunction:
    """Makes actions once the arguments are known."""

    function: object


@dataclass
class ExecuteProcess:
    """Any program."""

    cmd: list
    additional_env: dict = field(default_factory=dict)
    output: str = 'log'

    def command(self):
        return self.cmd


@dataclass
class Node:
    """A program of a ROS package."""

    package: str
    executable: str
    name: str = ''
    namespace: str = ''
    parameters: list = field(default_factory=list)
    arguments: list = field(default_factory=list)
    additional_env: dict = field(default_factory=dict)
    output: str = 'log'

    def command(self):
        try:
            prefix = Path(get_package_prefix(self.package))
            executable = prefix / 'lib' / self.package / self.executable
            assert executable.is_file(), f'{executable}: no such executable'
        except PackageNotFoundError:
            executable = Path(f'/not/installed/{self.package}/{self.executable}')
        words = [str(executable), *self.arguments, '--ros-args']
        if self.name:
            words += ['-r', f'__node:={self.name}']
        if self.namespace:
            words += ['-r', f'__ns:=/{self.namespace.strip("/")}']
        for entry in self.parameters:
            words += ['--params-file', _parameter_file(entry)]
        return words


@dataclass
class Command:
    """A process the file would start."""

    argv: list
    environment: dict


def _parameter_file(values):
    """Write parameters as launch_ros does: flat, for every node."""
    with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as file:
        yaml.safe_dump({'/**': {'ros__parameters': values}}, file)
    return file.name


def is_needed():
    """Tell whether the real thing is missing."""
    return find_spec('launch_ros') is None


def _module(name, **members):
    made = ModuleType(name)
    vars(made).update(members)
    return made


def commands(path, **arguments):
    """
    Evaluate a launch file.

    :param path: of the file.
    :param arguments: its arguments, as on the command line.
    :returns: the processes it would start.
    :raises ValueError: an argument it does not declare, or what the file itself refuses.
    """
    actions = {
        'DeclareLaunchArgument': DeclareLaunchArgument,
        'ExecuteProcess': ExecuteProcess,
        'OpaqueFunction': OpaqueFunction,
    }
    stand_ins = {
        'launch': _module(
            'launch', Action=object, LaunchContext=dict, LaunchDescription=LaunchDescription
        ),
        'launch.actions': _module('launch.actions', **actions),
        'launch.substitutions': _module(
            'launch.substitutions', LaunchConfiguration=LaunchConfiguration
        ),
        'launch_ros': _module('launch_ros'),
        'launch_ros.actions': _module('launch_ros.actions', Node=Node),
    }
    sys.modules.update(stand_ins)
    try:
        spec = spec_from_file_location('launch_file_under_test', path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name in stand_ins:
            del sys.modules[name]
    entities = module.generate_launch_description().entities
    declared = {e.name: e for e in entities if isinstance(e, DeclareLaunchArgument)}
    unknown = set(arguments) - set(declared)
    if unknown:
        raise ValueError(f'arguments: expected some of {sorted(declared)}, got {sorted(unknown)}')
    context = {name: entry.default_value for name, entry in declared.items()} | arguments
    found = []
    for entity in entities:
        if isinstance(entity, OpaqueFunction):
            found += entity.function(context)
    return [Command(action.command(), action.additional_env) for action in found]
