"""Golden files of single functions: rotations, focal length, post-processing, preprocessing."""

import ast
import re

import numpy as np
from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.maps import MapTolerances, postprocessed, prefixed
from occany_ros.geometry.pointmap import focal_from_points
from occany_ros.geometry.pose_vector import pose_vector_from_matrix
from occany_ros.layers.embedding import rotary_table
from occany_ros.pipeline.preprocess import (
    fit_calibrated_image,
    fit_image,
    network_size,
    oriented_size,
)
import torch
from torch import Tensor

ROTARY_TOLERANCE = 1e-6
MAP_TOLERANCE = 1e-6
FOCAL_TOLERANCE = 1e-4
POSE_TOLERANCE = 2e-4
INTRINSICS_TOLERANCE = 1e-6


def check_rotary(fixture: Fixture) -> list[Comparison]:
    """Turn ``q*`` and compare with ``out*``; places may be shifted, as the note says."""
    tensors, note = fixture.tensors, fixture.metadata.get('note', '')
    answers = {}
    for name in filter(re.compile('q').match, tensors):
        output = f'out{name[1:]}'
        shift = re.search(rf'\b{output} uses pos\+(\d+)', note)
        places = tensors['pos'] + (int(shift[1]) if shift else int(name != 'q' and not note))
        turn = rotary_table(places.unsqueeze(1), tensors[name].shape[-1])
        answers[output] = Answer(turn(tensors[name]), ROTARY_TOLERANCE)
    inputs = {name for name in tensors if name == 'pos' or name.startswith('q')}
    return matched(fixture, answers, inputs)


def check_focal(fixture: Fixture) -> list[Comparison]:
    """Find the focal length of ``pts3d*`` and compare with ``focal*``."""
    inputs = {name for name in fixture.tensors if name.startswith('pts3d')}
    answers = {
        f'focal{name.removeprefix("pts3d")}': Answer(
            focal_from_points(fixture.tensors[name]), FOCAL_TOLERANCE
        )
        for name in inputs
    }
    return matched(fixture, answers, inputs)


def check_postprocessing(fixture: Fixture) -> list[Comparison]:
    """Post-process ``raw``: as released (``lin``), and as other weights need it (``exp``)."""
    tensors = fixture.tensors
    raw = tensors['raw']
    tolerances = MapTolerances(MAP_TOLERANCE, FOCAL_TOLERANCE, POSE_TOLERANCE)
    as_released = postprocessed(raw, 'linear', tensors['pose_out'], tolerances)
    answers = prefixed('lin', as_released)
    if 'exp.in_scale' in tensors:
        scaled = raw * tensors['exp.in_scale']
        vector = pose_vector_from_matrix(tensors['exp.pose_in'])
        answers |= prefixed('exp', postprocessed(scaled, 'norm_exp', vector, tolerances))
    return matched(fixture, answers, {'raw', 'pose_out', 'exp.in_scale', 'exp.pose_in'})


def check_preprocessing(fixture: Fixture) -> list[Comparison]:
    """Resize and cut ``demo*`` and ``eval*`` images, and choose sizes as in the table."""
    tensors, answers = fixture.tensors, {}
    for name in tensors:
        case = name.rpartition('.')[0]
        if case.startswith('demo') and name.endswith('.out'):
            image, golden = tensors[f'{case}.in'].numpy(), tensors[name]
            size = _size(fixture.metadata.get(f'{case}.resolution_wh'), golden)
            size = oriented_size(size, image.shape[1::-1], np.random.default_rng(0))
            answers[name] = Answer(torch.from_numpy(fit_image(image, size).image.copy()), 0.0)
        elif case.startswith('eval') and name.endswith('.out'):
            source = f'{case}.in' if f'{case}.in' in tensors else f'demo{case[4:]}.in'
            size = _size(fixture.metadata.get(f'{case}.resolution_wh'), tensors[name])
            fitted = fit_calibrated_image(
                tensors[source].numpy(), size, tensors[f'{case}.K'].double().numpy()
            )
            answers[name] = Answer(torch.from_numpy(fitted.image.copy()), 0.0)
            answers[f'{case}.K_out'] = Answer(
                torch.as_tensor(fitted.intrinsics), INTRINSICS_TOLERANCE
            )
    inputs = {name for name in tensors if name.endswith(('.in', '.K'))}
    return matched(fixture, answers, inputs) + _size_tables(fixture)


def _size(recorded: str | None, golden: Tensor) -> tuple[int, int]:
    width, height = ast.literal_eval(recorded) if recorded else golden.shape[1::-1]
    return int(width), int(height)


def _size_tables(fixture: Fixture) -> list[Comparison]:
    """Compare sizes chosen for cameras with the tables in the metadata; the error is in pixels."""
    comparisons = []
    for name, text in fixture.metadata.items():
        if not name.startswith('resolution_table'):
            continue
        misses = [
            abs(ours - golden)
            for camera, size in ast.literal_eval(text)
            for ours, golden in zip(network_size(*camera), size, strict=True)
        ]
        comparisons.append(Comparison(name=name, error=float(max(misses)), tolerance=0.0))
    return comparisons
