"""Parameters of the node on the command line of a tool."""

import argparse
from collections.abc import Mapping, Sequence
import os
from pathlib import Path
from typing import Any

from occany_ros.pipeline.modes import MODES
from occany_ros.ros.health.graph_environment import shared_file
from occany_ros.semantics.plain_yaml import dotted, plain_yaml, read_plain_yaml


def add_mode_option(parser: argparse.ArgumentParser) -> None:
    """Declare the option for how much is imagined; not given, it is None."""
    parser.add_argument(
        '--mode', choices=MODES, help='how much is imagined, as the parameter mode of the node'
    )


def add_parameter_options(parser: argparse.ArgumentParser) -> None:
    """Declare where the node's parameters come from: the same ways as at launch."""
    parser.add_argument(
        '--preset', metavar='NAME',
        help='parameters that ship with the package, as preset:= at launch: kitti, nuscenes, …',
    )  # fmt: skip
    parser.add_argument(
        '--params-file', type=Path, help="the node's parameter file (YAML); wins over the preset"
    )
    parser.add_argument(
        '-p', '--param', action='append', default=[], metavar='NAME:=VALUE',
        help='a parameter of the node, e.g. grid.preset:=kitti; wins over files; may be repeated',
    )  # fmt: skip


def chosen_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """
    Read what `add_parameter_options` declared.

    :returns: dotted name -> value, not checked.
    :raises ValueError: there is no such preset, or something is malformed.
    :raises OSError: a file cannot be read.
    """
    values = _file_parameters(preset_file(arguments.preset)) if arguments.preset else {}
    return values | given_parameters(arguments.params_file, arguments.param)


def preset_file(name: str) -> Path:
    """
    Find the file of a preset.

    :raises ValueError: there is none of this name; the message lists them.
    """
    folder = shared_file('config', os.environ)
    known = {path.stem: path for path in sorted(folder.glob('*.yaml'))} if folder else {}
    if name not in known:
        raise ValueError(f'--preset: expected one of {", ".join(known)}, got {name!r}')
    return known[name]


def given_parameters(path: Path | None, assignments: Sequence[str]) -> dict[str, Any]:
    """
    Collect parameters from a file and from the command line, which wins.

    :param path: YAML as ``--params-file`` of ROS takes it, or with the parameters at its top.
    :param assignments: ``name:=value`` each, the value in YAML.
    :returns: dotted name -> value, not checked.
    :raises ValueError: an assignment or the file is malformed.
    :raises OSError: the file cannot be read.
    """
    values = {} if path is None else _file_parameters(path)
    for assignment in assignments:
        name, separator, text = assignment.partition(':=')
        if not separator or not name:
            raise ValueError(f'-p: expected NAME:=VALUE, got {assignment!r}')
        values[name] = plain_yaml(text, f'-p {name}')
    return values


def _file_parameters(path: Path) -> dict[str, Any]:
    tree = read_plain_yaml(path)
    if not isinstance(tree, Mapping):
        raise ValueError(f'{path}: expected parameters by name, got {type(tree).__name__}')
    nodes = [node for node in tree.values() if isinstance(node, Mapping)]
    inner = [node['ros__parameters'] for node in nodes if 'ros__parameters' in node]
    flat: dict[str, Any] = {}
    for parameters in inner or [tree]:
        if not isinstance(parameters, Mapping):
            kind = type(parameters).__name__
            raise ValueError(f'{path}: expected parameters by name, got {kind}')
        flat |= dotted(parameters)
    return flat
