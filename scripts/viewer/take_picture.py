#!/usr/bin/env python3
"""
Open a recording in Foxglove Studio and write a picture of what a user would see.

    scripts/viewer/take_picture.py --bag demo/bag --out docs/viewer.png

The viewer comes from npm, in the versions of `package.json` beside this file, into a folder that
git ignores; the browser is the machine's Chromium.
"""

import argparse
from datetime import datetime, timezone
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Final

import cv2
import numpy as np
import yaml

HERE: Final = Path(__file__).resolve().parent
TOOLS: Final = HERE.parents[1] / 'build' / 'viewer'
BROWSERS: Final = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
FEWEST_COLOURS: Final = 50
NANOSECONDS: Final = 1_000_000_000


def recording(path: Path) -> tuple[Path, int, int]:
    """
    Find the file of a recording, and its times.

    :param path: folder of a rosbag2 recording with one mcap file.
    :returns: the file; first stamp and duration, nanoseconds.
    :raises ValueError: there is none, or it is of another kind.
    """
    about = path / 'metadata.yaml'
    if not about.is_file():
        raise ValueError(f'bag: expected a recording, got {path}; make one with `make demo`')
    entry = yaml.safe_load(about.read_text(encoding='utf-8'))['rosbag2_bagfile_information']
    files = [path / name for name in entry['relative_file_paths']]
    if len(files) != 1 or files[0].suffix != '.mcap':
        raise ValueError(f'bag: expected one mcap file, got {[file.name for file in files]}')
    start_ns = entry['starting_time']['nanoseconds_since_epoch']
    return files[0], start_ns, entry['duration']['nanoseconds']


def time_text(stamp_ns: int) -> str:
    """Write a time as the viewer's addresses want it: RFC 3339 with nanoseconds."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    whole = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return f'{whole:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z'


def programs() -> dict[str, str]:
    """
    Find node, npm and the browser; ``CHROMIUM`` names another one.

    :raises ValueError: one is missing; the message says how to get it.
    """
    browsers = (os.environ['CHROMIUM'],) if os.environ.get('CHROMIUM') else BROWSERS
    wanted: dict[str, tuple[str, ...]] = {'node': ('node',), 'npm': ('npm',), 'chromium': browsers}
    found = {
        name: next(filter(None, map(shutil.which, choices)), '')
        for name, choices in wanted.items()
    }
    missing = [name for name, place in found.items() if not place]
    if missing:
        packages = {'node': 'nodejs', 'npm': 'npm', 'chromium': 'chromium'}
        names = ' '.join(packages[name] for name in missing)
        raise ValueError(
            f'programs: expected {", ".join(wanted)}, got no {", ".join(missing)}; '
            f'sudo apt install {names} (or set CHROMIUM to a browser of that kind)'
        )
    return found


def fetch_viewer(npm: str, tools: Path) -> Path:
    """
    Install the pinned packages, without running anything of theirs; once.

    :param tools: folder for them.
    :returns: their ``node_modules``.
    :raises ValueError: npm failed; the message holds its last words.
    """
    wanted = (HERE / 'package.json').read_text(encoding='utf-8')
    stamp = tools / 'installed.json'
    if not stamp.is_file() or stamp.read_text(encoding='utf-8') != wanted:
        tools.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / 'package.json', tools)
        print(f'fetching the viewer into {tools} (200 MB)')
        options = ('--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock')
        answer = subprocess.run(
            [npm, 'install', *options, '--loglevel=error'],
            cwd=tools,
            check=False,
            capture_output=True,
            text=True,
        )
        if answer.returncode:
            words = (answer.stderr or answer.stdout).strip()[-2000:]
            raise ValueError(f'npm: expected the packages of package.json, got:\n{words}')
        stamp.write_text(wanted, encoding='utf-8')
    return tools / 'node_modules'


def check(path: Path) -> None:
    """
    Refuse a picture on which nothing is drawn.

    :raises ValueError: it has hardly any colours.
    """
    image = cv2.imread(str(path))
    colours = 0 if image is None else len(np.unique(image.reshape(-1, 3), axis=0))
    if colours < FEWEST_COLOURS:
        raise ValueError(f'picture: expected a scene, got {colours} colours; see {path}')


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bag', type=Path, default=Path('demo/bag'), help='recording (mcap)')
    parser.add_argument('--out', type=Path, default=Path('docs/viewer.png'), help='the picture')
    parser.add_argument('--at', type=float, default=0.8, help='moment, 0 … 1 of the recording')
    parser.add_argument('--tools', type=Path, default=TOOLS, help='folder for the viewer')
    return parser.parse_args()


def main() -> int:
    """Take the picture."""
    given = arguments()
    try:
        bag, start_ns, duration_ns = recording(given.bag)
        found = programs()
        modules = fetch_viewer(found['npm'], given.tools)
        moment = time_text(start_ns + round(given.at * duration_ns))
        words = {
            'modules': modules,
            'chromium': found['chromium'],
            'bag': bag,
            'layout': HERE / 'layout.json',
            'time': moment,
            'out': given.out,
        }
        options = [str(word) for name, value in words.items() for word in (f'--{name}', value)]
        print(f'opening {bag} at {moment}')
        subprocess.run([found['node'], str(HERE / 'picture.mjs'), *options], check=True)
        check(given.out)
    except (ValueError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f'picture  {given.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
