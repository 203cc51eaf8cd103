"""Trajectories as TUM files, and what evo says of them, where it is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Final

import numpy as np
from occany_ros.evaluation.tables import table
from occany_ros.evaluation.trajectory import Poses
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion

STEP_M: Final = 5.0
"""Ways that relative errors are given for."""
REMEDY: Final = 'pip install evo, or install this package with its extra [trajectory]'
_LIMIT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class EvoErrors:
    """
    Root mean squares evo gives for one trajectory.

    :param position: absolute, the first poses laid on each other, metres.
    :param step: relative, of the position after `STEP_M`, percent of it.
    :param turn_deg: relative, of the heading after `STEP_M`, degrees.
    """

    position: float
    step: float
    turn_deg: float


def write_tum(path: Path, stamps_ns: Sequence[int], world_from_base: Poses) -> None:
    """
    Write a trajectory: time in seconds, x, y, z in metres, quaternion x, y, z, w; a line a pose.

    :param world_from_base: (n, 4, 4).
    :raises ValueError: the numbers of times and poses differ.
    """
    if len(stamps_ns) != len(world_from_base):
        raise ValueError(
            f'stamps_ns: expected {len(world_from_base)} times, one a pose, got {len(stamps_ns)}'
        )
    lines = []
    for stamp_ns, pose in zip(stamps_ns, world_from_base, strict=True):
        numbers = (*pose[:3, 3], *quaternion_from_rotation(pose[:3, :3]))
        seconds, rest = divmod(stamp_ns, 10**9)
        lines.append(f'{seconds}.{rest:09d} ' + ' '.join(f'{number:.9f}' for number in numbers))
    path.write_text('\n'.join(lines) + '\n', encoding='ascii')


def read_tum(path: Path) -> tuple[tuple[int, ...], Poses]:
    """
    Read what `write_tum` wrote.

    :returns: times in nanoseconds, and poses (n, 4, 4).
    """
    stamps_ns, poses = [], []
    for line in path.read_text(encoding='ascii').splitlines():
        time, *numbers = line.split()
        seconds, _, rest = time.partition('.')
        stamps_ns.append(int(seconds) * 10**9 + int(rest.ljust(9, '0')))
        pose = np.eye(4)
        pose[:3, 3] = [float(number) for number in numbers[:3]]
        pose[:3, :3] = rotation_from_quaternion([float(number) for number in numbers[3:]])
        poses.append(pose)
    return tuple(stamps_ns), np.stack(poses)


def find_evo() -> Path:
    """
    Find the folder of evo's commands.

    They are run as programs of their own: evo's licence is not ours.

    :raises ValueError: they are not installed.
    """
    beside = Path(sys.executable).parent / 'evo_ape'
    found = str(beside) if beside.is_file() else shutil.which('evo_ape')
    if found is None:
        raise ValueError(f'trajectory: expected evo, found none; {REMEDY}')
    return Path(found).parent


def ask_evo(commands: Path, truth: Path, estimate: Path) -> EvoErrors:
    """
    Let evo compare two TUM files.

    :param commands: folder of `find_evo`.
    :raises ValueError: it fails; the message is its own.
    """
    files = (str(truth), str(estimate))
    step = ('--delta', f'{STEP_M:g}', '--delta_unit', 'm', '--all_pairs')
    position = _rmse(commands / 'evo_ape', *files, '--align_origin')
    way = _rmse(commands / 'evo_rpe', *files, '-r', 'trans_part', *step)
    turn_deg = _rmse(commands / 'evo_rpe', *files, '-r', 'angle_deg', *step)
    return EvoErrors(position, 100.0 * way / STEP_M, turn_deg)


def evo_table(errors: Mapping[str, EvoErrors]) -> str:
    """
    Lay out the errors of all trajectories, with their means in the last line.

    :param errors: name of each trajectory -> its errors.
    """
    rows = [(name, found.position, found.step, found.turn_deg) for name, found in errors.items()]
    means = [float(np.mean(column)) for column in list(zip(*rows, strict=True))[1:]]
    headers = ('', 'APE m', f'RPE % of {STEP_M:g} m', f'RPE deg per {STEP_M:g} m')
    return table(headers, [*rows, ('mean', *means)])


def _rmse(command: Path, *arguments: str) -> float:
    """Run one of evo's commands, and read the root mean square it prints."""
    try:
        done = subprocess.run(  # noqa: S603 - evo's own programs and files of ours
            [str(command), 'tum', *arguments, '--no_warnings'],
            capture_output=True, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f'{command.name}: expected figures, got {error}; {REMEDY}') from error
    found = re.search(r'^\s*rmse\s+(\S+)', done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ValueError(f'{command.name}: expected figures, got {said or "nothing"}')
    return float(found[1])
