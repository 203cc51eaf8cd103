"""Parameters of the node on the command line of a tool."""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
from typing import Any, Final

from occany_ros.pipeline.modes import MODES
from occany_ros.ros.health.graph_environment import shared_file
from occany_ros.ros.launching import full_name, other_nodes, parameters_of, preset_file
from occany_ros.semantics.plain_yaml import plain_yaml

NODE: Final = '/occany'


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
        '--node', type=_node, default=NODE, metavar='NAME',
        help='whose parameters those of the files are, and in whose namespace topics lie '
        '(default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '-p', '--param', action='append', default=[], metavar='NAME:=VALUE',
        help='a parameter of the node, e.g. grid.preset:=kitti; wins over files; may be repeated',
    )  # fmt: skip


def chosen_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """
    Read what `add_parameter_options` declared.

    :returns: dotted name -> value, not checked.
    :raises ValueError: there is no such preset, something is malformed, or a file speaks to
        other nodes only.
    :raises OSError: a file cannot be read.
    """
    node, preset = arguments.node, arguments.preset
    values = given_parameters(preset_file(_share(), preset) if preset else None, (), node)
    return values | given_parameters(arguments.params_file, arguments.param, node)


def given_parameters(
    path: Path | None, assignments: Sequence[str], node: str = NODE
) -> dict[str, Any]:
    """
    Collect parameters from a file and from the command line, which wins.

    :param path: YAML, read as at launch, see `occany_ros.ros.launching.parameters_of`.
    :param assignments: ``name:=value`` each, the value in YAML.
    :param node: full name of the node.
    :returns: dotted name -> value, not checked.
    :raises ValueError: an assignment or the file is malformed, or it speaks to other nodes only.
    :raises OSError: the file cannot be read.
    """
    values = {} if path is None else parameters_of(path, node)
    others = [] if path is None else other_nodes(path, node)
    if others:
        raise ValueError(
            f'{path}: expected parameters of {node}, got those of {", ".join(others)}; name the '
            'node that is meant with --node'
        )
    for assignment in assignments:
        name, separator, text = assignment.partition(':=')
        if not separator or not name:
            raise ValueError(f'-p: expected NAME:=VALUE, got {assignment!r}')
        values[name] = plain_yaml(text, f'-p {name}')
    return values


def _share() -> Path:
    """Find what the package ships, in the checkout or installed."""
    folder = shared_file('config', os.environ)
    if folder is None:
        raise ValueError('--preset: expected the folder config of the package, got none')
    return folder.parent


def _node(name: str) -> str:
    """Understand the name of a node; one without a slash in front lies at the top."""
    return full_name('', '', name)
