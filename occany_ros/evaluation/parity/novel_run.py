"""
Novel views of whole golden runs.

They are rendered from the recorded poses, focal length and winners, wherever a file holds them: a
point on the border of two pixels falls on either side for a difference in the last digit, and one
pixel changes its patch. Views without recorded winners are rendered from ours, and a few patches
of theirs may differ. Planned poses and our own winners are compared beside that.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import re

from occany_ros.evaluation.parity.answers import Answer
from occany_ros.evaluation.parity.comparison import compare, Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.maps import MapTolerances, postprocessed, prefixed
from occany_ros.evaluation.parity.networks import DecoderRun
from occany_ros.evaluation.parity.novel import flipped_pixels
from occany_ros.evaluation.parity.poses import mapping_comparison, plan_of, recorded_options
from occany_ros.evaluation.parity.setup import (
    build_novel_decoder,
    build_ray_maps,
    decoder_config,
)
from occany_ros.geometry.novel_views import novel_poses
from occany_ros.geometry.pose_vector import pose_vector_from_matrix
from occany_ros.models.conditioning import (
    conditioning_maps,
    nearest_pixels,
    ray_map_tokens,
    seen_pixels,
    SeenPixels,
)
from occany_ros.models.memory import Memory
from occany_ros.models.postprocess import (
    point_maps,
    registered_poses,
    shared_focal,
    surface_maps,
)
import torch
from torch import Tensor

WINNERS = 'gen.splat_index'
SOME_WINNERS = re.compile(r'splat_index_views_(\d+(?:_\d+)*)')
CONDITIONING_SUM = re.compile(r'cond_sum_b(\d+)')
# Released code finds a focal length in every chunk, which nobody reads.
UNUSED_FOCAL_TOLERANCE = 1e-4
# Pixels of a view that may show another point than recorded.
FLIPPED_PIXELS = 4
FLIPPED_SHARE = 1e-4
# What such pixels may do to views without recorded winners: this share of the numbers may be off
# by anything, as their patches are, and the decoder spreads a little of it over the whole view.
DISTURBED = 0.05
DISTURBED_TOLERANCE = 5e-3
LAST_TOKENS = 'x_ray_last_batch'
FEATURES = ('sam_image_embed', 'sam_s1', 'sam_s0')


@dataclass(frozen=True, slots=True, eq=False)
class SeenRun:
    """
    What the reconstruction of a run leaves to its novel views.

    :param images: RGB in [-1, 1], (b, v, 3, h, w).
    :param raw: raw maps of the render pass, offset added, (b, v, h, w, 7 or more).
    :param features: pyramid of the render pass, coarsest first, (b, v, c, e, e) each.
    :param memory: of all views.
    :param grid: rows and columns of patches.
    """

    images: Tensor
    raw: Tensor
    features: tuple[Tensor, ...]
    memory: Memory
    grid: tuple[int, int]


def has_novel_views(fixture: Fixture) -> bool:
    """Tell whether a file holds novel views at all."""
    return 'gen.c2w_input' in fixture.tensors


def novel_answers(
    fixture: Fixture, run: SeenRun, tolerances: MapTolerances
) -> tuple[dict[str, Answer], list[Comparison]]:
    """
    Render the novel views of a run.

    :returns: answers by name, and comparisons made already.
    """
    tensors = fixture.tensors
    options = recorded_options(fixture.metadata.get('options', ''))
    poses = tensors['gen.c2w_input']  # (b, r, 4, 4)
    sources = _sources(fixture, run)
    own = torch.stack([nearest_pixels(seen, x) for seen, x in zip(sources, poses, strict=True)])
    winners, comparisons, views = _recorded_winners(fixture, own)
    known = _tokens(fixture, sources, winners, poses)
    outputs = _decoded(fixture, run, known, tolerances.maps)
    activation = decoder_config(fixture).activation
    vector = pose_vector_from_matrix(poses)
    answers = postprocessed(outputs['raw'], activation, vector, tolerances)
    # What users get takes only the rows of the head it needs.
    points, confidence = surface_maps(outputs['surfaces'], activation)
    answers['pts3d'] = Answer(points, tolerances.maps, leading_axis=1)
    answers['conf'] = Answer(confidence, tolerances.maps, leading_axis=1)
    chunk = int(options.get('chunk', poses.shape[1]))
    local = point_maps(outputs['raw'], activation).local_points
    answers['focal'] = Answer(_chunk_focals(local, chunk), UNUSED_FOCAL_TOLERANCE)
    answers |= {name: Answer(outputs[name], tolerances.maps, leading_axis=1) for name in FEATURES}
    found = prefixed('gen', answers) | _conditioning(sources, winners, poses, chunk, tolerances)
    last = (poses.shape[1] - 1) // chunk * chunk
    found[LAST_TOKENS] = Answer(known[:, last:], tolerances.maps)
    if len(views) < poses.shape[1]:
        comparisons += _of_views(fixture, found, views)
        found = {name: _disturbed(name, answer) for name, answer in found.items()}
    planned, mapping = _planned(fixture, run, tolerances)
    return found | planned, comparisons + mapping


def input_names(fixture: Fixture) -> set[str]:
    """Tensors that novel views are rendered from, or that are compared apart."""
    return {name for name in fixture.tensors if name == WINNERS or SOME_WINNERS.fullmatch(name)}


def _sources(fixture: Fixture, run: SeenRun) -> list[SeenPixels]:
    """Everything known of the seen views of each scene of a batch."""
    maps = point_maps(run.raw, decoder_config(fixture).activation)
    focal = fixture.tensors['recon.focal']
    return [
        seen_pixels(
            run.images[b],
            maps.world_points[b],
            maps.confidence[b],
            [level[b] for level in run.features],
            focal[b].reshape(-1)[0],
        )
        for b in range(len(run.images))
    ]


def _recorded_winners(fixture: Fixture, own: Tensor) -> tuple[Tensor, list[Comparison], list[int]]:
    """Take recorded winners where there are any, ours elsewhere; compare both; name the views."""
    if WINNERS in fixture.tensors:
        golden = fixture.tensors[WINNERS].long()
        compared = [flipped_pixels(WINNERS, own, golden, _allowed(golden))]
        return golden, compared, list(range(own.shape[1]))
    winners, comparisons, recorded = own.clone(), [], []
    for name in filter(SOME_WINNERS.fullmatch, fixture.tensors):
        views = [int(view) for view in name.split('_')[3:]]
        golden = fixture.tensors[name].long()
        winners[:, views] = golden
        recorded += views
        comparisons.append(flipped_pixels(name, own[:, views], golden, _allowed(golden)))
    return winners, comparisons, recorded


def _allowed(winners: Tensor) -> int:
    """Count the pixels of a view that may show another point than recorded."""
    return max(FLIPPED_PIXELS, int(FLIPPED_SHARE * winners.shape[-2:].numel()))


def _of_views(
    fixture: Fixture, answers: Mapping[str, Answer], views: list[int]
) -> list[Comparison]:
    """Compare the views with recorded winners alone, in full strictness."""
    comparisons = []
    whole = fixture.tensors['gen.c2w_input'].shape[:2]
    for name in sorted(answers.keys() & fixture.tensors.keys() - {'gen.focal', LAST_TOKENS}):
        ours, golden = answers[name].value, fixture.tensors[name]
        if ours.shape[:2] == golden.shape[:2] == whole:
            parts = ours[:, views], golden[:, views]
            comparisons.append(compare(f'{name} {views}', *parts, answers[name].tolerance))
    return comparisons


def _disturbed(name: str, answer: Answer) -> Answer:
    """Allow for winners that differ in views without recorded ones."""
    is_decoded = name.startswith('gen.')
    tolerance = max(answer.tolerance, DISTURBED_TOLERANCE) if is_decoded else answer.tolerance
    return replace(answer, tolerance=tolerance, spared=DISTURBED)


def _tokens(
    fixture: Fixture, sources: Sequence[SeenPixels], winners: Tensor, poses: Tensor
) -> Tensor:
    encoder = build_ray_maps(fixture)
    return torch.stack(
        [ray_map_tokens(encoder, seen, winners[b], poses[b]) for b, seen in enumerate(sources)]
    )


def _decoded(fixture: Fixture, run: SeenRun, known: Tensor, tolerance: float) -> dict[str, Tensor]:
    decoder_run = DecoderRun(*build_novel_decoder(fixture), run.grid, tolerance)
    return decoder_run.render(run.memory, known)


def _chunk_focals(local_points: Tensor, chunk: int) -> Tensor:
    """Focal lengths as the released code finds them: from the first view of each chunk."""
    return torch.cat([shared_focal(x) for x in torch.split(local_points, chunk, dim=1)], dim=1)


def _conditioning(
    sources: Sequence[SeenPixels],
    winners: Tensor,
    poses: Tensor,
    chunk: int,
    tolerances: MapTolerances,
) -> dict[str, Answer]:
    """Gather the first conditioning channels, and sums of all of them, chunk by chunk."""
    first, sums = [], []
    for seen, nearest, cameras in zip(sources, winners, poses, strict=True):
        maps = [
            conditioning_maps(seen, nearest[r, None], cameras[r, None])[0]
            for r in range(len(cameras))
        ]
        first.append(torch.stack([x[:10].movedim(0, -1) for x in maps]))
        sums.append(torch.stack([x.double().sum(dim=(1, 2)) for x in maps]))
    answers = {'cond_ch0_10': Answer(torch.stack(first), tolerances.maps)}
    parts = torch.split(torch.stack(sums), chunk, dim=1)
    return answers | {
        f'cond_sum_b{index + 1}': Answer(part, tolerances.maps) for index, part in enumerate(parts)
    }


def _planned(
    fixture: Fixture, run: SeenRun, tolerances: MapTolerances
) -> tuple[dict[str, Answer], list[Comparison]]:
    """Poses planned by ourselves around the views as we registered them."""
    options = recorded_options(fixture.metadata['options'])
    registered = registered_poses(point_maps(run.raw, decoder_config(fixture).activation))
    poses = novel_poses(registered, plan_of(options))
    answers = {'gen.c2w_input': Answer(poses.world_from_camera, tolerances.registered)}
    if 'mapping' not in fixture.metadata:
        return answers, []
    mapping = ast.literal_eval(fixture.metadata['mapping'])
    return answers, [mapping_comparison('mapping', poses, mapping)]
