"""Subcommand `play`: a recording or a folder of images onto the ROS graph."""

import argparse
from pathlib import Path
import sys
import tempfile

from occany_ros.cli.folder_options import add_folder_options
from occany_ros.cli.needs_ros import require_ros
from occany_ros.cli.progress import Progress

SUMMARY = 'play a recording or a folder of images onto ROS topics'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument('bag', type=Path, help='rosbag2 folder or file, or a folder of images')
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
        '--wait', type=float, default=30.0, metavar='SECONDS',
        help='longest wait for subscribers and for answers',
    )  # fmt: skip
    parser.add_argument(
        '--step-on', default='', metavar='TOPIC',
        help='play the next time step when this topic has answered the last, instead of by time',
    )  # fmt: skip
    add_folder_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play."""
    require_ros()
    from occany_ros.bags.folder_bag import bag_of
    from occany_ros.ros.player import play_bag, PlayOptions, PlayReport

    options = PlayOptions(
        topics=tuple(arguments.topics),
        rate=arguments.rate,
        loops=0 if arguments.loop else 1,
        clock_hz=arguments.clock,
        wait_for=tuple(arguments.wait_for),
        wait_s=arguments.wait,
        step_on=arguments.step_on,
    )
    progress = Progress('playing')

    def show(report: PlayReport) -> None:
        share = report.position_s / report.length_s if report.length_s else 1.0
        sent = sum(report.sent.values())
        progress.show(share, f'{report.position_s:.1f} s  {sent} messages')

    with tempfile.TemporaryDirectory() as scratch:
        source = bag_of(
            arguments.bag, Path(scratch), layout=arguments.layout, period_s=arguments.period
        )
        if source.statement:
            print(f'{arguments.bag}: {source.statement}', file=sys.stderr)
        report = play_bag(source.path, options, show)
    progress.done(f'{sum(report.sent.values())} messages of {len(report.sent)} topics')
    for topic, reason in report.skipped.items():
        print(f'{topic} left out: {reason}', file=sys.stderr)
    if report.unanswered:
        print(f'{report.unanswered} time steps got no answer', file=sys.stderr)
    if report.damage:
        print(report.damage, file=sys.stderr)
    return 1 if report.unanswered else 0
