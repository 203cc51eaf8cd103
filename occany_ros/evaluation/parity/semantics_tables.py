"""Golden files of class sets, of images for networks of masks, and of small functions."""

from collections.abc import Mapping, Sequence

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.array_files import read_table
from occany_ros.evaluation.parity.comparison import compare, Comparison, left_out
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.poses import mapping_comparison, plan_of, renamed
from occany_ros.evaluation.parity.semantics_boxes import same
from occany_ros.geometry.novel_views import novel_poses
from occany_ros.pipeline.preprocess import fit_image
from occany_ros.semantics.classes import ClassSet, KITTI, NO_CLASS, OCC3D
from occany_ros.semantics.sam3_prompts import queried_prompts
from occany_ros.semantics.sam3_reader import network_image
from occany_ros.semantics.squeezing import squeezed_image
import torch

SETS: Mapping[str, ClassSet] = {'occ3d_demo': OCC3D, 'kitti': KITTI}
IMAGE_TOLERANCE = 1e-5
ROUNDED_TOLERANCE = 1e-4
SQUARES = {'sam2_128': 128, 'sam3_252': 252}


def check_prompts(fixture: Fixture) -> list[Comparison]:
    """Compare names, prompts and numbers of the class sets."""
    table = read_table(fixture.path)
    comparisons = []
    for name, golden in table.items():
        for key, ours in _class_table(SETS[name]).items():
            comparisons.append(same(f'{name}.{key}', _texts(ours), _texts(golden.pop(key))))
        comparisons += [Comparison(f'{name}.{key}', float('nan'), None) for key in golden]
    return comparisons


def check_images(fixture: Fixture) -> list[Comparison]:
    """Fit an image to the network, and squeeze that into the squares of SAM 2 and SAM 3."""
    given, fitted = (fixture.tensors[name].numpy() for name in ('image_310x94', 'image_128x40'))
    ours = fit_image(given, (fitted.shape[1], fitted.shape[0])).image
    answers = {
        'image_128x40': Answer(torch.from_numpy(ours.copy()), 0.0),
        'sam2_128': Answer(squeezed_image(fitted, SQUARES['sam2_128']), IMAGE_TOLERANCE),
        'sam3_252': Answer(network_image(fitted, SQUARES['sam3_252']), IMAGE_TOLERANCE),
    }
    return matched(fixture, answers, {'image_310x94'})


def check_functions(fixture: Fixture) -> list[Comparison]:
    """Plan novel views, and say whose each is; the other functions have no part of ours."""
    table = read_table(fixture.path)
    comparisons = []
    for index, case in enumerate(table.pop('generate_intermediate_poses')):
        options = {name: value for name, value in case.items() if value is not None}
        seen = torch.eye(4, dtype=torch.float64).repeat(case['n_recon'], 1, 1)
        poses = novel_poses(seen, plan_of(renamed(options)))
        name = f'generate_intermediate_poses[{index}]'
        places = torch.tensor(case['poses_xyz'], dtype=torch.float64)
        ours = poses.world_from_camera[:, :3, 3]
        comparisons.append(compare(f'{name}.poses_xyz', ours, places, ROUNDED_TOLERANCE))
        mapping = case['recon_2_gen_mapping']
        comparisons.append(mapping_comparison(f'{name}.recon_2_gen_mapping', poses, mapping))
    reasons = {
        'parse_semantic_mode': 'names for a command line; ours are semantics.mode, model.variant',
        'allowed_gen_view_ids': 'novel views get no labels of their own here',
    }
    return comparisons + [_unused(name, reasons.get(name, '')) for name in table]


def check_moved_boxes(fixture: Fixture) -> list[Comparison]:
    """Say why nothing is computed: every image is searched for boxes of its own."""
    outputs = [name for name in fixture.tensors if name.startswith('out')]
    return [left_out(name, 'every image is searched, no box is carried over') for name in outputs]


def _class_table(classes: ClassSet) -> dict[str, int | Sequence[object]]:
    """Write a class set as the file does."""
    return {
        'class_names': classes.names,
        'prompts': [list(group) for group in classes.prompts],
        'empty_class': classes.empty,
        'other_class': classes.other,
        'n_classes': classes.count,
        'ignore_ids': sorted((classes.empty, classes.other, NO_CLASS)),
        'flat_prompts': [words for words, _ in classes.flat_prompts],
        'flat_prompt_class': [index for _, index in classes.flat_prompts],
        'sam3_valid_prompts': [words for words, _ in queried_prompts(classes)],
    }


def _texts(value: int | Sequence[object]) -> list[str]:
    """List the entries of a list, or a single number, as texts."""
    return [str(value)] if isinstance(value, int) else [str(entry) for entry in value]


def _unused(name: str, reason: str) -> Comparison:
    return left_out(name, reason) if reason else Comparison(name, float('nan'), None)
