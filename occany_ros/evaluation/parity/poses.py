"""Golden files of poses around the views that were seen."""

import ast
from collections.abc import Mapping, Sequence
import re
from typing import Any

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.geometry.novel_views import (
    novel_poses,
    NovelPoses,
    NovelViewPlan,
    SeedTurns,
    spread_turns,
)

TOLERANCE = 1e-6
DEFAULT_STEP_DEG = 15.0
DEFAULT_FORWARD_M = 1.0
# Ours, and the words the files have for it.
NAMES: Mapping[str, Sequence[str]] = {
    'views': ('views_per_interval', 'vpi'),
    'forward': ('forward', 'fwd'),
    'rotate': ('rotate_angle', 'rotate', 'rot'),
    'lateral': ('seed_translation_distance', 'seed_translation', 'lateral'),
    'seeds': ('num_seed_rotations',),
    'seed_angle': ('seed_rotation_angle',),
    'chunk': ('raymap_batch_size', 'chunk'),
}


def check_poses(fixture: Fixture) -> list[Comparison]:
    """Plan views around ``camera_poses`` with the recorded options, and whose view each is."""
    options = ast.literal_eval(fixture.metadata['options'])
    mappings = ast.literal_eval(fixture.metadata.get('recon_2_gen_mapping', '[]'))
    seen = fixture.tensors['camera_poses']
    found = [novel_poses(seen, plan_of(renamed(option))) for option in options]
    answers = {
        f'opt{index}': Answer(poses.world_from_camera, TOLERANCE)
        for index, poses in enumerate(found)
    }
    return matched(fixture, answers, {'camera_poses'}) + [
        mapping_comparison(f'recon_2_gen_mapping[{index}]', poses, mapping)
        for index, (poses, mapping) in enumerate(zip(found, mappings, strict=bool(mappings)))
    ]


def recorded_options(text: str) -> dict[str, Any]:
    """Read options written as ``name=number`` in the metadata, by our names."""
    pairs = re.findall(r'(\w+)\s*=\s*(-?[\d.]+)', text)
    return renamed({name: ast.literal_eval(value) for name, value in pairs})


def renamed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give recorded options our names; what is not about novel views is left out."""
    return {
        ours: options[name] for ours, names in NAMES.items() for name in names if name in options
    }


def plan_of(options: Mapping[str, Any]) -> NovelViewPlan:
    """Build the plan of recorded options, see `NAMES`."""
    lateral, count = options.get('lateral', 0.0), options.get('seeds', 0)
    seeds = None
    if count:
        angle = options.get('seed_angle', DEFAULT_STEP_DEG)
        if isinstance(angle, (list, tuple)):
            steps = lateral if isinstance(lateral, (list, tuple)) else None
            seeds = SeedTurns(
                tuple(angle),
                tuple(steps) if steps is not None else tuple(_sided(lateral, a) for a in angle),
            )
        else:
            seeds = spread_turns(count, step_deg=angle, lateral_m=lateral)
        lateral = 0.0
    return NovelViewPlan(
        views_per_frame=options.get('views', 1),
        forward_m=options.get('forward', DEFAULT_FORWARD_M),
        rotate_deg=options.get('rotate', 0.0),
        lateral_m=lateral,
        seeds=seeds,
    )


def mapping_comparison(
    name: str, poses: NovelPoses, mapping: Mapping[str, Sequence[int]]
) -> Comparison:
    """Count the seen views whose novel views are others, or in another order, than recorded."""
    source = poses.source.tolist()
    misses = sum(
        [index for index, view in enumerate(source) if view == int(seen)] != list(novel)
        for seen, novel in mapping.items()
    )
    misses += len(set(source) ^ {int(seen) for seen in mapping})
    return Comparison(name=name, error=float(misses), tolerance=0.0)


def _sided(distance: float, angle: float) -> float:
    return distance * ((angle > 0) - (angle < 0))
