import hashlib
import json
from math import isfinite

from occany_ros.models.embedded.network import EmbeddedNetwork
from occany_ros.models.tiny import load_tiny
from occany_ros.training.batch import Batch
from occany_ros.training.card import export, Recipe
from occany_ros.training.loop import Schedule, train
import pytest
import torch

HEIGHT, WIDTH = 64, 96


def one_batch():
    """Two frames of a street with a wall on the left, a different one in each sequence."""
    generator = torch.Generator().manual_seed(0)
    mount = torch.tensor(
        [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]], dtype=torch.float64
    )
    world_from_base = torch.eye(4, dtype=torch.float64).repeat(2, 2, 1, 1)
    world_from_base[:, 1, 0, 3] = 1.0
    intrinsics = torch.tensor([[70, 0, 48], [0, 70, 32], [0, 0, 1]], dtype=torch.float64)
    depth = torch.full((2, 2, HEIGHT // 4, WIDTH // 4), 12.0)
    depth[..., : WIDTH // 8] = 6.0
    labels = torch.full(depth.shape, 15, dtype=torch.uint8)
    labels[..., : WIDTH // 8] = 4
    images = torch.randint(0, 80, (2, 2, HEIGHT, WIDTH, 3), generator=generator)
    images[..., : WIDTH // 2, :] += 120
    return Batch(
        images=images.byte(),
        depth=depth,
        labels=labels,
        coarse_depth=depth[..., 1::2, 1::2],
        intrinsics=intrinsics.expand(2, 2, 3, 3),
        base_from_camera=mount.expand(2, 2, 4, 4),
        world_from_base=world_from_base,
    )


def forever(batch):
    while True:
        yield batch


def trained(steps):
    history = []
    network = train(
        forever(one_batch()),
        Schedule(steps=steps, warm_up=2, average=0.5),
        torch.ones(18),
        report=lambda standing, _: history.append(standing),
    )
    return network, history


def test_training_learns_one_batch():
    _, history = trained(30)
    first, last = history[0].terms, history[-1].terms
    assert history[-1].step == 29
    assert history[-1].frames == 30 * 4
    assert last['first'] < first['first']
    assert last['labels'] < 0.5 * first['labels']
    assert all(isfinite(term) for term in last.values())


def test_equal_seeds_give_equal_weights():
    one, other = trained(2)[0], trained(2)[0]
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_rate_warms_up_and_falls():
    schedule = Schedule(steps=100, rate=1.0, warm_up=10)
    rates = [schedule.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] == pytest.approx(schedule.floor, abs=0.01)


def test_exported_weights_load_and_carry_their_digest(tmp_path):
    network = load_tiny(weights=None).network
    recipe = Recipe('occany train', 1, (0, 0), 1, 3, 0.1, 'cpu', ((3, {'depth': 1.0}),))
    path = tmp_path / 'tiny.safetensors'
    export(network, path, recipe)
    facts = json.loads(path.with_suffix('.json').read_text())
    assert facts['sha256'] == hashlib.sha256(path.read_bytes()).hexdigest()
    again: EmbeddedNetwork = load_tiny(weights=path).network
    for name, value in network.state_dict().items():
        assert torch.allclose(again.state_dict()[name], value, atol=1e-3)
