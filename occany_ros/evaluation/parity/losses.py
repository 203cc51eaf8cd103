"""Golden files of the training criterion: losses and every number reported beside them."""

import ast
from collections.abc import Mapping
from dataclasses import replace
import json
import re
from typing import Final

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.deterministic import drawn
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.geometry.alignment import nearest_rotation, rigid_matrix
from occany_ros.models.postprocess import point_maps, PointMaps
from occany_ros.training.criterion import evaluation_loss, Loss, training_loss
from occany_ros.training.distillation import feature_losses
from occany_ros.training.supervision import Estimate, Truth
import torch
from torch import Tensor

TOLERANCE: Final = 1e-5
REGISTERED_TOLERANCE: Final = 2e-4
INPUTS: Final = frozenset(('gt_pts', 'gt_c2w', 'valid', 'pred_raw', 'pose'))
METRIC: Final = {'metric': True, 'nonmetric': False}
NOTE: Final = 'distill.note'


def check_losses(fixture: Fixture) -> list[Comparison]:
    """
    Compute the losses of predictions and of features, and compare them with all numbers.

    Numbers in the metadata count as tensors called after their place, e.g.
    ``metric.details.conf_loss_g``.

    :raises ValueError: if the note does not tell the features, or the details are not JSON.
    """
    golden = fixture.tensors | _recorded_numbers(fixture.metadata)
    answers: dict[str, Tensor] = {}
    for kind, is_metric in METRIC.items():
        if any(name.startswith(f'{kind}.') for name in golden):
            answers |= _point_losses(fixture.tensors, kind, is_metric=is_metric)
    if any(name.startswith('distill.') for name in golden):
        answers |= _feature_losses(fixture.metadata.get(NOTE, ''))
    return matched(
        replace(fixture, tensors=golden),
        {name: Answer(value, _tolerance(name)) for name, value in answers.items()},
        INPUTS,
    )


def _tolerance(name: str) -> float:
    """Allow registered poses what they are allowed everywhere: they sum over all pixels."""
    return REGISTERED_TOLERANCE if name.endswith('_pose_regis') else TOLERANCE


def _recorded_numbers(metadata: Mapping[str, str]) -> dict[str, Tensor]:
    return {
        f'{place}.{name}': torch.tensor(value, dtype=torch.float64)
        for place, text in metadata.items()
        if place.endswith('details')
        for name, value in json.loads(text).items()
    }


def _point_losses(
    tensors: Mapping[str, Tensor], kind: str, *, is_metric: bool
) -> dict[str, Tensor]:
    maps = point_maps(tensors['pred_raw'], 'linear')
    estimate = Estimate(
        maps=maps, pose_vectors=tensors['pose'], world_from_registered=_registered(maps)
    )
    truth = Truth(
        points=tensors['gt_pts'],
        world_from_camera=tensors['gt_c2w'],
        valid=tensors['valid'],
        is_metric=torch.full(tensors['valid'].shape[:1], is_metric),
    )
    training, test = training_loss(estimate, truth), evaluation_loss(estimate, truth)
    details = {'conf_loss_g': training.world, 'conf_loss_l': training.local}
    return {
        f'{kind}.loss': training.total,
        f'{kind}.test_loss': test.total,
        **{f'{kind}.details.{name}': x for name, x in (details | _reported(training)).items()},
        **{f'{kind}.test_details.{name}': x for name, x in _reported(test).items()},
    }


def _reported(loss: Loss) -> dict[str, Tensor]:
    errors = loss.errors
    values = {
        'pts3d': errors.world,
        'pts3d_local': errors.local,
        'pose': loss.pose,
        'rot_error_deg': errors.head.rotation_deg,
        'trans_error': errors.head.translation_m,
        'rot_error_deg_pose_regis': errors.registered.rotation_deg,
        'trans_error_pose_regis': errors.registered.translation_m,
    }
    return {f'Regr3D_multiview_{name}': value for name, value in values.items()}


def _registered(maps: PointMaps) -> Tensor:
    """
    Register poses with sums in float32, as the released code does.

    `occany_ros.models.postprocess.registered_poses` is closer to the optimum, by up to 1e-4 m;
    the errors reported here are held to 1e-5, and a small angle, being an arc cosine near 1,
    agrees only where the last digits of the rotation do.
    """
    x, y = maps.local_points.flatten(-3, -2), maps.world_points.flatten(-3, -2)  # (b, v, p, 3)
    weights = (maps.confidence - 1.0).flatten(-2, -1).unsqueeze(-2)  # (b, v, 1, p)
    weights = weights / weights.sum(dim=-1, keepdim=True)
    x_mean, y_mean = (weights @ z / weights.sum(dim=-1, keepdim=True) for z in (x, y))
    moment = (weights.mT * (y - y_mean)).mT @ (x - x_mean)  # (b, v, 3, 3)
    rotation = nearest_rotation(moment.double()).to(x)
    return rigid_matrix(rotation, (y_mean.mT - rotation @ x_mean.mT).squeeze(-1))


def _feature_losses(note: str) -> dict[str, Tensor]:
    """Draw the features and the confidence that the note names, and compare them."""
    ladders = re.findall(r"'([\w.]+)\{", note)  # student, teacher, e.g. 'input.loss.s{0,1,2}'
    drawings = re.search(r"det_tensor\('([\w.]+)', *(\([\d, ]+\))\)", note)
    shapes = [ast.literal_eval(text) for text in re.findall(r'\(\d[\d, ]*\)', note)]
    if len(ladders) != 2 or drawings is None or len(shapes) < 2:
        raise ValueError(
            f'{NOTE}: expected two series of features with their shapes and the confidence, '
            f'got {note!r}'
        )
    confidence_shape = ast.literal_eval(drawings[2])
    shapes.remove(confidence_shape)
    folder = ladders[0].rpartition('.')[0]
    names = (name if '.' in name else f'{folder}.{name}' for name in ladders)
    student, teacher = (
        [drawn(f'{name}{level}', shape) for level, shape in enumerate(shapes)] for name in names
    )
    confidence = 1.0 + drawn(drawings[1], confidence_shape).exp()
    levels = feature_losses(student, teacher, confidence)
    answers = {f'distill.details.feat_{level}': loss for level, loss in enumerate(levels)}
    return answers | {'distill.loss': levels.sum(), 'distill.details.total': levels.sum()}
