"""Golden files of the OccAny+ reconstruction network and of its training-time branch."""

from copy import deepcopy

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture, read_fixture
from occany_ros.evaluation.parity.plus_setup import build, fill, images_of
from occany_ros.evaluation.parity.taps import tapped
from occany_ros.models.plus.config import METRES, PATCH
from occany_ros.models.plus.occany_plus import OccAnyPlus
from occany_ros.models.plus.surface_head import Surfaces
import torch
from torch import nn, Tensor

TOLERANCE = 1e-5


def check_reconstruction(fixture: Fixture) -> list[Comparison]:
    """Reconstruct the images, and compare what the heads say and what passes on the way."""
    if 'aux_input_layer_idx' in fixture.metadata:
        return check_training_branch(fixture)
    network = build(fixture)
    images = images_of(fixture)
    grid = (images.shape[-2] // PATCH, images.shape[-1] // PATCH)
    backbone, features = network.seeing.backbone, network.seeing.features
    watched: dict[str, nn.Module] = {
        f'block{index}': block for index, block in enumerate(backbone.blocks)
    }
    watched['main_in'] = network.seeing.surfaces.depth.hidden
    if features is not None:
        watched |= {'fused': features.chain, 'common': features.projection}
    with tapped(watched) as seen:
        embedded = backbone.embed(images)
        taps = network.taps(backbone.alone(embedded, grid), grid)
        read = network.seeing.read(
            [tap[0] for tap in taps], grid, with_rays=True, with_features=True
        )
    shape = (1, *embedded.shape)
    outputs = {'images.corner': images[None], 'tokens.embed': embedded[None]}
    states = [seen[f'block{index}'][1].reshape(shape) for index in range(backbone.config.depth)]
    outputs |= token_states(states, network)
    outputs |= {f'feats.{level}': tap for level, tap in enumerate(taps)}
    outputs |= surface_answers(read.surfaces)
    outputs['head.main_in.view0'] = seen['main_in'][0][:1]
    if features is not None:
        outputs['sam.fused_in.view0'] = seen['fused'][1][:1]
        outputs['sam.pre_neck'] = seen['common'][1][None]
        outputs |= {f'sam.s{level}': x[None] for level, x in enumerate(read.features)}
    answers = {name: Answer(value, TOLERANCE, _corner(name)) for name, value in outputs.items()}
    return matched(fixture, answers, {'images'})


def token_states(states: list[Tensor], network: OccAnyPlus) -> dict[str, Tensor]:
    """
    Name the states of the tokens after each block, and what the heads could read of the special.

    :param states: after each block, (1, v, 1 + n, d).
    """
    config = network.config.backbone
    named, local = {}, states[0]
    for index, state in enumerate(states):
        if index < config.first_turned or index % 2 == 0:
            local = state
        named[f'tokens.x.{index}'], named[f'tokens.local.{index}'] = state, local
        if index in config.taps:
            level = config.taps.index(index)
            named[f'feats.cam.{level}'] = torch.cat((local, state), dim=-1)[:, :, 0]
    return named


def surface_answers(surfaces: Surfaces) -> dict[str, Tensor]:
    """Name what the surface head says, in metres."""
    metric = surfaces.scaled(METRES)
    return {
        'depth': metric.depth[None],
        'depth_conf': metric.confidence[None],
        'ray': metric.rays[None],
        'ray_conf': metric.ray_confidence[None],
        'pointmap': metric.points()[None],
    }


def check_training_branch(fixture: Fixture) -> list[Comparison]:
    """
    Compare the frozen copies of the last blocks and of the head, which only training uses.

    They go on from the state of the network before them, and read its taps up to there (OccAny+
    spec, section 12.1).
    """
    network = build(fixture)
    images = images_of(_plain_twin(fixture))
    grid = (images.shape[-2] // PATCH, images.shape[-1] // PATCH)
    backbone, rule = network.seeing.backbone, fixture.metadata['rule']
    config = backbone.config
    begin = int(fixture.metadata['aux_input_layer_idx']) + 1
    alone = backbone.alone(backbone.embed(images), grid)
    stream, early = backbone.together(
        backbone.joined(alone[None]), grid, config.first_turned, begin
    )
    copied, head = deepcopy(backbone), deepcopy(network.seeing.surfaces)
    for index in range(begin, config.depth):
        released = f'model.backbone.pretrained.blocks.{index}.'
        own = f'aux_blocks.{index - begin}.'
        block = copied.blocks[index]
        fill(block, rule, prefix=f'backbone.blocks.{index}.', renamed=(released, own))
    fill(head, rule, prefix='surfaces.', renamed=('model.head.', 'aux_head.'))
    _, late = copied.together(stream, grid, begin, config.depth)
    said = head([tap[0] for tap in (*early, *late)], grid, with_rays=True)
    main = network.seeing.surfaces(
        [tap[0] for tap in network.taps(alone, grid)], grid, with_rays=False
    )
    outputs = {f'aux.{name}': value for name, value in surface_answers(said).items()}
    outputs['depth'] = METRES * main.depth[None]
    answers = {name: Answer(value, TOLERANCE) for name, value in outputs.items()}
    return matched(fixture, answers, ())


def _plain_twin(fixture: Fixture) -> Fixture:
    """Find the file whose images a file of the training branch shares."""
    name = fixture.stem.replace('_aux', '')
    return read_fixture(fixture.path.with_name(f'{name}.safetensors'))


def _corner(name: str) -> int | None:
    return 3 if name == 'images.corner' else None
