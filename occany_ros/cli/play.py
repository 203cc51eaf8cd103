"""Subcommand `play`: a recording, data set or folder onto the ROS graph, or into a bag."""

import argparse
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from occany_ros.cli.folder_options import add_folder_options, folder_choice, INPUTS
from occany_ros.cli.progress import add_quiet_option, Progress

if TYPE_CHECKING:
    from occany_ros.bags.recording import Recording

SUMMARY = 'play a recording, a KITTI or nuScenes folder, or images onto ROS topics, or make a bag'
EPILOG = """examples:
  occany play recording --clock --wait-for /camera/front/image_raw
  occany play kitti/dataset --scene 08                  images, calibration and poses as messages
  occany play nuscenes --scene scene-0061 --rate 0.5    six cameras, at half speed
  occany play nuscenes --scene scene-0061 -o bag        a rosbag2 of it; needs no ROS
  occany play scene-0061.mcap -o bag                    Foxglove's messages become ROS messages
  occany play photos --period 0.1 --loop                a folder of images, ten a second

The node runs on it with `ros2 launch occany_ros occany.launch.py preset:=kitti` (or nuscenes).
exit codes: 0 all was played, 1 something failed, 2 a wrong command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('bag', type=Path, metavar='INPUT', help=INPUTS)
    parser.add_argument(
        '-o', '--output', type=Path, help='bag to make; then nothing is played'
    )  # fmt: skip
    parser.add_argument(
        '--storage', choices=['mcap', 'sqlite3'], default='mcap',
        help='kind of the bag to make (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument('--rate', type=float, default=1.0, help='speed, 1 is as recorded')
    parser.add_argument('--loop', action='store_true', help='play again and again')
    parser.add_argument(
        '--clock', type=float, nargs='?', const=100.0, default=0.0, metavar='HZ',
        help='publish /clock, by default 100 times a second',
    )  # fmt: skip
    parser.add_argument('--topics', nargs='+', default=[], help='only these topics')
    parser.add_argument(
        '--wait-for', nargs='+', default=[], metavar='TOPIC',
        help='begin once each of these topics has a subscriber',
    )  # fmt: skip
    parser.add_argument(
        '--wait-active', default='', metavar='NODE',
        help='begin once this lifecycle node, e.g. /occany, is active and listens to images',
    )  # fmt: skip
    parser.add_argument(
        '--wait', type=float, default=30.0, metavar='SECONDS',
        help='longest wait for subscribers and for answers (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--step-on', default='', metavar='TOPIC',
        help='play the next time step when this topic has answered the last, instead of by time',
    )  # fmt: skip
    add_folder_options(parser)
    add_quiet_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """
    Play, or make a bag.

    :returns: 0 if all went well, 1 otherwise.
    """
    from occany_ros.bags.opening import open_recording
    from occany_ros.cli.needs_ros import require_ros

    if not arguments.output:
        require_ros()
    with open_recording(arguments.bag, folder_choice(arguments)) as recording:
        if recording.statement:
            print(f'{arguments.bag}: {recording.statement}', file=sys.stderr)
        if not recording.message_count:
            raise ValueError(f'{arguments.bag}: expected messages, got none; {recording.damage}')
        code = _write(recording, arguments) if arguments.output else _play(recording, arguments)
        if recording.damage:
            print(recording.damage, file=sys.stderr)
        return code


def _write(recording: 'Recording', arguments: argparse.Namespace) -> int:
    """Make a bag of the recording."""
    from occany_ros.bags.copying import copy_recording
    from occany_ros.bags.writer import BagWriter

    progress = Progress('writing', quiet=arguments.quiet)
    count = recording.message_count
    with BagWriter(arguments.output, storage=arguments.storage) as writer:
        copy_recording(
            recording,
            writer,
            arguments.topics,
            lambda done: progress.show(min(done / count, 1.0), f'{done} of {count} messages'),
        )
        progress.done(f'{writer.message_count} messages of {len(recording.topics)} topics')
    print(arguments.output)
    return 0


def _play(recording: 'Recording', arguments: argparse.Namespace) -> int:
    """Publish the recording."""
    from occany_ros.ros.recording.player import play_recording
    from occany_ros.ros.recording.playing import PlayOptions, PlayReport

    options = PlayOptions(
        topics=tuple(arguments.topics),
        rate=arguments.rate,
        loops=0 if arguments.loop else 1,
        clock_hz=arguments.clock,
        wait_active=arguments.wait_active,
        wait_for=tuple(arguments.wait_for),
        wait_s=arguments.wait,
        step_on=arguments.step_on,
    )
    progress = Progress('playing', quiet=arguments.quiet)

    def show(report: PlayReport) -> None:
        share = report.position_s / report.length_s if report.length_s else 1.0
        sent = sum(report.sent.values())
        progress.show(share, f'{report.position_s:.1f} s  {sent} messages')

    report = play_recording(recording, options, show)
    progress.done(f'{sum(report.sent.values())} messages of {len(report.sent)} topics')
    for topic, reason in report.skipped.items():
        print(f'{topic} left out: {reason}', file=sys.stderr)
    if report.unanswered:
        print(f'{report.unanswered} time steps got no answer', file=sys.stderr)
    return 1 if report.unanswered else 0
