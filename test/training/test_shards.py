from dataclasses import fields
from itertools import islice

import numpy as np
from occany_ros.training.dataset import FIRST_SEED, plan, SEQUENCES_A_SHARD, SIZES
from occany_ros.training.shards import (
    class_weights,
    endless,
    joined,
    load_shard,
    save_shard,
    Shard,
)
import pytest
import torch


def make_shard(count=4, size=(64, 96), seed=0):
    random = np.random.default_rng(seed)
    height, width = size
    coarse = (count, 2, height // 8, width // 8)
    fine = (count, 2, height // 4, width // 4)
    return Shard(
        images=random.integers(0, 255, (count, 2, height, width, 3)).astype(np.uint8),
        depth=random.uniform(1, 50, fine).astype(np.float16),
        labels=random.integers(0, 18, fine).astype(np.uint8),
        coarse_depth=random.uniform(1, 50, coarse).astype(np.float16),
        intrinsics=np.tile(np.diag([50.0, 50, 1]), (count, 2, 1, 1)),
        base_from_camera=np.tile(np.eye(4), (count, 2, 1, 1)),
        world_from_base=np.tile(np.eye(4), (count, 2, 1, 1)),
    )


def test_round_trip(tmp_path):
    shard = make_shard()
    save_shard(tmp_path / 'a.npz', shard)
    again = load_shard(tmp_path / 'a.npz')
    for field in fields(Shard):
        assert np.array_equal(getattr(shard, field.name), getattr(again, field.name))
    assert [path.name for path in tmp_path.iterdir()] == ['a.npz']


def test_shards_of_one_size_are_joined():
    sets = joined([make_shard(3), make_shard(2, (96, 64)), make_shard(4)])
    assert sorted(len(shard) for shard in sets) == [2, 7]


def test_batches_repeat_with_the_seed_and_keep_the_stride():
    shards = [make_shard(5), make_shard(6, (96, 64))]
    first = list(islice(endless(shards, 2, seed=3), 8))
    again = list(islice(endless(shards, 2, seed=3), 8))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.images, other.images)
        height, width = one.images.shape[2:4]
        assert one.depth.shape == (2, 2, height // 4, width // 4)
        assert one.coarse_depth.shape == (2, 2, height // 8, width // 8)
    assert len({tuple(batch.images.shape) for batch in first}) > 1


def test_rare_classes_weigh_more_and_the_mean_stays_one():
    shard = make_shard()
    labels = np.full_like(shard.labels, 11)
    labels[0, 0, 0, :4] = 2
    weights = class_weights(
        [Shard(**{f.name: getattr(shard, f.name) for f in fields(Shard)} | {'labels': labels})], 18
    )
    assert weights[2] > 3 * weights[11]
    share = torch.tensor([(labels == c).mean() for c in range(18)])
    assert float((weights * share).sum()) == pytest.approx(1, abs=0.02)


def test_training_seeds_are_their_own_and_every_size_occurs(tmp_path):
    plans = plan(tmp_path, 8 * SEQUENCES_A_SHARD, 3)
    seeds = [seed for work in plans for seed in work.seeds]
    assert len(set(seeds)) == 8 * SEQUENCES_A_SHARD
    assert min(seeds) == FIRST_SEED
    assert {work.size for work in plans} == set(SIZES)
