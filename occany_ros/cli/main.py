"""The executable `occany`: finds the subcommand and hands it the command line."""

import argparse
from importlib import import_module
from importlib.util import find_spec
import sys
from types import ModuleType

from occany_ros import __version__

SUBCOMMANDS = {
    'demo': 'demo',
    'bag': 'bag',
    'play': 'play',
    'snapshot': 'snapshot',
    'doctor': 'doctor',
    'synth': 'synth',
    'train': 'train',
    'eval': 'evaluate',
    'parity': 'parity',
    'checkpoint': 'checkpoint',
    'bench': 'bench',
}
"""Module of `occany_ros.cli` by subcommand, in the order of the help text."""


def subcommand_module(name: str) -> ModuleType:
    """
    Import the module behind a subcommand.

    :param name: a key of `SUBCOMMANDS`
    :returns: a module with `SUMMARY`, `add_arguments(parser)` and `run(arguments) -> int`
    :raises LookupError: if there is no such subcommand
    """
    names = available_subcommands()
    if name not in names:
        raise LookupError(f'no subcommand {name!r}; there are {", ".join(names)}')
    return import_module(f'{__package__}.{SUBCOMMANDS[name]}')


def available_subcommands() -> list[str]:
    """List the subcommands whose module is part of this installation."""
    return [name for name, module in SUBCOMMANDS.items() if find_spec(f'{__package__}.{module}')]


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """
    Build the command line's parser, importing no more subcommands than it takes.

    :param chosen: the one subcommand that is imported and gets its arguments; without it, all are
        imported for their one-line summaries
    :returns: parser whose result carries `subcommand`
    """
    parser = argparse.ArgumentParser(
        prog='occany', description='Semantic 3-D occupancy and ego motion from plain cameras.'
    )
    parser.add_argument('--version', action='version', version=f'occany_ros {__version__}')
    subparsers = parser.add_subparsers(dest='subcommand', metavar='SUBCOMMAND', required=True)
    names = available_subcommands() if chosen is None else [chosen]
    for name in names:
        module = subcommand_module(name)
        subparser = subparsers.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(subparser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """
    Run one subcommand.

    :param arguments: command line without the program's name; that of the process if None
    :returns: exit code: 0 success, 1 an error that was reported, 2 a wrong command line
    """
    words = sys.argv[1:] if arguments is None else arguments
    chosen = words[0] if words and words[0] in available_subcommands() else None
    parsed = build_parser(chosen).parse_args(words)
    try:
        return int(subcommand_module(parsed.subcommand).run(parsed))
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f'occany {parsed.subcommand}: {error.name} is not installed here; the parts that need '
            'ROS run after `source install/setup.bash` (see `make setup`)\n'
        )
        return 1
    except (ValueError, LookupError, OSError) as error:
        sys.stderr.write(f'occany {parsed.subcommand}: {error}\n')
        return 1
