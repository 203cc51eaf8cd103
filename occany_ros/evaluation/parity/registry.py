"""Which check a golden file needs, by its name."""

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from occany_ros.evaluation.parity.array_files import read_table
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture, read_fixture
from occany_ros.evaluation.parity.functions import (
    check_focal,
    check_postprocessing,
    check_preprocessing,
    check_rotary,
)
from occany_ros.evaluation.parity.losses import check_losses
from occany_ros.evaluation.parity.networks import check_decoder, check_encoder
from occany_ros.evaluation.parity.novel import (
    check_conditioning,
    check_novel_decoder,
    check_ray_maps,
)
from occany_ros.evaluation.parity.pipeline import check_run
from occany_ros.evaluation.parity.plus_cameras import check_ray_cameras
from occany_ros.evaluation.parity.plus_networks import check_reconstruction
from occany_ros.evaluation.parity.plus_novel import check_imagination
from occany_ros.evaluation.parity.plus_parts import check_parts
from occany_ros.evaluation.parity.plus_setup import is_of_plus
from occany_ros.evaluation.parity.plus_tables import PLUS_TABLES
from occany_ros.evaluation.parity.poses import check_poses
from occany_ros.evaluation.parity.semantics_registry import ARRAY_SUFFIXES, check_labels
from occany_ros.evaluation.parity_voxel import check as check_voxels
import torch

Check = Callable[[Fixture], list[Comparison]]
SUFFIXES: Final = ('.safetensors', *ARRAY_SUFFIXES)
"""Endings of golden files."""


def _check_voxel_file(fixture: Fixture) -> list[Comparison]:
    return [Comparison(*row) for row in check_voxels(fixture.tensors, fixture.metadata)]


def _check_novel_views(fixture: Fixture) -> list[Comparison]:
    """Check files that have the same names in both families."""
    return check_imagination(fixture) if is_of_plus(fixture) else check_novel_decoder(fixture)


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ('rope*', check_rotary),
    ('preproc*', check_preprocessing),
    ('enc_*', check_encoder),
    ('dec_*', check_decoder),
    ('post_*', check_postprocessing),
    ('focal*', check_focal),
    ('losses*', check_losses),
    ('voxel*', _check_voxel_file),
    ('poses*', check_poses),
    ('recon_*', check_reconstruction),
    ('pose_*', check_ray_cameras),
    ('utils*', check_parts),
    ('cond*', check_conditioning),
    ('ray_*', check_ray_maps),
    ('gen_*', _check_novel_views),
    ('e2e_*', check_run),
    ('full*', check_run),
)
"""Pattern of the file's name without ending, and its check; the first that fits counts."""


CONTENTS: Final = 'manifest.json'
"""Table of contents of a folder: shapes alone, so there is nothing to recompute."""


def golden_files(folder: Path) -> list[Path]:
    """List the golden files of a folder, by name."""
    return sorted(
        path for path in folder.glob('*') if path.suffix in SUFFIXES and path.name != CONTENTS
    )


def check_for(stem: str) -> Check | None:
    """Find the check for a file's name; None where there is none yet."""
    return next((check for pattern, check in CHECKS if fnmatch(stem, pattern)), None)


def check_file(path: Path) -> list[Comparison]:
    """
    Recompute a golden file.

    :returns: one comparison for each of its outputs; empty where there is no check yet.
    :raises ValueError: if the file does not hold what its name promises.
    """
    is_of_labels = path.suffix in ARRAY_SUFFIXES
    check = None if is_of_labels else check_for(path.stem)
    with torch.inference_mode():
        try:
            if path.name in PLUS_TABLES:
                return PLUS_TABLES[path.name](read_table(path))
            if is_of_labels:
                return check_labels(path)
            return [] if check is None else check(read_fixture(path))
        except KeyError as error:
            raise ValueError(f'{path.name}: expected a tensor {error}, got none') from error
