"""Views OccAny+ imagines, against section 8 of its spec taken word by word."""

import math

from occany_ros.models.conditioning import conditioning_maps, nearest_pixels, seen_pixels
from occany_ros.models.plus.backbone import places_of
from occany_ros.models.plus.config import METRES, PATCH, PlusConfig
from occany_ros.models.plus.network import PlusNetwork
from occany_ros.models.plus.novel import imagined, Imagining, told_by
from occany_ros.models.prediction import Prediction
import pytest
import torch
from torch.nn.functional import conv2d

ROWS, COLUMNS = 2, 3
HEIGHT, WIDTH = ROWS * PATCH, COLUMNS * PATCH
FOCALS = (28.0, 32.0, 30.0)
CHANNELS = (3, 3, 3, 1, 256, 256, 256)


@pytest.fixture(scope='module')
def network():
    config = PlusConfig('vits', feature_size=28, imagines=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        made = PlusNetwork(config, imagines=True).eval()
        for name, parameter in made.named_parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
            elif name.endswith(('scale_attention', 'scale_mlp')):
                torch.nn.init.constant_(parameter, 0.3)
    return made


def turned(angle, position):
    c, s = math.cos(angle), math.sin(angle)
    pose = torch.eye(4)
    pose[:3, :3] = torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    pose[:3, 3] = torch.tensor(position)
    return pose


SEEN = torch.stack([turned(0.3 * i, (0.5 * i, 0.0, 1.0 * i)) for i in range(3)])
NOVEL = torch.stack([turned(0.2 * i - 0.5, (0.0, 0.1, 2.0 + 0.5 * i)) for i in range(5)])


@pytest.fixture(scope='module')
def scene():
    """Make up what three views saw."""
    random = torch.Generator().manual_seed(1)
    points = torch.randn(3, HEIGHT, WIDTH, 3, generator=random)
    points = points * torch.tensor([4.0, 2.0, 4.0]) + torch.tensor([0.0, 0.0, 8.0])
    seen = Prediction(
        world_points=points,
        local_points=points,
        confidence=1 + torch.rand(3, HEIGHT, WIDTH, generator=random),
        world_from_camera=SEEN,
        focal=torch.tensor(FOCALS),
        features=tuple(torch.randn(3, 256, e, e, generator=random) for e in (8, 4, 2)),
    )
    return torch.randn(3, 3, HEIGHT, WIDTH, generator=random), seen


def tokens_of(network, maps):
    """Encode whole maps, (v, 778, h, w), layer by layer."""
    encoder, parts = network.encoder, []
    for (kind, _), piece in zip(encoder.config.kinds, maps.split(CHANNELS, dim=1), strict=True):
        conv = encoder.get_submodule(kind)
        parts.append(conv2d(piece, conv.weight, conv.bias, stride=PATCH).flatten(2).mT)
    return encoder.norm(encoder.projection(torch.cat(parts, dim=-1)))


def taps_of(network, seen, novel):
    """Run every block over all views of one group, (v, n, d) and (g, n, d), nothing saved."""
    backbone = network.backbone
    patches = torch.cat((seen, novel))
    group, (first, other) = len(novel), backbone.camera_tokens[0]
    special = torch.stack([first] + [other] * (len(patches) - 1))[:, None]
    x = local = torch.cat((special, patches), dim=1)
    places, taps = places_of((ROWS, COLUMNS), x), []
    for index, block in enumerate(backbone.blocks):
        if index == backbone.config.first_turned:  # only the first view goes on with the group
            x = torch.cat((x[:1], x[-group:]))
        if index % 2 == 0:
            x = local = block(x, places.within)
        else:
            x = block(x.reshape(1, -1, x.shape[-1]), places.across.repeated(len(x))).view_as(x)
        if index in backbone.config.taps:
            taps.append(torch.cat((local, backbone.norm(x)), dim=-1)[1:, 1:])
    return taps


def literal(network, images, seen, poses):
    """Imagine one group."""
    focal = sum(FOCALS) / len(FOCALS)
    pixels = seen_pixels(
        images, seen.world_points, seen.confidence, seen.features, torch.tensor(focal)
    )
    own = torch.arange(3 * HEIGHT * WIDTH).reshape(3, HEIGHT, WIDTH)
    known = tokens_of(network, conditioning_maps(pixels, own, SEEN))
    told = tokens_of(network, conditioning_maps(pixels, nearest_pixels(pixels, poses), poses))
    taps = taps_of(network, known, told)
    surfaces = network.surfaces(taps, (ROWS, COLUMNS), with_rays=True)
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing='ij')
    pinhole = torch.tensor([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1]])
    image = torch.stack((columns, rows, torch.ones_like(rows)), dim=-1).float()
    points = []
    for depth, pose in zip(surfaces.depth, poses, strict=True):
        direction = image @ (pose[:3, :3] @ torch.linalg.inv(pinhole)).T
        points.append(METRES * depth[..., None] * direction + pose[:3, 3])
    return torch.stack(points), surfaces.confidence, network.features(taps, (ROWS, COLUMNS))


@pytest.mark.parametrize('group', [1, 2, 5, 9])
def test_agrees_with_the_method_word_by_word(network, scene, group):
    images, seen = scene
    with torch.inference_mode():
        told = told_by(network, images, seen, torch.float32)
        how = Imagining(group, torch.float32, with_features=True)
        views = imagined(network, told, NOVEL, how)
        parts = [literal(network, images, seen, poses) for poses in torch.split(NOVEL, group)]
    points, confidence, features = zip(*parts, strict=True)
    close = {'atol': 1e-4, 'rtol': 1e-4}
    torch.testing.assert_close(views.world_points, torch.cat(points), **close)
    torch.testing.assert_close(views.confidence, torch.cat(confidence), **close)
    for ours, levels in zip(views.features, zip(*features, strict=True), strict=True):
        torch.testing.assert_close(ours, torch.cat(levels), atol=1e-3, rtol=1e-3)
    assert views.focal.tolist() == [30.0] * 5
    assert torch.equal(views.world_from_camera, NOVEL)


def test_only_the_network_that_imagines_has_an_encoder(scene):
    seeing = PlusNetwork(PlusConfig('vits', feature_size=28))
    with pytest.raises(ValueError, match='encoder'):
        told_by(seeing, *scene, torch.float32)
