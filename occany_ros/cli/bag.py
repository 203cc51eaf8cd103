"""Subcommand `bag`: a recording, data set or folder in, a bag with the node's outputs out."""

import argparse
from collections.abc import Mapping
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from occany_ros.cli.folder_options import add_folder_options, folder_choice, INPUTS
from occany_ros.cli.node_parameters import (
    add_mode_option,
    add_parameter_options,
    chosen_parameters,
)
from occany_ros.cli.progress import add_quiet_option, Progress

if TYPE_CHECKING:
    from occany_ros.bags.recording import Recording
    from occany_ros.ros.engine import Engine
    from occany_ros.ros.recording.offline import Offline
    from occany_ros.ros.settings.parameters import Parameters

SUMMARY = 'map a recording, data set or folder of images into a new bag, without a ROS graph'
EPILOG = """examples:
  occany bag recording -o out                             all cameras that are in it
  occany bag photos -o out --period 0.1                   a folder of images, ten a second
  occany bag kitti/dataset --scene 08 -o out --preset kitti
  occany bag rec -o out -p cameras:='[left, right]' -p left.image_topic:=/l/image_raw ...
  occany bag rec -o out --params-file my.yaml --mode balanced --storage sqlite3

Every set of images is mapped, however slow the machine: the messages are those of the node.
A set that fails is left out, counted, and told at the end.
exit codes: 0 mapped, 1 nothing was mapped or something failed that nobody foresaw, 2 a wrong
command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('bag', type=Path, metavar='INPUT', help=INPUTS)
    parser.add_argument('-o', '--output', type=Path, required=True, help='bag to make')
    parser.add_argument(
        '--storage', choices=['mcap', 'sqlite3'], default='mcap',
        help='kind of the bag to make (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--no-input', action='store_true', help='leave the input out of the bag to make'
    )
    parser.add_argument(
        '--images', action='store_true',
        help='write the images of each camera too: depth, classes and features',
    )  # fmt: skip
    parser.add_argument(
        '--verbose', action='store_true', help='show where in the program a set failed, and why'
    )
    add_parameter_options(parser)
    add_mode_option(parser)
    add_folder_options(parser)
    add_quiet_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """
    Map.

    :returns: 0 if sets were mapped, 1 if none was, or one failed in a way nobody foresaw.
    :raises FileExistsError: the bag to make is there already.
    """
    from occany_ros.bags.message_classes import provide_message_classes
    from occany_ros.bags.opening import open_recording

    if arguments.output.exists():
        raise FileExistsError(
            f'{arguments.output}: expected a new bag, got one that exists already; '
            'remove it or name another'
        )
    provide_message_classes()
    given = chosen_parameters(arguments)
    if arguments.mode:
        given['mode'] = arguments.mode
    with open_recording(arguments.bag, folder_choice(arguments)) as recording:
        if recording.statement:
            print(f'{arguments.bag}: {recording.statement}', file=sys.stderr)
        return _map(recording, given, arguments)


def _map(recording: 'Recording', given: dict[str, Any], arguments: argparse.Namespace) -> int:
    from occany_ros.bags.copying import copy_recording
    from occany_ros.bags.writer import BagWriter
    from occany_ros.ros.bag_outputs import BagOutputs
    from occany_ros.ros.engine import load_engine
    from occany_ros.ros.recording.offline import Offline

    parameters = _parameters(recording, given, arguments.bag)
    # Before the network, which takes its time.
    offline = Offline(recording, parameters, arguments.node)
    engine = load_engine(parameters)
    progress, done = Progress('mapping', quiet=arguments.quiet), 0
    try:
        with BagWriter(arguments.output, storage=arguments.storage) as writer:
            outputs = BagOutputs(writer, engine, images=arguments.images)
            for done in offline.mapped(engine, outputs):
                progress.show(
                    min(done / max(offline.sets, 1), 1.0), f'{done} of {offline.sets} sets'
                )
            progress.done(f'{done} sets of {len(parameters.cameras)} cameras')
            if not arguments.no_input:
                copy_recording(recording, writer)
    except KeyboardInterrupt:
        print(
            f'{arguments.output}: interrupted; it has the {done} sets mapped so far',
            file=sys.stderr,
        )
        raise
    finally:
        _tell(offline, recording.damage, engine, is_verbose=arguments.verbose)
    print(arguments.output)
    return 0 if done and not offline.traces else 1


def _parameters(recording: 'Recording', given: Mapping[str, Any], path: Path) -> 'Parameters':
    """Check the parameters; without cameras among them, take those of the recording."""
    from occany_ros.bags.cameras import camera_parameters, camera_topics
    from occany_ros.ros.settings.parameter_checks import own_parameters, parameters_from

    found: dict[str, Any] = {}
    if 'cameras' not in given:
        cameras = camera_topics(recording.topics)
        if not cameras:
            raise LookupError(
                f'{path}: expected topics of images, got {", ".join(recording.topics) or "none"}'
                f'; record them too. {recording.damage}'
            )
        found.update(camera_parameters(cameras))
    return parameters_from(own_parameters({**found, **given}))


def _tell(offline: 'Offline', damage: str, engine: 'Engine', *, is_verbose: bool) -> None:
    """Say what went wrong, and what to think of the result."""
    for kind, count in offline.failures.items():
        hint = '; --verbose shows where' if kind in offline.traces and not is_verbose else ''
        print(
            f'{kind}: {count} left out, the last: {offline.reasons[kind]}{hint}', file=sys.stderr
        )
    if is_verbose:
        print(''.join(offline.traces.values()), end='', file=sys.stderr)
    for what, reason in offline.reasons.items():
        if what not in offline.failures:
            print(f'{what}: {reason}', file=sys.stderr)
    if damage:
        print(damage, file=sys.stderr)
    for text in engine.lacks():
        print(text, file=sys.stderr)
    if engine.model.weights == 'synthetic':
        print(
            'weights: synthetic; this network has never seen a real image, so on real images '
            'the result is not meaningful',
            file=sys.stderr,
        )
