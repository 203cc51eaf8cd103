from dataclasses import fields

from occany_ros.training.batch import (
    Batch,
    cropped,
    jittered,
    match_targets,
    mirrored,
    network_images,
)
import pytest
import torch

HEIGHT, WIDTH = 64, 128


def wall_batch(seed=0):
    """Frames in front of a wall x = 12 m of the world, above nothing else."""
    generator = torch.Generator().manual_seed(seed)
    mount = torch.tensor(
        [[0, 0, 1, 0.4], [-1, 0, 0, 0.1], [0, -1, 0, 1.5], [0, 0, 0, 1]], dtype=torch.float64
    )
    world_from_base = torch.eye(4, dtype=torch.float64).repeat(1, 2, 1, 1)
    world_from_base[0, 1, 0, 3] = 1.5
    world_from_base[0, 1, 1, 3] = 0.3
    intrinsics = torch.tensor([[90, 0, 60], [0, 90, 30], [0, 0, 1]], dtype=torch.float64)
    depth = torch.tensor([11.6, 10.1])[None, :, None, None]
    return Batch(
        images=torch.randint(0, 255, (1, 2, HEIGHT, WIDTH, 3), generator=generator).byte(),
        depth=depth.expand(1, 2, HEIGHT // 4, WIDTH // 4),
        labels=torch.randint(0, 18, (1, 2, HEIGHT // 4, WIDTH // 4), generator=generator).byte(),
        coarse_depth=depth.expand(1, 2, HEIGHT // 8, WIDTH // 8),
        intrinsics=intrinsics.expand(1, 2, 3, 3),
        base_from_camera=mount.expand(1, 2, 4, 4),
        world_from_base=world_from_base,
    )


def test_a_wall_is_matched_where_geometry_puts_it():
    pixels, seen, _ = match_targets(wall_batch(), 0, 1)
    # Moving 1.5 m on and 0.3 m to the left of a wall 11.6 m away, seen at pixel (4, 4).
    expected = ((4 - 60) / 90 * 11.6 + 0.3) / 10.1 * 90 + 60
    assert not seen[0, 0]
    assert pixels[0, 0, 0].item() == pytest.approx(expected, abs=1e-3)
    assert seen.float().mean() > 0.5


def test_mirroring_keeps_the_geometry():
    batch = wall_batch()
    pixels, seen, _ = match_targets(batch, 0, 1)
    other, other_seen, _ = match_targets(mirrored(batch), 0, 1)
    shape = (HEIGHT // 8, WIDTH // 8)
    flipped = other.view(*shape, 2).flip(1)
    assert torch.equal(seen.view(shape), other_seen.view(shape).flip(1))
    assert (WIDTH - flipped[..., 0] - pixels.view(*shape, 2)[..., 0]).abs().max() < 1e-3
    assert (flipped[..., 1] - pixels.view(*shape, 2)[..., 1]).abs().max() < 1e-3


def test_mirroring_twice_changes_nothing():
    batch = wall_batch()
    again = mirrored(mirrored(batch))
    for field in fields(Batch):
        assert torch.allclose(getattr(again, field.name), getattr(batch, field.name))


def test_truth_pixels_of_the_image_move_with_the_truth():
    batch = wall_batch()
    there = mirrored(batch)
    assert torch.equal(there.images[:, :, 2::4, 2::4], batch.images[:, :, 2::4, 2::4].flip(3))


def test_images_are_normalised_and_varied_only_on_demand():
    images = wall_batch().images
    plain = network_images(images)
    assert plain.shape == (2, 3, HEIGHT, WIDTH)
    assert plain[0, :, 5, 7].tolist() == pytest.approx(
        (images[0, 0, 5, 7].float() / 127.5 - 1).tolist(), abs=1e-6
    )
    varied = network_images(images, torch.Generator().manual_seed(0))
    assert not torch.equal(plain, varied)
    assert varied.abs().max() <= 1


def test_jitter_is_small_and_stays_rigid():
    poses = torch.eye(4, dtype=torch.float64).repeat(500, 1, 1)
    poses[:, 0, 3] = 2
    noisy = jittered(
        poses, angle_deg=0.1, metres=0.01, scale=0.03, generator=torch.Generator().manual_seed(0)
    )
    rotation = noisy[:, :3, :3]
    eye = torch.eye(3, dtype=torch.float64)
    assert torch.allclose(rotation @ rotation.mT, eye.expand_as(rotation), atol=1e-12)
    assert 0.04 < (noisy[:, 0, 3] - 2).std() < 0.08


def test_a_window_keeps_the_geometry():
    batch = wall_batch()
    window = cropped(batch, slice(16, 48), slice(32, 112))
    pixels, _, _ = match_targets(batch, 0, 1)
    inner, _, _ = match_targets(window, 0, 1)
    part = pixels.view(HEIGHT // 8, WIDTH // 8, 2)[2:6, 4:14]
    assert torch.allclose(inner.view(4, 10, 2) + torch.tensor([32.0, 16.0]), part, atol=1e-3)
    assert torch.equal(window.images[:, :, 2::4, 2::4], batch.images[:, :, 18:48:4, 34:112:4])
    assert window.depth.shape[2:] == (8, 20)
