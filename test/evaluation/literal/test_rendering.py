"""The fast novel views answer what the literal ones answer, saving by saving."""

from dataclasses import replace

from occany_ros.evaluation.literal.conditioning import conditioning_map, point_table
from occany_ros.evaluation.literal.decoder import render
from occany_ros.evaluation.literal.ray_encoder import encoded_maps, unread_transformer
from occany_ros.evaluation.literal.reconstruction import reconstruct
from occany_ros.evaluation.literal.rendering import render_novel
from occany_ros.evaluation.parity.deterministic import fill
from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan
from occany_ros.models.conditioning import (
    conditioning_maps,
    nearest_pixels,
    ray_map_tokens,
    seen_pixels,
)
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
from occany_ros.models.occany import OccAny
from occany_ros.models.postprocess import PointMaps
from occany_ros.models.prediction import Prediction
from occany_ros.models.views import Views
import pytest
import torch

GRID = (3, 4)
TOLERANCE = 1e-5
FOCAL = 40.0


@pytest.fixture(scope='module')
def network():
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=2, heads=2),
        decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
        ray_maps=RayMapConfig(encoder_width=64, width=48, part_width=16),
    )
    made = OccAny(config).eval()
    names = ('encoder', 'decoder', 'heads', 'ray_maps', 'novel_decoder', 'novel_heads')
    for name in names:
        fill(getattr(made, name), name, 0.05)
    return made


@pytest.fixture(scope='module')
def images():
    generator = torch.Generator().manual_seed(4)
    return torch.rand(3, 3, 48, 64, generator=generator) * 2 - 1


@pytest.fixture(scope='module')
def scene(network, images):
    """Reconstruct, but take a wavy wall before three cameras in a row for what was seen."""
    made = reconstruct(network, images)
    height, width = images.shape[-2:]
    row, column = torch.meshgrid(
        torch.arange(height) - height / 2, torch.arange(width) - width / 2, indexing='ij'
    )
    depth = 6 + torch.sin(row / 7) + torch.cos(column / 5)
    local = torch.stack((column / FOCAL, row / FOCAL, torch.ones_like(row)), dim=-1)
    local = (local * depth[..., None]).expand(len(images), -1, -1, -1)
    shift = torch.arange(len(images))[:, None, None, None] * torch.tensor([0.3, 0.0, 0.5])
    world_from_camera = torch.eye(4).repeat(len(images), 1, 1)
    world_from_camera[:, :3, 3] = shift[:, 0, 0]
    maps = PointMaps(local + shift, local, made.seen.maps.confidence)
    focal = torch.full((len(images),), FOCAL)
    seen = replace(made.seen, maps=maps, focal=focal, world_from_camera=world_from_camera)
    return replace(made, seen=seen)


@pytest.fixture(scope='module')
def seen(scene):
    return Prediction(
        world_points=scene.seen.maps.world_points,
        local_points=scene.seen.maps.local_points,
        confidence=scene.seen.maps.confidence,
        world_from_camera=scene.seen.world_from_camera,
        focal=scene.seen.focal,
        features=scene.seen.features,
    )


@pytest.fixture(scope='module')
def poses(scene):
    plan = NovelViewPlan(views_per_frame=2, forward_m=0.7, rotate_deg=10, lateral_m=0.3)
    return novel_poses(scene.seen.world_from_camera, plan).world_from_camera


@pytest.fixture(scope='module')
def pixels(images, seen):
    return seen_pixels(images, seen.world_points, seen.confidence, seen.features, seen.focal[0])


def agree(fast, literal, tolerance=TOLERANCE):
    """Compare as the golden files are compared: relative to the greatest value, at least one."""
    assert fast.shape == literal.shape
    error = float((fast - literal).abs().max())
    assert error <= tolerance * max(1.0, float(literal.abs().max())), error


@torch.inference_mode()
def test_one_z_buffer_and_gathered_channels(scene, poses, pixels):
    nearest = nearest_pixels(pixels, poses)
    fast = conditioning_maps(pixels, nearest, poses)
    table = point_table(scene.images, scene.seen)
    size = scene.images.shape[-2:]
    literal = torch.stack(
        [conditioning_map(table, pose, scene.seen.focal[0], size) for pose in poses]
    )
    shown = float((literal != 0).any(dim=1).float().mean())
    assert 0.3 < shown < 1.0
    agree(fast, literal)


@torch.inference_mode()
def test_no_dead_transformer_and_multiplied_projections(network, scene, poses, pixels):
    nearest = nearest_pixels(pixels, poses)
    maps = conditioning_maps(pixels, nearest, poses)
    literal = encoded_maps(network.ray_maps, maps, scene.tokens)
    agree(ray_map_tokens(network.ray_maps, pixels, nearest, poses), literal)


@torch.inference_mode()
def test_memory_shared_by_all_novel_views(network, scene, images):
    tokens = network.encode(views_of(images))
    memory = network.remember(None, tokens)
    drawn = torch.randn(5, 12, 64, generator=torch.Generator().manual_seed(1))
    fast = network.novel_decoder.render(memory, drawn[None], GRID)[0]
    agree(fast, render(network.novel_decoder, scene.memory, drawn, GRID))


@torch.inference_mode()
@pytest.mark.parametrize('at_once', [0, 1, 5])
@pytest.mark.parametrize('chunk', [12, 5])
def test_novel_views(network, scene, seen, poses, at_once, chunk):
    network.views_at_once, network.novel_features = at_once, True
    tokens = network.encode(views_of(scene.images))
    memory = network.remember(None, tokens)
    fast = network.render_novel(memory, tokens, seen, poses)
    literal = render_novel(network, scene, poses, chunk=chunk)
    assert float(literal.world_points.std()) > 0.01
    agree(fast.world_points, literal.world_points)
    agree(fast.confidence, literal.confidence)
    assert torch.equal(fast.focal, literal.focal)
    for ours, theirs in zip(fast.features, literal.features, strict=True):
        agree(ours, theirs)


@torch.inference_mode()
def test_the_dead_transformer_runs_and_changes_nothing(network, scene, poses, pixels):
    maps = conditioning_maps(pixels, nearest_pixels(pixels, poses), poses)
    transformer = unread_transformer(48, 64)
    lengths = []
    hook = transformer.register_forward_hook(lambda _m, _x, y: lengths.append(y.shape[1]))
    before = encoded_maps(network.ray_maps, maps, scene.tokens)
    hook.remove()
    assert lengths == [(len(poses) + 3) * 12]
    assert torch.equal(before, encoded_maps(network.ray_maps, maps, scene.tokens + 1.0))


def test_a_network_without_rendering_is_refused(scene):
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=1, heads=2),
        decoder=DecoderConfig(encoder_width=64, width=48, depth=1, heads=4, feature_size=64),
    )
    with pytest.raises(ValueError, match='expected one with a rendering stage'):
        render_novel(OccAny(config), scene, torch.eye(4)[None])


def views_of(images):
    nothing = torch.full((len(images), 4, 4), float('nan'))
    return Views(
        images=images,
        cameras=('front',) * len(images),
        stamps_ns=tuple(range(len(images))),
        intrinsics=nothing[:, :3, :3],
        base_from_camera=nothing,
    )
