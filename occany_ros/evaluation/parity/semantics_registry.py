"""Which check a golden file about labels needs, by its name."""

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from occany_ros.evaluation.parity.array_files import read_arrays
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.semantics_boxes import check_boxes, check_sizes
from occany_ros.evaluation.parity.semantics_sam2 import check_masks
from occany_ros.evaluation.parity.semantics_sam3 import check_sam3
from occany_ros.evaluation.parity.semantics_tables import (
    check_functions,
    check_images,
    check_moved_boxes,
    check_prompts,
)

ARRAY_SUFFIXES: Final = ('.npz', '.json')
"""Endings of golden files about labels."""

LABEL_CHECKS: Final[tuple[tuple[str, Callable[[Fixture], list[Comparison]]], ...]] = (
    ('prompts.json', check_prompts),
    ('helpers.json', check_functions),
    ('gdino_resize.json', check_sizes),
    ('gdino_*.npz', check_boxes),
    ('sam2_*.npz', check_masks),
    ('sam3_*.npz', check_sam3),
    ('preproc.npz', check_images),
    ('reproject_boxes.npz', check_moved_boxes),
)
"""Pattern of the file's name, and its check; the first that fits counts."""


def check_labels(path: Path) -> list[Comparison]:
    """
    Recompute a golden file about labels.

    :returns: one comparison for each of its outputs; empty where there is no check yet.
    :raises ValueError: if the file is damaged.
    """
    for pattern, check in LABEL_CHECKS:
        if fnmatch(path.name, pattern):
            is_table = path.suffix == '.json'
            return check(Fixture(path, {}, {}) if is_table else read_arrays(path))
    return []
