"""Subcommand `demo`: the real node on a synthetic drive or on your images, with figures."""

import argparse
import os
from pathlib import Path
import sys

from occany_ros.cli.folder_options import add_folder_options
from occany_ros.cli.needs_ros import require_ros
from occany_ros.cli.node_parameters import add_mode_option

SUMMARY = 'run the node on a synthetic drive or on your images; print figures, paint a picture'
EPILOG = """examples:
  occany demo                                   one camera, a street made here, its exact truth
  occany demo --cameras 6 --mode balanced       six cameras, with a few novel views
  occany demo --input recording --out result    your bag, data set or folder of images

exit codes: 0 the outputs are sound, 1 they are not or something failed, 2 a wrong command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        '--input', type=Path, help='bag or folder of images; without it, a synthetic drive'
    )
    parser.add_argument('--out', type=Path, default=Path('demo'), help='folder for what is made')
    parser.add_argument(
        '--cameras', type=int, choices=[1, 6], default=1, help='cameras of the synthetic drive'
    )
    parser.add_argument('--seed', type=int, default=1009, help='street of the synthetic drive')
    parser.add_argument(
        '--steps', type=int, help='sets of the synthetic drive; by default 60, with 6 cameras 24'
    )
    parser.add_argument(
        '--rate',
        type=float,
        help='speed of playing the drive; by default 0.5, with 6 cameras 0.25',
    )
    parser.add_argument(
        '--every-set', action='store_true',
        help='play a set when the last was answered, so that a slow machine skips none; other '
        'input than the drive is always played so',
    )  # fmt: skip
    add_folder_options(parser)
    add_mode_option(parser)
    parser.add_argument(
        '--variant', default='tiny', help='network, as the parameter model.variant'
    )
    parser.add_argument('--checkpoint', default='', help='weights, as model.checkpoint')


def run(arguments: argparse.Namespace) -> int:
    """Run the demo."""
    require_ros()
    from occany_ros.cli.demo_graph import NodeFailure
    from occany_ros.cli.demo_run import run_demo
    from occany_ros.ros.health.graph_environment import local_graph

    os.environ.update(local_graph(os.environ, domain=1 + os.getpid() % 100))
    try:
        return run_demo(arguments)
    except NodeFailure as failure:
        sys.stderr.write(f'{failure}\n')
        return 1
