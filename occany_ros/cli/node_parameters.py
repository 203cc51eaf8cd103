"""Parameters of the node on the command line of a tool."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from occany_ros.pipeline.modes import MODES
from occany_ros.semantics.plain_yaml import plain_yaml, read_plain_yaml


def add_mode_option(parser: argparse.ArgumentParser) -> None:
    """Declare the option for how much is imagined; not given, it is None."""
    parser.add_argument(
        '--mode', choices=MODES, help='how much is imagined, as the parameter mode of the node'
    )


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
        flat |= _flat(parameters)
    return flat


def _flat(values: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn the tree of a parameter file into dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f'{prefix}{name}.')
        else:
            flat[f'{prefix}{name}'] = value
    return flat
