"""Subcommand `snapshot`: a picture of one moment of a recorded run."""

import argparse
from pathlib import Path
import sys

SUMMARY = 'paint a PNG of grid, cameras and path from a bag'
EPILOG = """examples:
  occany snapshot out -o out.png                          the last grid in the bag
  occany snapshot out -o start.png --at 2.5               2.5 s after the first one
  occany snapshot out -o a.png --title 'courtyard, noon'

exit codes: 0 painted, 1 something failed (no grids in the bag), 2 a wrong command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('bag', type=Path, help='bag with grids, e.g. made by `occany bag`')
    parser.add_argument('-o', '--output', type=Path, required=True, help='PNG to write')
    parser.add_argument(
        '--at', type=float, metavar='SECONDS',
        help='moment, from the first grid on; without it, the last grid',
    )  # fmt: skip
    parser.add_argument('--title', default='', help='heading of the picture')


def run(arguments: argparse.Namespace) -> int:
    """Paint."""
    from occany_ros.evaluation.picture import draw_page, Page, save_picture
    from occany_ros.evaluation.recorded import palette_for, read_images, read_run
    from occany_ros.ros.messages.image_messages import decode_message

    recorded = read_run(arguments.bag)
    if recorded.damage:
        print(recorded.damage, file=sys.stderr)
    stamps = sorted(recorded.prediction.grids)
    wanted_ns = stamps[-1] if arguments.at is None else stamps[0] + round(arguments.at * 1e9)
    stamp_ns = min(stamps, key=lambda stamp: abs(stamp - wanted_ns))
    tracks = [recorded.prediction]
    if recorded.truth is not None and stamp_ns in recorded.truth.grids:
        tracks.append(recorded.truth)
    grid = recorded.prediction.grids[stamp_ns]
    position_s = (stamp_ns - stamps[0]) / 1e9
    page = Page(
        title=arguments.title or arguments.bag.resolve().name,
        subtitle=f'set {stamps.index(stamp_ns) + 1} of {len(stamps)}, {position_s:.1f} s',
        images=read_images(arguments.bag, stamp_ns, decode_message),
        scenes=tuple(track.scene(stamp_ns) for track in tracks),
        colours=palette_for(grid.class_names),
    )
    save_picture(arguments.output, draw_page(page))
    print(arguments.output)
    return 0
