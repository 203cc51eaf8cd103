"""Golden losses of OccAny+, which stand among the parts around its networks."""

import json
import re
from typing import Final

from occany_ros.evaluation.parity.comparison import compare, Comparison, left_out
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.training.plus_criterion import (
    depth_loss,
    PlusEstimate,
    PlusTruth,
    point_distance,
    point_loss,
    ray_loss,
    sure_depth_loss,
    teacher_loss,
    teacher_scale,
)
import torch
from torch import Tensor

TOLERANCE: Final = 1e-5
RECORDED: Final = 'losses'
PREFIX: Final = 'loss.'
NOT_STORED: Final = {'distill(L1)': 'the file does not hold the features it compares'}


def check_plus_losses(fixture: Fixture) -> list[Comparison]:
    """Compute every loss recorded in the metadata, and the true rays the file holds."""
    if RECORDED not in fixture.metadata:
        return []
    recorded = json.loads(fixture.metadata[RECORDED])
    seeds = re.findall(r'manual_seed\((\d+)\)', ' '.join(recorded))
    given = {
        name.removeprefix(PREFIX): value
        for name, value in fixture.tensors.items()
        if name.startswith(PREFIX)
    }
    answers = loss_answers(given, int(seeds[0]) if seeds else 0)
    comparisons = []
    for name, value in recorded.items():
        answer = answers.get(name.partition('(')[0] + _kind(name))
        if answer is not None:
            golden = torch.tensor(value)
            comparisons.append(compare(f'{PREFIX}{name}', answer, golden, TOLERANCE))
        elif name in NOT_STORED:
            comparisons.append(left_out(f'{PREFIX}{name}', NOT_STORED[name]))
        else:
            comparisons.append(Comparison(f'{PREFIX}{name}', float('nan'), None))
    return comparisons


def loss_answers(given: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    """
    Compute all losses.

    :param given: tensors by their names in the file, without prefix.
    :param seed: of the draws scales are found with.
    """
    confidence, valid = given['conf'], given['mask'].bool()
    estimate = PlusEstimate(
        given['pred_pointmap'],
        given['pred_depth'],
        given['pred_raymap'],
        confidence,
        confidence,
    )
    truth = PlusTruth(given['gt_pointmap'], given['gt_depth'], given['gt_raymap'], valid)
    answers = {
        'pointmap_train': point_loss(estimate, truth),
        'pointmap_test': point_distance(estimate, truth),
        'depth_train': depth_loss(estimate, truth),
        'depth': sure_depth_loss(estimate, truth),
        'raymap_train': ray_loss(estimate, truth),
    }
    for kind, draws in (('ransac', torch.Generator().manual_seed(seed)), ('median', None)):
        scales = torch.stack(
            [
                teacher_scale(teacher, depth, mask, draws)
                for teacher, depth, mask in zip(
                    given['aux_depth'], given['gt_depth'], valid, strict=True
                )
            ]
        )
        answers[f'scale_inv.scales_{kind}'] = scales
        answers[f'scale_inv {kind}'] = teacher_loss(
            given['pred_depth'], given['aux_depth'], valid, scales
        )
    return answers


def _kind(name: str) -> str:
    """Tell two losses of one name apart by what stands first in their brackets."""
    found = re.match(r'scale_inv\((\w+)', name)
    return f' {found[1]}' if found else ''
