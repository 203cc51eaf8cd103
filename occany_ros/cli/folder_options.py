"""What a folder of images is, asked alike by every subcommand that takes one."""

import argparse


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Declare `--layout` and `--period`."""
    parser.add_argument(
        '--layout', choices=['auto', 'sequence', 'cameras', 'instant'], default='auto',
        help='what a folder of images is: one camera over time, a sub-folder per camera, or '
        'cameras at one instant',
    )  # fmt: skip
    parser.add_argument(
        '--period', type=float, default=0.5, metavar='SECONDS', help='time between images'
    )
