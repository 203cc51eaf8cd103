from dataclasses import fields
from itertools import islice
import json

import numpy as np
from occany_ros.models.embedded.closer import CloserConfig
from occany_ros.models.embedded.imagination import ImaginationConfig
from occany_ros.models.embedded.rendering import RenderingStage
from occany_ros.models.tiny import load_tiny, WEIGHTS
from occany_ros.synthetic.sequence import render_sequence, scene_of
from occany_ros.synthetic.survey import is_inside
from occany_ros.training.card import export_rendering, Recipe
from occany_ros.training.dataset import FIRST_NOVEL_SEED, FIRST_SEED, plan, ShardPlan
from occany_ros.training.loop import Schedule
from occany_ros.training.novel_batch import class_weights_of, endless_views, novel_batch
from occany_ros.training.novel_loop import train_first_look, train_second_look
from occany_ros.training.novel_losses import cell_weights, shared_by_two
from occany_ros.training.novel_shards import answer_planned, at_quarter, NovelShard, walked
from occany_ros.training.novel_truth import draw_steps, look_around, shown_by
from occany_ros.training.shards import load_arrays
import pytest
from safetensors.torch import load_file
import torch

SIZE = (64, 96)
SEED = 907


@pytest.fixture(scope='module')
def shard(tmp_path_factory):
    work = ShardPlan(tmp_path_factory.mktemp('shards') / 'a.npz', range(SEED, SEED + 2), SIZE, 3)
    path = answer_planned(work, WEIGHTS)
    assert not work.path.exists()
    return path


def test_answers_are_kept_with_the_truth_elsewhere(shard):
    answers = load_arrays(shard, NovelShard)
    assert len(answers) == 2
    assert answers.log_depth.shape == (2, 3, 16, 24)
    assert answers.depth.shape == answers.labels.shape == answers.shown.shape == (2, 6, 16, 24)
    assert answers.grey.shape == (2, 3, 32, 48)
    assert answers.grey.std() > 10
    assert 0.2 < answers.shown.mean() < 1
    for field in fields(answers):
        assert np.isfinite(getattr(answers, field.name).astype(float)).all()


def test_steps_end_outside_of_everything():
    sequence = render_sequence(SEED, 3, SIZE)
    scene = scene_of(SEED, 3, SIZE)
    poses = sequence.world_from_base @ sequence.base_from_camera
    random = np.random.default_rng(0)
    moved = []
    for _ in range(20):
        frame, steps = draw_steps(scene, poses, random)
        places = (poses[frame] @ steps)[:, :3, 3]
        assert not is_inside(scene, places).any()
        assert np.allclose(steps[:, :3, :3] @ steps[:, :3, :3].swapaxes(1, 2), np.eye(3))
        moved.append(steps[:, 2, 3])
    assert 1 < np.mean(moved) < 3


def test_a_view_from_a_frame_shows_what_the_frame_shows():
    sequence = render_sequence(SEED, 2, SIZE)
    poses = sequence.world_from_base @ sequence.base_from_camera
    depth, pinhole = sequence.depth[:, 2::4, 2::4], at_quarter(sequence.intrinsics)
    shown = shown_by(depth[:1], poses[:1], pinhole, depth[:1], poses[:1])
    assert np.array_equal(shown, depth[:1] > 0)
    about = poses[:1] @ np.diag([-1.0, 1, -1, 1])
    assert not shown_by(depth[:1], about, pinhole, depth[:1], poses[:1]).any()
    truth = look_around(scene_of(SEED, 2, SIZE), poses, pinhole, depth, np.random.default_rng(1))
    assert truth.depth.shape == (6, 16, 24)


def test_batches_leave_sources_out_and_repeat_with_the_seed(shard):
    first, again = (list(islice(endless_views([shard], 2, 3, seed=4), 6)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.depth, other.depth)
        assert torch.equal(one.cameras.counts, other.cameras.counts)
        assert one.depth.shape == (6, 16, 24)
        assert one.sources.log_depth.shape == (6, 16, 24)
        assert one.cameras.counts.sum(dim=1).min() >= 2
    assert not torch.stack([batch.cameras.counts for batch in first]).all()
    batch = novel_batch(load_arrays(shard, NovelShard), [1], 2, np.random.default_rng(0))
    assert batch.cameras.source.tolist() == [[0, 1, 2]] * 2


def test_poses_drift_a_little():
    poses = torch.eye(4, dtype=torch.float64).repeat(4, 1, 1)
    poses[:, 2, 3] = torch.arange(4) * 2.0
    found = walked(poses, torch.Generator().manual_seed(0))
    error = (found - poses).abs()
    assert error[0].max() == 0
    assert 1e-4 < error[-1].max() < 0.3


def test_the_truth_is_shared_by_the_places_around_it():
    places = torch.tensor([0.0, 1, 2])
    chances = torch.tensor([0.2, 0.5, 0.3]).log()[None, :, None, None]
    value = torch.tensor([[[1.25]]])
    expected = -0.75 * np.log(0.5) - 0.25 * np.log(0.3)
    assert shared_by_two(chances, places, value).item() == pytest.approx(expected)
    assert shared_by_two(chances, places, value * 9).item() == pytest.approx(-np.log(0.3))


def test_obstacles_weigh_more_where_they_fill_more_cells(shard):
    batch = novel_batch(load_arrays(shard, NovelShard), [0], 1, np.random.default_rng(0))
    depth = torch.tensor([[[5.0, 20.0, 20.0, 0.0]]])
    labels = torch.tensor([[[4, 4, 11, 17]]], dtype=torch.uint8)
    batch = type(batch)(
        batch.sources, batch.cameras, depth, labels, torch.tensor([[[True, True, True, False]]])
    )
    near, far, ground, sky = cell_weights(batch, 1.0, 48.0, 0.1)[0, 0].tolist()
    assert far == pytest.approx(16 * near)
    assert ground == sky == pytest.approx(0.3)


def test_training_both_looks_learns_and_leaves_the_first_stage_alone(shard, tmp_path):
    reader = load_tiny().network
    torch.manual_seed(0)
    sizes = ImaginationConfig(widths=(16, 16, 16), hypotheses=24)
    stage = RenderingStage(sizes, CloserConfig((16, 16), 9), reader.config)
    history = []
    schedule = Schedule(steps=25, warm_up=2, average=0.5, rate=4e-3)
    batches = endless_views([shard], 2, 2, seed=0)
    weights = class_weights_of([shard])
    train_first_look(batches, schedule, weights, stage, reader, history.append)
    assert history[-1].terms['ends'] < history[0].terms['ends']
    assert history[-1].terms['labels'] < history[0].terms['labels']
    history.clear()
    train_second_look(batches, schedule, stage, reader, history.append)
    assert history[-1].frames == 100
    assert all(np.isfinite(list(standing.terms.values())).all() for standing in history)
    path = tmp_path / 'tiny.safetensors'
    recipe = Recipe('occany train', 2, (0, 1), 50, 200, 0.1, 'cpu', ((4, {'ends': 1.0}),))
    export_rendering(stage, WEIGHTS, path, recipe)
    before, after = load_file(WEIGHTS), load_file(path)
    for name, value in before.items():
        if not name.startswith('rendering.'):
            assert torch.equal(after[name], value)
    assert any(name.startswith('rendering.closer.') for name in after)
    facts = json.loads(path.with_suffix('.json').read_text())
    assert facts['rendering']['steps'] == 50
    assert 'curve' in facts


def test_the_rendering_stage_learns_from_seeds_of_its_own(tmp_path):
    first = plan(tmp_path, 7000, 3)
    second = plan(tmp_path, 7000, 5, FIRST_NOVEL_SEED)
    assert first[0].seeds.start == FIRST_SEED
    assert not {work.seeds.start for work in first} & {work.seeds.start for work in second}
