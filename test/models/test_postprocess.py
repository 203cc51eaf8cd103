"""Raw maps of a known scene give the scene back."""

from occany_ros.geometry.pointmap import centred_pixels, transform_pointmap
from occany_ros.geometry.pose_vector import matrix_from_pose_vector
from occany_ros.models.config import DecoderConfig
from occany_ros.models.heads import FeatureHead, Heads
from occany_ros.models.postprocess import colours, point_maps, registered_poses, shared_focal
import pytest
import torch


def raw_scene(focal=40.0):
    generator = torch.Generator().manual_seed(12)
    depth = torch.rand(3, 8, 12, 1, generator=generator) * 9 + 1
    slopes = (centred_pixels(8, 12, depth.device) / focal).expand(3, 8, 12, 2)
    local = torch.cat((slopes, torch.ones(3, 8, 12, 1)), dim=-1) * depth
    world_from_camera = matrix_from_pose_vector(torch.randn(3, 7, generator=generator))
    world = transform_pointmap(world_from_camera, local)
    logits = torch.randn(3, 8, 12, 1, generator=generator)
    return torch.cat((world, local, logits), dim=-1), world_from_camera


def test_poses_and_focal_of_a_known_scene():
    raw, world_from_camera = raw_scene()
    maps = point_maps(raw, 'linear')
    torch.testing.assert_close(registered_poses(maps), world_from_camera, atol=1e-4, rtol=1e-4)
    assert shared_focal(maps.local_points).tolist() == pytest.approx([40.0] * 3, rel=1e-4)


def test_focal_is_that_of_the_first_view():
    raw, _ = raw_scene()
    local = raw[..., 3:6].clone()
    local[1:, ..., :2] *= 3
    assert shared_focal(local).tolist() == pytest.approx([40.0] * 3, rel=1e-4)


def test_exponential_points_keep_their_direction():
    raw, _ = raw_scene()
    raw = raw * 0.1
    raw[0, 0, 0] = 0.0
    maps = point_maps(raw, 'norm_exp')
    length = raw[..., 3:6].norm(dim=-1)
    torch.testing.assert_close(maps.local_points.norm(dim=-1), length.exp() - 1)
    cosine = torch.nn.functional.cosine_similarity(maps.local_points, raw[..., 3:6], dim=-1)
    assert bool((cosine.flatten()[1:] > 0.9999).all())


def test_colours_stay_inside_the_image_range():
    logits = torch.tensor([-1e4, -1.0, 0.0, 1.0, 1e4])
    values = colours(logits)
    torch.testing.assert_close(values, -values.flip(0))
    assert 0.999 < float(values.max()) < 1


def test_points_of_a_head_lie_where_their_patch_is():
    heads = Heads(DecoderConfig(encoder_width=16, width=16, depth=1, heads=1, feature_size=32))
    decoded = torch.zeros(1, 2, 7, 16)
    decoded[0, 1, 1 + 4] = 1.0  # second view, patch in row 1, column 1 of 2 x 3
    with torch.inference_mode():
        difference = heads.points(decoded, (2, 3)) - heads.points(
            torch.zeros_like(decoded), (2, 3)
        )
    changed = difference.abs().sum(dim=-1) > 0
    assert changed.shape == (1, 2, 32, 48)
    expected = torch.zeros_like(changed)
    expected[0, 1, 16:, 16:32] = True
    assert bool((changed <= expected).all())
    assert float((changed & expected).float().sum()) > 250


def test_features_are_square_for_any_image():
    head = FeatureHead(
        DecoderConfig(encoder_width=16, width=16, depth=1, heads=1, feature_size=32)
    )
    for grid in ((2, 5), (3, 3)):
        maps = head(torch.zeros(2, grid[0] * grid[1], 16), grid)
        assert [tuple(x.shape) for x in maps] == [(2, 256, 2, 2), (2, 64, 4, 4), (2, 32, 8, 8)]
