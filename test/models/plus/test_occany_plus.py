"""The OccAny+ network: who sees whom, and its savings against the literal order."""

from dataclasses import replace
import gc

from occany_ros.models.conditioning import conditioning_maps, nearest_pixels, seen_pixels
from occany_ros.models.later import features_of
from occany_ros.models.plus.config import METRES, PATCH, PlusConfig
from occany_ros.models.plus.novel import Told
from occany_ros.models.plus.occany_plus import OccAnyPlus
from occany_ros.models.prediction import NovelViewRenderer
from occany_ros.models.views import Views
import pytest
import torch
from torch.nn.functional import conv2d, interpolate

ROWS, COLUMNS = 3, 4
CONFIG = PlusConfig('vits', feature_size=112, imagines=True, views_at_once=2)


def made(config, precision=torch.float32):
    """Build a network whose weights keep signals at their size."""
    torch.manual_seed(0)
    network = OccAnyPlus(config, precision=precision).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
            elif name.endswith(('scale_attention', 'scale_mlp')):
                parameter.fill_(0.3)
    return network


@pytest.fixture(scope='module')
def network():
    return made(CONFIG)


def views_of(images):
    """Make views of cameras nobody calibrated."""
    count = len(images)
    return Views(
        images=images,
        cameras=tuple(f'camera{i}' for i in range(count)),
        stamps_ns=(0,) * count,
        intrinsics=torch.full((count, 3, 3), torch.nan),
        base_from_camera=torch.full((count, 4, 4), torch.nan),
    )


def images_of(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, ROWS * PATCH, COLUMNS * PATCH, generator=generator) * 2 - 1


@pytest.fixture(scope='module')
def scene(network):
    tokens = network.encode(views_of(images_of(3)))
    memory = network.remember(None, tokens)
    return tokens, memory, network.render(memory, tokens)


def told_now():
    """Count what is kept of sets that novel views were asked for."""
    return sum(type(one) is Told for one in gc.get_objects())


def test_it_is_a_renderer_of_novel_views(network):
    assert isinstance(network, NovelViewRenderer)


def test_shapes_and_ranges_of_an_answer(scene):
    _, _, seen = scene
    size = (3, ROWS * PATCH, COLUMNS * PATCH)
    assert seen.world_points.shape == seen.local_points.shape == (*size, 3)
    assert seen.confidence.shape == size
    assert float(seen.confidence.min()) >= 1
    assert [tuple(x.shape) for x in seen.features] == [
        (3, 256, 32, 32),
        (3, 256, 16, 16),
        (3, 256, 8, 8),
    ]
    rotation = seen.world_from_camera[:, :3, :3]
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand(3, 3, 3))


def test_local_points_are_world_points_seen_from_the_camera(scene):
    _, _, seen = scene
    pose = seen.world_from_camera
    back = torch.einsum('vij,vhwj->vhwi', pose[:, :3, :3], seen.local_points)
    back = back + pose[:, None, None, :3, 3]
    torch.testing.assert_close(back, seen.world_points, atol=1e-3, rtol=1e-4)


def test_each_image_is_encoded_alone(network):
    images = images_of(3)
    together = network.encode(views_of(images))
    for view, image in zip(together, images, strict=True):
        (alone,) = network.encode(views_of(image[None]))
        torch.testing.assert_close(view.tokens, alone.tokens, atol=1e-5, rtol=1e-5)


def test_memory_may_grow_in_parts(network, scene):
    tokens, memory, _ = scene
    grown = network.remember(network.remember(None, tokens[:1]), tokens[1:])
    assert grown.views == memory.views


def test_every_view_sees_all_others(network, scene):
    tokens, _, seen = scene
    fewer = network.render(network.remember(None, tokens[:2]), tokens[:2])
    assert not torch.allclose(fewer.world_points, seen.world_points[:2], atol=1e-3)


def test_some_views_can_be_asked_for(network, scene):
    tokens, memory, seen = scene
    for rows in ([0], [1], [2, 0], [1, 2, 0]):
        some = network.render(memory, [tokens[row] for row in rows])
        close = {'atol': 1e-4, 'rtol': 1e-4}
        torch.testing.assert_close(some.confidence, seen.confidence[rows], **close)
        torch.testing.assert_close(
            some.world_points, seen.world_points[rows], atol=1e-3, rtol=1e-3
        )


def test_later_views_may_come_in_any_order_but_the_first_is_special(network, scene):
    tokens, _, seen = scene
    order = [tokens[0], tokens[2], tokens[1]]
    swapped = network.render(network.remember(None, order), order)
    torch.testing.assert_close(
        swapped.confidence[[0, 2, 1]], seen.confidence, atol=1e-4, rtol=1e-4
    )
    order = [tokens[1], tokens[0], tokens[2]]
    other = network.render(network.remember(None, order), order)
    assert not torch.allclose(other.confidence[[1, 0, 2]], seen.confidence, atol=1e-3)


def test_features_are_decoded_for_the_views_looked_at_alone(network, scene):
    tokens, memory, _ = scene
    seen = network.render(memory, tokens)
    counts = []
    listening = network.seeing.features.register_forward_hook(
        lambda _module, inputs, _output: counts.append(len(inputs[0][0]))
    )
    assert len(seen.features) == 3
    last = features_of(seen.features, slice(2, 3))
    assert counts == [1]
    whole = list(seen.features)
    assert counts == [1, 3]
    again = features_of(seen.features, slice(2, 3))
    listening.remove()
    assert counts == [1, 3]
    for one, level, same in zip(last, whole, again, strict=True):
        torch.testing.assert_close(one, level[2:], atol=1e-4, rtol=1e-4)
        assert torch.equal(same, level[2:])


def test_seen_views_are_encoded_once_for_all_groups(network, scene):
    tokens, memory, _ = scene
    seen = network.render(memory, tokens)
    poses, counts = seen.world_from_camera, []
    listening = network.imagining.backbone.blocks[0].register_forward_hook(
        lambda _module, inputs, _output: counts.append(len(inputs[0]))
    )
    apart = [network.render_novel(memory, tokens, seen, some) for some in torch.split(poses, 2)]
    assert counts == [3, 2, 1]  # seen views, and two groups
    whole = network.render_novel(memory, tokens, seen, poses)
    torch.testing.assert_close(
        torch.cat([part.world_points for part in apart]), whole.world_points, atol=1e-3, rtol=1e-4
    )
    counts.clear()
    elsewhere = replace(seen, world_points=seen.world_points + 5.0)
    moved = network.render_novel(memory, tokens, elsewhere, poses)
    assert counts == [3, 2, 1]
    assert not torch.allclose(moved.confidence, whole.confidence, atol=1e-3)
    listening.remove()


def test_what_seen_views_tell_lives_as_long_as_what_was_found_of_them(network, scene):
    tokens, memory, _ = scene
    before = told_now()
    seen = network.render(memory, tokens)
    network.render_novel(memory, tokens, seen, seen.world_from_camera[:1])
    assert told_now() == before + 1
    del seen
    assert told_now() == before


def test_bf16_is_close(scene):
    _, _, exact = scene
    network = made(CONFIG, torch.bfloat16)
    tokens = network.encode(views_of(images_of(3)))
    seen = network.render(network.remember(None, tokens), tokens)
    difference = (seen.confidence - exact.confidence).abs().median()
    assert float(difference / exact.confidence.median()) < 0.02


def test_novel_views_of_a_group_look_at_each_other(network, scene):
    tokens, memory, seen = scene
    poses = seen.world_from_camera
    pair = network.render_novel(memory, tokens, seen, poses[:2])
    alone = network.render_novel(memory, tokens, seen, poses[:1])
    assert not torch.allclose(pair.confidence[:1], alone.confidence, atol=1e-4)


def test_groups_do_not_look_at_each_other(network, scene):
    tokens, memory, seen = scene
    poses = seen.world_from_camera
    whole = network.render_novel(memory, tokens, seen, poses)  # a group of two, and one of one
    last = network.render_novel(memory, tokens, seen, poses[2:])
    torch.testing.assert_close(whole.confidence[2:], last.confidence, atol=1e-4, rtol=1e-4)
    assert network.render_novel(memory, tokens, seen, poses[:0]).confidence.shape[0] == 0


def test_depths_of_novel_views_lie_along_pinhole_rays(network, scene):
    tokens, memory, seen = scene
    pose = seen.world_from_camera[1:2]
    novel = network.render_novel(memory, tokens, seen, pose)
    local = torch.einsum('ji,hwj->hwi', pose[0, :3, :3], novel.world_points[0] - pose[0, :3, 3])
    focal = float(seen.focal.mean())
    column = local[..., 0] / local[..., 2] * focal + COLUMNS * PATCH / 2
    expected = torch.arange(COLUMNS * PATCH).float().expand_as(column)
    torch.testing.assert_close(column, expected, atol=0.02, rtol=0)
    assert float(local[..., 2].min()) > 0


def test_conditioning_is_that_of_whole_maps(scene):
    tokens, _, seen = scene
    images = torch.stack([view.image for view in tokens])
    pixels = seen_pixels(
        images, seen.world_points, seen.confidence, seen.features, seen.focal.mean()
    )
    poses = seen.world_from_camera[:1]
    maps = conditioning_maps(pixels, nearest_pixels(pixels, poses), poses)
    assert maps.shape == (1, 778, ROWS * PATCH, COLUMNS * PATCH)
    size = (ROWS * PATCH, COLUMNS * PATCH)
    full = torch.cat(
        [interpolate(x, size, mode='bilinear', align_corners=False) for x in seen.features], dim=1
    )
    nearest = nearest_pixels(pixels, poses)[0]
    shown = nearest >= 0
    literal = full.movedim(1, -1).flatten(0, 2)[nearest[shown]]
    torch.testing.assert_close(maps[0, 10:].movedim(0, -1)[shown], literal, atol=1e-4, rtol=1e-4)
    assert not maps[0][:, ~shown].any()


def test_features_may_be_squared_before_their_channels_are_multiplied(network):
    head = network.seeing.features
    taps = [torch.randn(1, ROWS * COLUMNS, 768) for _ in range(4)]
    fused = head.chain(head.reassembly(taps, (ROWS, COLUMNS)))
    late = conv2d(fused, head.projection.weight, head.projection.bias)
    late = interpolate(late, (8, 8), mode='bilinear', align_corners=False)
    torch.testing.assert_close(head.common(taps, (ROWS, COLUMNS)), late, atol=1e-3, rtol=1e-3)


def test_heads_read_views_alone(network):
    taps = [torch.randn(9, ROWS * COLUMNS, 768) for _ in range(4)]
    wanted = {'with_rays': True, 'with_features': False}
    whole = network.seeing.read(taps, (ROWS, COLUMNS), **wanted).surfaces
    last = network.seeing.read([tap[8:] for tap in taps], (ROWS, COLUMNS), **wanted).surfaces
    torch.testing.assert_close(whole.depth[8:], last.depth, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(whole.rays[8:], last.rays, atol=1e-4, rtol=1e-4)


def test_a_plain_network_has_a_unit_of_its_own_and_small_ray_maps():
    plain = made(PlusConfig('vits', feature_size=None, is_plain=True))
    tokens = plain.encode(views_of(images_of(2)))
    seen = plain.render(plain.remember(None, tokens), tokens)
    assert seen.features == ()
    assert seen.world_points.shape == (2, ROWS * PATCH, COLUMNS * PATCH, 3)
    metric = made(PlusConfig('vits', feature_size=None))
    assert plain.config.metres == 1
    assert metric.config.metres == METRES


def test_images_are_brought_to_the_mean_the_backbone_knows(network):
    colour = torch.tensor([-1.0, 1.0])[:, None, None, None]
    black, white = network.encode(views_of(colour.expand(2, 3, 14, 14)))
    torch.testing.assert_close(
        black.image[:, 0, 0], -torch.tensor([0.485 / 0.229, 0.456 / 0.224, 0.406 / 0.225])
    )
    torch.testing.assert_close(
        white.image[:, 0, 0], torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225])
    )


def test_wrong_use_is_refused(network, scene):
    tokens, memory, seen = scene
    with pytest.raises(ValueError, match='multiples of 14'):
        network.encode(views_of(torch.zeros(1, 3, 32, 28)))
    with pytest.raises(ValueError, match='at least one view'):
        network.remember(None, [])
    with pytest.raises(ValueError, match='of one size'):
        network.remember(None, [tokens[0], replace(tokens[1], grid=(4, 3))])
    with pytest.raises(LookupError, match='remembered'):
        network.render(network.remember(None, tokens[:1]), tokens[1:])
    with pytest.raises(LookupError, match='each once'):
        network.render(memory, [tokens[0], tokens[0]])
    with pytest.raises(ValueError, match='features'):
        network.render_novel(memory, tokens, replace(seen, features=()), seen.world_from_camera)
    seeing = made(replace(CONFIG, imagines=False))
    with pytest.raises(ValueError, match='render_checkpoint'):
        seeing.render_novel(memory, tokens, seen, seen.world_from_camera)


@pytest.mark.parametrize(
    ('wrong', 'match'),
    [
        ({'name': 'vitx'}, 'vitl, vitg'),
        ({'feature_size': 100}, 'multiple of 14'),
        ({'feature_size': None, 'imagines': True}, 'imagines'),
        ({'views_at_once': 0}, 'views_at_once'),
    ],
)
def test_sizes_that_cannot_be_built_are_refused(wrong, match):
    with pytest.raises(ValueError, match=match):
        PlusConfig(**wrong)
