"""Subcommand `bag`: a recording or a folder of images in, a bag with the node's outputs out."""

import argparse
from pathlib import Path
import sys
import tempfile
from typing import TYPE_CHECKING

from occany_ros.cli.folder_options import add_folder_options
from occany_ros.cli.node_parameters import add_mode_option, given_parameters
from occany_ros.cli.progress import Progress

if TYPE_CHECKING:
    from occany_ros.ros.offline import Offline

SUMMARY = 'map a recording or a folder of images into a new bag, without a ROS graph'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument('bag', type=Path, help='rosbag2 folder or file, or a folder of images')
    parser.add_argument('-o', '--output', type=Path, required=True, help='bag to make')
    parser.add_argument(
        '--storage', choices=['mcap', 'sqlite3'], default='mcap', help='kind of the bag to make'
    )
    parser.add_argument(
        '-p', '--param', action='append', default=[], metavar='NAME:=VALUE',
        help='parameter of the node, e.g. grid.preset:=kitti; may be given again',
    )  # fmt: skip
    parser.add_argument('--params-file', type=Path, help='parameters of the node, as YAML')
    parser.add_argument(
        '--no-input', action='store_true', help='leave the input out of the bag to make'
    )
    add_mode_option(parser)
    add_folder_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Map."""
    from occany_ros.bags.folder_bag import bag_of
    from occany_ros.bags.message_classes import provide_message_classes

    if arguments.output.exists():
        raise FileExistsError(f'{arguments.output}: exists already; remove it first')
    provide_message_classes()
    with tempfile.TemporaryDirectory() as scratch:
        source = bag_of(
            arguments.bag, Path(scratch), layout=arguments.layout, period_s=arguments.period
        )
        if source.statement:
            print(f'{arguments.bag}: {source.statement}', file=sys.stderr)
        return _map(source.path, arguments)


def _map(path: Path, arguments: argparse.Namespace) -> int:
    from occany_ros.bags.cameras import camera_parameters, camera_topics
    from occany_ros.bags.copying import copy_bag
    from occany_ros.bags.reader import BagReader
    from occany_ros.bags.writer import BagWriter
    from occany_ros.ros.engine import load_engine
    from occany_ros.ros.offline import Offline, recorded_cameras, write_info, write_scene
    from occany_ros.ros.parameter_checks import parameters_from

    given = given_parameters(arguments.params_file, arguments.param)
    if arguments.mode:
        given['mode'] = arguments.mode
    with BagReader(path) as reader:
        if 'cameras' not in given:
            cameras = camera_topics(reader.topics)
            if not cameras:
                raise LookupError(f'{path}: expected images, got {", ".join(reader.topics)}')
            given = camera_parameters(cameras) | given
        parameters = parameters_from(given)
        recorded_cameras(reader, parameters)  # before the network, which takes its time
        engine = load_engine(parameters)
        offline = Offline(reader, parameters, engine)
        progress, done = Progress('mapping'), 0
        with BagWriter(arguments.output, storage=arguments.storage) as writer:
            write_info(writer, parameters, engine, reader.start_ns)
            for scene in offline.scenes():
                write_scene(writer, scene)
                done += 1
                progress.show(done / max(offline.sets, 1), f'{done} of {offline.sets} sets')
            progress.done(f'{done} sets of {len(parameters.cameras)} cameras')
            if not arguments.no_input:
                copy_bag(reader, writer)
    _tell(offline, reader.damage, engine.about().get('weights', ''))
    print(arguments.output)
    return 0 if done else 1


def _tell(offline: 'Offline', damage: str, weights: str) -> None:
    """Say what went wrong, and what to think of the result."""
    for kind, count in offline.failures.items():
        print(f'{kind}: {count} left out, the last: {offline.reasons[kind]}', file=sys.stderr)
    for what, reason in offline.reasons.items():
        if what not in offline.failures:
            print(f'{what}: {reason}', file=sys.stderr)
    if damage:
        print(damage, file=sys.stderr)
    if weights == 'synthetic':
        print(
            'weights: synthetic; this network has never seen a real image, so on real images '
            'the result is not meaningful',
            file=sys.stderr,
        )
