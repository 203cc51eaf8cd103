"""
Evaluates our launch file where the packages `launch` and `launch_ros` are not installed.

They are on no package index, so the file is run against stand-ins of exactly the classes it uses,
and the processes it would start are returned as command lines, which the tests run. What the real
ones refuse is refused here too, with errors of the same kinds.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
import shutil
import sys
import tempfile
from types import ModuleType

from ament_index_python.packages import get_package_prefix
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
import yaml

SIMPLE = (bool, int, float, str)
REAL = """
import sys
import launch
from launch.launch_description_sources import AnyLaunchDescriptionSource
path, *words = sys.argv[1:]
source = AnyLaunchDescriptionSource(path)
pairs = [word.split(':=', 1) for word in words]
file = launch.actions.IncludeLaunchDescription(source, launch_arguments=pairs)
service = launch.LaunchService(argv=words, noninteractive=True)
service.include_launch_description(launch.LaunchDescription([file]))
sys.exit(service.run())
"""


def _text(value, what):
    """Refuse what is no text; substitutions are none of ours."""
    if not isinstance(value, str):
        raise TypeError(f'{what}: expected a text, got {value!r}')
    return value


def _uniform(name, values):
    """Make the items of a list one type, as launch_ros does."""
    kinds = {type(item) for item in values}
    if kinds == {int, float}:
        return [float(item) for item in values]
    if len(kinds) != 1 or not kinds <= set(SIMPLE):
        raise TypeError(f'{name}: expected a non-empty list of one simple type, got {values!r}')
    return list(values)


def _checked(values, prefix=''):
    """Refuse parameters that launch_ros cannot write down; gives them flat."""
    result = {}
    for key, value in values.items():
        name = prefix + _text(key, 'parameter')
        if isinstance(value, dict):
            result |= _checked(value, f'{name}.')
        elif isinstance(value, (list, tuple)):
            result[name] = _uniform(name, value)
        elif isinstance(value, SIMPLE):
            result[name] = value
        else:
            raise TypeError(f'{name}: expected a simple value, got {value!r}')
    return result


def _parameter_file(values):
    """Write parameters as launch_ros does: flat, for every node."""
    with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as file:
        yaml.safe_dump({'/**': {'ros__parameters': _checked(values)}}, file)
    return file.name


@dataclass
class LaunchContext:
    """What is known while launching."""

    launch_configurations: dict


@dataclass
class LaunchDescription:
    """Holds what a file declares."""

    entities: list


@dataclass
class DeclareLaunchArgument:
    """An argument of the file."""

    name: str
    default_value: str
    description: str = ''

    def __post_init__(self):
        _text(self.default_value, self.name)


@dataclass
class LaunchConfiguration:
    """The value of an argument."""

    name: str

    def perform(self, context):
        if self.name not in context.launch_configurations:
            raise LookupError(f'launch configuration {self.name!r} does not exist')
        return context.launch_configurations[self.name]


@dataclass
class OpaqueFunction:
    """Makes actions once the arguments are known."""

    function: object

    def __post_init__(self):
        if not callable(self.function):
            raise TypeError(f'function: expected something to call, got {self.function!r}')


@dataclass
class LogInfo:
    """Says something."""

    msg: str

    def __post_init__(self):
        _text(self.msg, 'msg')


@dataclass
class Shutdown:
    """Ends everything."""

    reason: str = ''


@dataclass
class ExecuteProcess:
    """Any program."""

    cmd: list
    additional_env: dict = field(default_factory=dict)
    output: str = 'log'
    on_exit: Shutdown | None = None

    def command(self):
        words = [_text(word, 'cmd') for word in self.cmd]
        if shutil.which(words[0]) is None:
            raise FileNotFoundError(f'{words[0]}: no such program')
        return words


@dataclass
class Node:
    """A program of a ROS package."""

    package: str
    executable: str
    name: str | None = None
    namespace: str = ''
    parameters: list = field(default_factory=list)
    arguments: list = field(default_factory=list)
    additional_env: dict = field(default_factory=dict)
    output: str = 'log'
    on_exit: Shutdown | None = None

    def __post_init__(self):
        if not isinstance(self.parameters, list):
            raise TypeError(f'parameters: expected a list, got {self.parameters!r}')

    def command(self):
        prefix = Path(get_package_prefix(self.package))
        executable = prefix / 'lib' / self.package / self.executable
        if not executable.is_file():
            raise LookupError(f'{executable}: no such executable')
        words = [str(executable), *(_text(word, 'arguments') for word in self.arguments)]
        words.append('--ros-args')
        if self.name is not None:
            validate_node_name(self.name)
            words += ['-r', f'__node:={self.name}']
        namespace = '/' + self.namespace.removeprefix('/')
        namespace = namespace if namespace == '/' else namespace.rstrip('/')
        validate_namespace(namespace)
        words += ['-r', f'__ns:={namespace}']
        for entry in self.parameters:
            words += ['--params-file', _parameter_file(entry)]
        return words


@dataclass
class Command:
    """A process the file would start; what is started when it ends."""

    argv: list
    environment: dict
    on_exit: Shutdown | None


@dataclass
class Launched:
    """What comes of a launch file."""

    commands: list
    words: list


def is_needed():
    """Tell whether the real thing is missing."""
    return find_spec('launch_ros') is None


def real_command(path, **arguments):
    """Write the command that runs a launch file with the real thing."""
    words = [f'{name}:={value}' for name, value in arguments.items()]
    if shutil.which('ros2'):
        return ['ros2', 'launch', str(path), *words]
    return [sys.executable, '-c', REAL, str(path), *words]


def _module(name, **members):
    made = ModuleType(name)
    vars(made).update(members)
    return made


def _stand_ins():
    """Make the modules that launch files import."""
    actions = (DeclareLaunchArgument, ExecuteProcess, LogInfo, OpaqueFunction, Shutdown)
    top = {'Action': object, 'LaunchContext': LaunchContext}
    return {
        'launch': _module('launch', LaunchDescription=LaunchDescription, **top),
        'launch.actions': _module('launch.actions', **{kind.__name__: kind for kind in actions}),
        'launch.substitutions': _module(
            'launch.substitutions', LaunchConfiguration=LaunchConfiguration
        ),
        'launch_ros': _module('launch_ros'),
        'launch_ros.actions': _module('launch_ros.actions', Node=Node),
    }


def _description(path):
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)
    try:
        spec = spec_from_file_location('launch_file_under_test', path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.generate_launch_description()
    finally:
        for name in stand_ins:
            del sys.modules[name]


def launched(path, **arguments):
    """
    Evaluate a launch file.

    :param path: of the file.
    :param arguments: its arguments, as on the command line; the real launch lets unknown ones
        pass, as other files may read them.
    :returns: the processes it would start, and what it says.
    :raises ValueError: an argument without a value, or what the file itself refuses.
    :raises TypeError: values the real classes do not take.
    :raises LookupError: an executable or a launch configuration there is not.
    """
    empty = [name for name, value in arguments.items() if not value]
    if empty:
        raise ValueError(f'malformed launch argument {empty[0]}:=, expected <name>:=<value>')
    context = LaunchContext(dict(arguments))
    waiting = list(_description(path).entities)
    result = Launched([], [])
    while waiting:
        entity = waiting.pop(0)
        if isinstance(entity, DeclareLaunchArgument):
            context.launch_configurations.setdefault(entity.name, entity.default_value)
        elif isinstance(entity, OpaqueFunction):
            waiting = [*(entity.function(context) or []), *waiting]
        elif isinstance(entity, LogInfo):
            result.words.append(entity.msg)
        else:
            for value in entity.additional_env.values():
                _text(value, 'additional_env')
            made = Command(entity.command(), entity.additional_env, entity.on_exit)
            result.commands.append(made)
    return result


def commands(path, **arguments):
    """Evaluate a launch file; gives the processes it would start, see `launched`."""
    return launched(path, **arguments).commands
