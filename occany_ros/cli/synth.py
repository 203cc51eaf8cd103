"""Subcommand `synth`: a drive through the procedural street as images, truth and a bag."""

import argparse
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

from occany_ros.cli.progress import add_quiet_option, Progress

if TYPE_CHECKING:
    from occany_ros.bags.street import Truth
    from occany_ros.synthetic.drive import Drive, DriveStep

SUMMARY = 'render a drive through the procedural street, with exact truth'
EPILOG = """examples:
  occany synth -o drive --bag                     a rosbag2 with images, /tf and truth
  occany synth -o street --cameras 6 --steps 40   folders of PNG files and truth as NumPy files
  occany synth -o wide --seed 7 --size 1024 320   another street, larger images

exit codes: 0 rendered, 1 something failed, 2 a wrong command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('-o', '--out', type=Path, required=True, help='new folder to write')
    parser.add_argument('--seed', type=int, default=0, help='decides everything')
    parser.add_argument(
        '--cameras', type=int, choices=[1, 6], default=1, help='one ahead, or six all around'
    )
    parser.add_argument('--steps', type=int, default=20, help='time steps')
    parser.add_argument('--rate', type=float, default=4.0, help='time steps a second')
    parser.add_argument(
        '--size', type=int, nargs=2, default=[512, 160], metavar=('WIDTH', 'HEIGHT'),
        help='of the images, pixels',
    )  # fmt: skip
    parser.add_argument(
        '--bag', action='store_true', help='write a bag (rosbag2, mcap) with it, not images'
    )
    add_quiet_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """
    Render the drive.

    :raises FileExistsError: there is something at the place to write to.
    :raises ValueError: the drive cannot be made as asked.
    """
    from occany_ros.synthetic.drive import make_drive
    import torch

    torch.set_num_threads(1)
    folder = arguments.out
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f'{folder}: expected a new folder, got one that exists already; name another, or '
            'empty it'
        )
    width, height = arguments.size
    drive = make_drive(
        arguments.seed,
        rig='front' if arguments.cameras == 1 else 'surround',
        rate_hz=arguments.rate,
        steps=arguments.steps,
        size=(height, width),
    )
    progress = Progress('rendering', quiet=arguments.quiet)
    if arguments.bag:
        _write_bag(drive, folder, progress)
    else:
        _write_images(drive, folder, progress)
    return 0


def _write_bag(drive: 'Drive', folder: Path, progress: Progress) -> None:
    from occany_ros.bags.street import write_drive

    if folder.exists():
        folder.rmdir()
    write_drive(drive, folder, on_step=lambda done: progress.show(done / len(drive)))
    progress.done(f'{len(drive)} steps of {len(drive.cameras)} cameras in the bag {folder}')


def _write_images(drive: 'Drive', folder: Path, progress: Progress) -> None:
    """
    Write ``images/<camera>/<step>.png``, ``images/cameras.json`` and ``truth/<step>.npz``.

    :param drive: what to render.
    :param folder: where to; `occany play` and `make demo INPUT=` take its sub-folder ``images``.
    :param progress: is told of every step.
    """
    from occany_ros.bags.street import steps_with_truth

    for camera in drive.cameras:
        (folder / 'images' / camera.name).mkdir(parents=True)
    (folder / 'truth').mkdir()
    calibration = json.dumps(_calibration(drive), indent=1)
    (folder / 'images' / 'cameras.json').write_text(calibration + '\n', encoding='utf-8')
    for number, (step, truth) in enumerate(steps_with_truth(drive)):
        _write_step(folder, number, step, truth)
        progress.show((number + 1) / len(drive))
    progress.done(f'{len(drive)} steps of {len(drive.cameras)} cameras in {folder}')


def _calibration(drive: 'Drive') -> dict[str, Any]:
    from occany_ros.synthetic.rig import known

    return {
        camera.name: {
            'intrinsics': known(camera.intrinsics).tolist(),
            'base_from_camera': known(camera.base_from_camera).tolist(),
        }
        for camera in drive.cameras
    }


def _write_step(folder: Path, number: int, step: 'DriveStep', truth: 'Truth') -> None:
    import cv2
    import numpy as np

    name = f'{number:05d}'
    for frame in step.frames.frames:
        path = folder / 'images' / frame.camera.name / f'{name}.png'
        if not cv2.imwrite(str(path), np.ascontiguousarray(frame.image[:, :, ::-1])):
            raise OSError(f'{path}: could not be written')
    np.savez_compressed(
        folder / 'truth' / f'{name}.npz',
        depth=step.depth,
        label=step.label,
        occupancy=truth.grid.labels,
        world_from_base=step.world_from_base,
        stamp_ns=np.int64(step.stamp_ns),
    )
