"""Golden files of the OccAny+ network that imagines."""

from dataclasses import dataclass, replace

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture, read_fixture
from occany_ros.evaluation.parity.plus_setup import build
from occany_ros.evaluation.parity.taps import every_call
from occany_ros.models.conditioning import (
    channels_at,
    nearest_pixels,
    ray_map_tokens,
    seen_pixels,
    SeenPixels,
)
from occany_ros.models.plus.config import PATCH
from occany_ros.models.plus.network import PlusNetwork
from occany_ros.models.plus.novel import imagined, Imagining, pinhole_rays, told_by
from occany_ros.models.prediction import NovelViews, Prediction
import torch
from torch import nn, Tensor

TOLERANCE = 1e-5
FEATURE_SEED = 200
CELLS_A_PATCH = (4, 2, 1)
INPUTS = 'gen_small_B.safetensors'
"""The file whose inputs all others share."""
OTHER_GROUP = 'depth.gen_batch_size_'


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """
    What the golden views were imagined from.

    :param images: as the network takes them, (v, 3, h, w).
    :param seen: the reconstruction, with features.
    :param poses: of the novel views, (r, 4, 4).
    """

    images: Tensor
    seen: Prediction
    poses: Tensor


def check_imagination(fixture: Fixture) -> list[Comparison]:
    """Imagine the views of a file, and compare every output, and what passes on the way."""
    network = build(fixture, imagines=True).imagining
    if network is None:
        raise ValueError('gen: expected a network that imagines, got none')
    scene = read_scene(fixture)
    group = int(fixture.metadata['gen_batch_size'])
    common = network.features.projection if network.features else nn.Identity()
    with every_call({'sam.pre_neck': common}) as calls:
        outputs = view_answers(_imagined(network, scene, group))
    outputs |= {name: torch.cat([x for _, x in made])[None] for name, made in calls.items()}
    for name in fixture.tensors:
        if name.startswith(OTHER_GROUP):
            other = int(name.removeprefix(OTHER_GROUP))
            outputs[name] = view_answers(_imagined(network, scene, other))['depth']
    pixels = _pixels(scene)
    nearest = nearest_pixels(pixels, scene.poses)
    outputs['zbuf.index_plus_1'] = (nearest + 1)[None].int()
    if any(name.startswith('enc_') for name in fixture.tensors):
        outputs |= conditioning_answers(fixture, network, scene, nearest, group)
    if any(name.startswith('block') for name in fixture.tensors):
        outputs |= states_of_first_group(network, scene, group)
        fixture = replace(fixture, tensors=fixture.tensors | used_states(fixture, network))
    views = [0, len(scene.poses) - 1]
    rays = pinhole_rays(pixels, scene.poses[views])
    origins = scene.poses[views, None, None, :3, 3].expand_as(rays)
    outputs['ray.view0_view5'] = torch.cat((rays, origins), dim=-1)[None]
    answers = {name: Answer(value, TOLERANCE) for name, value in outputs.items()}
    given = {name for name in fixture.tensors if name.startswith('recon.')}
    return matched(fixture, answers, {'images', 'poses', 'enc_in.channel_ids', *given})


def read_scene(fixture: Fixture) -> Scene:
    """Read the inputs a file shares with the others of its kind."""
    path = fixture.path.with_name(INPUTS)
    source = (fixture if fixture.path == path else read_fixture(path)).tensors
    edge = int(fixture.metadata['img_size']) // PATCH
    views = source['images'].shape[1]
    features = tuple(
        torch.randn(
            (1, views, 256, cells * edge, cells * edge),
            generator=torch.Generator().manual_seed(FEATURE_SEED + level),
        )[0]
        for level, cells in enumerate(CELLS_A_PATCH)
    )
    pose = torch.eye(4).repeat(views, 1, 1)
    pose[:, :3] = source['recon.c2w'][0]
    points = source['recon.pointmap'][0]
    return Scene(
        images=source['images'][0],
        seen=Prediction(
            world_points=points,
            local_points=points,
            confidence=source['recon.depth_conf'][0],
            world_from_camera=pose,
            focal=source['recon.intrinsics'][0, :, 0, 0],
            features=features,
        ),
        poses=source['poses'][0],
    )


def view_answers(views: NovelViews) -> dict[str, Tensor]:
    """Name what novel views say; their depth is along the optical axis."""
    pose = views.world_from_camera
    offset = views.world_points - pose[:, None, None, :3, 3]
    depth = torch.einsum('rhwi,ri->rhw', offset, pose[:, :3, 2])
    named = {
        'depth': depth[None],
        'depth_conf': views.confidence[None],
        'pointmap': views.world_points[None],
    }
    return named | {f'sam.s{level}': x[None] for level, x in enumerate(views.features)}


def conditioning_answers(
    fixture: Fixture, network: PlusNetwork, scene: Scene, nearest: Tensor, group: int
) -> dict[str, Tensor]:
    """Name what the encoder is told and answers, of the seen views and the first two groups."""
    pixels = _pixels(scene)
    own = torch.arange(len(pixels.surface)).reshape(len(scene.images), *pixels.size)
    named: dict[str, Tensor] = {}
    if network.encoder is None:
        return named
    for number, first in enumerate(range(0, min(2 * group, len(nearest)), group)):
        some = slice(first, first + group)
        shown = torch.cat((own, nearest[some]))
        poses = torch.cat((scene.seen.world_from_camera, scene.poses[some]))
        tokens = ray_map_tokens(network.encoder, pixels, shown, poses)
        named[f'enc_out.batch{number}'] = tokens[None]
        if number == 0 and 'enc_in.channel_ids' in fixture.tensors:
            channels = torch.cat(channels_at(pixels, shown.flatten(1), poses), dim=-1)
            chosen = channels[..., fixture.tensors['enc_in.channel_ids'].long()]
            named['enc_in.batch0.channels'] = chosen.mT.reshape(len(shown), -1, *pixels.size)
    return named


def states_of_first_group(network: PlusNetwork, scene: Scene, group: int) -> dict[str, Tensor]:
    """Name the used states of the tokens after each block, and what the heads read."""
    watched: dict[str, nn.Module] = {
        f'block{index}.batch0': block for index, block in enumerate(network.backbone.blocks)
    }
    watched['feats'] = network.surfaces.norm
    with every_call(watched) as calls:
        _imagined(network, Scene(scene.images, scene.seen, scene.poses[:group]), group)
    read = {f'feats.{level}.batch0': x[None] for level, (x, _) in enumerate(calls.pop('feats'))}
    count = calls['block0.batch0'][0][1].shape[1]
    states = {}
    for name, found in calls.items():
        state = torch.cat([x.reshape(-1, count, x.shape[-1]) for _, x in found])
        if len(found) == 1:  # the seen views stand behind the group, once both are together
            state = torch.cat((state[group:], state[:group]))
        states[name] = state[None]
    return states | read


def used_states(fixture: Fixture, network: PlusNetwork) -> dict[str, Tensor]:
    """
    Leave out of a file's states the seen views that nobody looks at any more.

    :returns: those after the last block they take part in: of all seen views but the first, and
        of the first (OccAny+ spec, section 8.5).
    """
    config = network.backbone.config
    parting, last = (f'block{index - 1}.batch0' for index in (config.first_turned, config.depth))
    seen = fixture.tensors['images'].shape[1]
    state = fixture.tensors[parting]
    return {
        parting: torch.cat((state[:, :1], state[:, seen:]), dim=1),
        last: fixture.tensors[last][:, 1:],
    }


def _pixels(scene: Scene) -> SeenPixels:
    seen = scene.seen
    return seen_pixels(
        scene.images, seen.world_points, seen.confidence, seen.features, seen.focal.mean()
    )


def _imagined(network: PlusNetwork, scene: Scene, group: int) -> NovelViews:
    how = Imagining(group, torch.float32, with_features=True)
    told = told_by(network, scene.images, scene.seen, how.precision)
    return imagined(network, told, scene.poses, how)
