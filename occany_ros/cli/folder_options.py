"""What a recording is, asked alike by every subcommand that takes one."""

import argparse

from occany_ros.bags.folder_bag import DEFAULT_PERIOD_S
from occany_ros.bags.opening import Choice

INPUTS = (
    'rosbag2 folder or file (mcap, sqlite3), Foxglove-schema mcap, KITTI odometry or nuScenes '
    'folder, or a folder of images'
)


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Declare `--layout`, `--period` and `--scene`."""
    parser.add_argument(
        '--layout', choices=['auto', 'sequence', 'cameras', 'instant'], default='auto',
        help='what a folder of images is: one camera over time, a sub-folder per camera, or '
        'cameras at one instant (default: guessed, and said)',
    )  # fmt: skip
    parser.add_argument(
        '--period', type=float, default=DEFAULT_PERIOD_S, metavar='SECONDS',
        help='time between the images of a folder (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--scene', default='', metavar='NAME',
        help='KITTI sequence (e.g. 08) or nuScenes scene (e.g. scene-0061); default: the first',
    )  # fmt: skip


def folder_choice(arguments: argparse.Namespace) -> Choice:
    """Read what `add_folder_options` declared."""
    return Choice(arguments.layout, arguments.period, arguments.scene)
