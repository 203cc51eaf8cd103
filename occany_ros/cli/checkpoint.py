"""`occany checkpoint`: what a released weight file holds, and whether it can be used."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from occany_ros.models.checkpoint import file_digest, load_occany
from occany_ros.models.checkpoint_file import read_released_file

SUMMARY = 'check a released weight file without running anything in it'


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument('file', type=Path, help='e.g. occany.pth')


def run(arguments: Namespace) -> int:
    """
    Describe a weight file and build its network.

    :returns: 0 if the network was built.
    :raises CheckpointError: if the file cannot be used.
    """
    released = read_released_file(arguments.file)
    print(f'file      {arguments.file}')
    print(f'sha256    {file_digest(arguments.file)}')
    for section, weights in released.sections.items():
        count = sum(value.numel() for value in weights.values())
        print(f'section   {section}: {len(weights)} keys, {count:,} parameters')
    network = load_occany(arguments.file)
    print(f'encoder   {network.config.encoder}')
    print(f'decoder   {network.config.decoder}')
    print('weights   all there, none unexpected')
    return 0
