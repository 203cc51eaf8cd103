"""Golden files of whole runs, from images to novel views."""

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import compare, Comparison
from occany_ros.evaluation.parity.deterministic import drawn_images
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.maps import MapTolerances, postprocessed, prefixed
from occany_ros.evaluation.parity.networks import DecoderRun, recorded_groups, tolerance_of
from occany_ros.evaluation.parity.novel_run import (
    FEATURES,
    has_novel_views,
    input_names,
    novel_answers,
    SeenRun,
)
from occany_ros.evaluation.parity.scene import call_arguments, corridor
from occany_ros.evaluation.parity.setup import build_decoder, decoder_config, encoded_images
from occany_ros.layers.embedding import grid_positions
import torch
from torch import Tensor

FULL_TOLERANCE = 1e-4
REGISTERED_TOLERANCE = 2e-4


def check_run(fixture: Fixture) -> list[Comparison]:
    """Reconstruct the images of a run, render its novel views, and compare everything."""
    is_full = fixture.stem.startswith('full')
    tolerance = FULL_TOLERANCE if is_full else tolerance_of(fixture)
    images = _images(fixture)
    tokens, grid = encoded_images(fixture, images)
    answers = _encoder_answers(images, tokens, grid, tolerance)
    run = DecoderRun(*build_decoder(fixture), grid, tolerance)
    memory = run.remember(tokens, recorded_groups(fixture, tokens.shape[1]))
    rendered = run.render(memory, tokens)
    answers |= run.answers
    offset = _offset(fixture)
    if _holds_offset(fixture, rendered['raw'], offset):
        answers |= _with_offset(answers, offset, recorded_groups(fixture, tokens.shape[1]))
    tolerances = MapTolerances(tolerance, tolerance, REGISTERED_TOLERANCE)
    activation = decoder_config(fixture).activation
    raw, pose = rendered['raw'] + offset, rendered['pose']
    answers |= prefixed('recon', postprocessed(raw, activation, pose, tolerances))
    answers |= {
        f'recon.{name}': Answer(rendered[name], tolerance, leading_axis=1) for name in FEATURES
    }
    inputs = {'img', 'head_offset'}
    comparisons: list[Comparison] = []
    if has_novel_views(fixture):
        features = tuple(rendered[name] for name in FEATURES)
        seen = SeenRun(images, raw, features, memory, grid)
        novel, comparisons = novel_answers(fixture, seen, tolerances)
        answers |= novel
        inputs |= input_names(fixture)
    return matched(fixture, answers, inputs) + comparisons


def _images(fixture: Fixture) -> Tensor:
    if 'img' in fixture.tensors:
        return fixture.tensors['img']
    name, views, height, width = call_arguments(fixture.metadata['img'])
    return drawn_images(str(name), (1, int(views), 3, int(height), int(width)))


def _offset(fixture: Fixture) -> Tensor:
    """Raw maps that are added to those of the network."""
    if 'head_offset' in fixture.tensors:
        return fixture.tensors['head_offset']
    views, height, width, focal = call_arguments(fixture.metadata['head_offset'])
    return corridor(int(views), int(height), int(width), float(focal))


def _encoder_answers(
    images: Tensor, tokens: Tensor, grid: tuple[int, int], tolerance: float
) -> dict[str, Answer]:
    flat = tokens.flatten(0, 1)
    places = grid_positions(*grid).expand(flat.shape[0], -1, -1)
    return {
        'img_slice': Answer(images, tolerance),
        'encoder.tokens': Answer(flat, tolerance),
        'encoder.pos': Answer(places, 0.0),
        'encoder.mean_std': Answer(torch.stack((flat.mean(), flat.std())), tolerance),
    }


def _holds_offset(fixture: Fixture, raw: Tensor, offset: Tensor) -> bool:
    """Whether a file's raw maps were stored after the offset was added."""
    golden = fixture.tensors.get('render.raw')
    if golden is None:
        return False
    plain, shifted = (
        compare('render.raw', x, golden, 0.0, leading_axis=1) for x in (raw, raw + offset)
    )
    return shifted.error < plain.error


def _with_offset(
    answers: dict[str, Answer], offset: Tensor, ranges: list[tuple[int, int]]
) -> dict[str, Answer]:
    """Raw maps of every call with their views' part of the offset added."""
    calls = {f'step{index}': offset[:, first:last] for index, (first, last) in enumerate(ranges)}
    calls['render'] = offset
    return {
        f'{call}.raw': Answer(
            answers[f'{call}.raw'].value + part, answers[f'{call}.raw'].tolerance, leading_axis=1
        )
        for call, part in calls.items()
    }
