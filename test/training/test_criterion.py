"""The released criterion: a slow literal reference, and what must hold of any such loss."""

from dataclasses import replace
import math

from occany_ros.geometry.pose_vector import matrix_from_pose_vector, pose_vector_from_matrix
from occany_ros.models.postprocess import PointMaps
from occany_ros.training.criterion import (
    confidence_weighted,
    evaluation_loss,
    training_loss,
    weighted_mean,
)
from occany_ros.training.supervision import Estimate, Truth
import pytest
import torch

B, V, H, W = 3, 2, 5, 7
LOSSES = (training_loss, evaluation_loss)


def poses(generator, shape=(B, V)):
    vectors = torch.randn(*shape, 7, generator=generator, dtype=torch.float64)
    return matrix_from_pose_vector(vectors)


def sample(seed=0, kinds=(True, False, True)):
    """Truth, its first view anywhere in the world, and an estimate that has little of it."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape):
        return torch.randn(B, V, *shape, generator=generator, dtype=torch.float64)

    truth = Truth(
        points=4 * noise(H, W, 3) + 2,
        world_from_camera=poses(generator),
        valid=noise(H, W) > -0.4,
        is_metric=torch.tensor(kinds),
    )
    maps = PointMaps(5 * noise(H, W, 3) - 1, 3 * noise(H, W, 3), 1 + noise(H, W).exp())
    registered = poses(generator)
    return Estimate(maps, noise(7), registered), truth


def perfect(truth, size=1.0):
    """Estimate that says the truth, with a confidence of its own choice."""
    camera_from_world = torch.linalg.inv(truth.world_from_camera)
    ones = torch.ones_like(truth.points[..., :1])
    points = torch.cat((truth.points, ones), dim=-1)
    local = torch.einsum('bvij,bvhwj->bvhwi', camera_from_world, points)[..., :3]
    confidence = 1 + torch.rand(B, V, H, W, dtype=torch.float64)
    maps = PointMaps(size * truth.points, size * local, confidence)
    vectors = pose_vector_from_matrix(truth.world_from_camera)
    return Estimate(maps, vectors, truth.world_from_camera)


def literal(estimate, truth, *, is_training):
    """All numbers of a loss, pixel by pixel."""
    rows, pose, turns, moves = (
        [],
        [],
        {'head': [], 'registered': []},
        {'head': [], 'registered': []},
    )
    for b in range(B):
        pixels = [at for at in product_of(V, H, W) if truth.valid[b][at]]
        true_size = predicted_size = 0.0
        for v, r, c in pixels:
            true_size += float(truth.points[b, v, r, c].norm()) / len(pixels)
            predicted_size += float(estimate.maps.world_points[b, v, r, c].norm()) / len(pixels)
        if truth.is_metric[b]:
            predicted_size = true_size if is_training else 1.0
        true_size = true_size if is_training else 1.0
        for v, r, c in pixels:
            point = torch.cat((truth.points[b, v, r, c], torch.ones(1)))
            world = point[:3] / true_size
            local = (torch.linalg.inv(truth.world_from_camera[b, v]) @ point)[:3] / true_size
            world = world - estimate.maps.world_points[b, v, r, c] / predicted_size
            local = local - estimate.maps.local_points[b, v, r, c] / predicted_size
            confidence = float(estimate.maps.confidence[b, v, r, c])
            rows.append((math.hypot(*world), math.hypot(*local), confidence))
        for v in range(V):
            true_pose = truth.world_from_camera[b, v]
            vector = pose_vector_from_matrix(true_pose)
            pose.append(math.dist(vector, estimate.pose_vectors[b, v]))
            ours = {
                'head': matrix_from_pose_vector(estimate.pose_vectors[b, v]),
                'registered': estimate.world_from_registered[b, v],
            }
            for kind, matrix in ours.items():
                angle = 2 * abs(
                    math.acos(
                        min(1.0, abs(float(vector[3:] @ pose_vector_from_matrix(matrix)[3:])))
                    )
                )
                turns[kind].append(math.degrees(angle))
                moves[kind].append(math.dist(true_pose[:3, 3], matrix[:3, 3]))
    terms = [(c * w - 0.2 * math.log(c), c * p - 0.2 * math.log(c)) for w, p, c in rows]
    terms = terms if is_training else [row[:2] for row in rows]
    return {
        'world': mean(term[0] for term in terms),
        'local': mean(term[1] for term in terms),
        'pose': mean(pose),
        'errors': {
            'world': mean(row[0] for row in rows),
            'local': mean(row[1] for row in rows),
            'head': (mean(turns['head']), mean(moves['head'])),
            'registered': (mean(turns['registered']), mean(moves['registered'])),
        },
    }


def product_of(*sizes):
    return [tuple(at) for at in torch.cartesian_prod(*map(torch.arange, sizes)).tolist()]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@pytest.mark.parametrize('kinds', [(True, True, True), (False, False, False), (True, False, True)])
@pytest.mark.parametrize('loss', LOSSES)
def test_every_number_is_that_of_a_literal_reading(loss, kinds):
    estimate, truth = sample(seed=3, kinds=kinds)
    ours = loss(estimate, truth)
    golden = literal(estimate, truth, is_training=loss is training_loss)
    for name in ('world', 'local', 'pose'):
        assert float(getattr(ours, name)) == pytest.approx(golden[name], abs=1e-9)
    assert float(ours.total) == pytest.approx(
        golden['world'] + golden['local'] + golden['pose'], abs=1e-9
    )
    assert float(ours.errors.world) == pytest.approx(golden['errors']['world'], abs=1e-9)
    assert float(ours.errors.local) == pytest.approx(golden['errors']['local'], abs=1e-9)
    for name in ('head', 'registered'):
        error = getattr(ours.errors, name)
        turn, move = golden['errors'][name]
        assert float(error.rotation_deg) == pytest.approx(turn, abs=1e-6)
        assert float(error.translation_m) == pytest.approx(move, abs=1e-9)


@pytest.mark.parametrize('kinds', [(True, True, True), (False, False, False)])
def test_truth_costs_nothing_but_what_confidence_earns(kinds):
    _, truth = sample(kinds=kinds)
    estimate = perfect(truth)
    trained = training_loss(estimate, truth)
    earned = -0.2 * estimate.maps.confidence[truth.valid].log().mean()
    assert float(trained.world) == pytest.approx(float(earned))
    assert float(trained.local) == pytest.approx(float(earned))
    assert float(trained.pose) == pytest.approx(0, abs=1e-9)
    if all(kinds):
        assert float(evaluation_loss(estimate, truth).total) == pytest.approx(0, abs=1e-9)
    for error in (trained.errors.head, trained.errors.registered):
        assert float(error.rotation_deg) == pytest.approx(0, abs=1e-5)
        assert float(error.translation_m) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize('loss', LOSSES)
def test_a_scene_without_scale_may_be_predicted_at_any_size(loss):
    estimate, truth = sample(kinds=(False, False, False))
    maps = estimate.maps
    larger = PointMaps(7 * maps.world_points, 7 * maps.local_points, maps.confidence)
    before, after = (loss(replace(estimate, maps=x), truth) for x in (maps, larger))
    torch.testing.assert_close(before.total, after.total)
    metric = replace(truth, is_metric=torch.ones(B, dtype=torch.bool))
    before, after = (loss(replace(estimate, maps=x), metric) for x in (maps, larger))
    assert float(after.world) > 1.5 * float(before.world)


def test_world_points_alone_set_the_size_of_both_maps():
    _, truth = sample(kinds=(False, False, False))
    estimate = perfect(truth, size=0.1)
    assert float(training_loss(estimate, truth).errors.local) == pytest.approx(0, abs=1e-9)
    maps = replace(estimate.maps, local_points=2 * estimate.maps.local_points)
    assert float(training_loss(replace(estimate, maps=maps), truth).errors.local) > 0.1


def test_the_size_of_a_scene_does_not_weigh():
    estimate, truth = sample(kinds=(True, True, True))
    scale = torch.tensor([1.0, 20.0, 0.1], dtype=torch.float64)[:, None, None, None, None]
    maps, moved = estimate.maps, truth.world_from_camera.clone()
    moved[..., :3, 3] *= scale[:, 0, 0]
    larger = PointMaps(scale * maps.world_points, scale * maps.local_points, maps.confidence)
    before = training_loss(estimate, truth)
    after = training_loss(
        replace(estimate, maps=larger),
        replace(truth, points=scale * truth.points, world_from_camera=moved),
    )
    torch.testing.assert_close((before.world, before.local), (after.world, after.local))


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('value', [1e6, float('nan'), float('inf')])
def test_pixels_that_are_not_valid_do_not_count(loss, value):
    estimate, truth = sample()
    away = ~truth.valid.unsqueeze(-1)
    changed = replace(truth, points=truth.points.masked_fill(away, value))
    world = estimate.maps.world_points.masked_fill(away, 1e5).requires_grad_()
    maps = replace(estimate.maps, world_points=world)
    ours = loss(replace(estimate, maps=maps), changed)
    torch.testing.assert_close(ours.total.detach(), loss(estimate, truth).total)
    (gradient,) = torch.autograd.grad(ours.total, world)
    assert bool((gradient[~truth.valid] == 0).all())
    assert bool((gradient[truth.valid] != 0).any())


def learnable(estimate):
    leaves = (
        estimate.maps.world_points,
        estimate.maps.local_points,
        estimate.maps.confidence,
        estimate.pose_vectors,
    )
    leaves = [x.clone().requires_grad_() for x in leaves]
    return leaves, replace(estimate, maps=PointMaps(*leaves[:3]), pose_vectors=leaves[3])


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('case', ['any', 'truth', 'nothing valid', 'nothing predicted'])
def test_gradients_are_finite(loss, case):
    estimate, truth = sample()
    if case == 'truth':
        estimate = perfect(truth)
    if case == 'nothing valid':
        truth = replace(truth, valid=torch.zeros_like(truth.valid))
    if case == 'nothing predicted':
        nothing = torch.zeros_like(estimate.maps.world_points)
        estimate = replace(
            estimate, maps=PointMaps(nothing, nothing, 1 + torch.zeros_like(nothing[..., 0]))
        )
    leaves, estimate = learnable(estimate)
    total = loss(estimate, truth).total
    assert bool(total.isfinite())
    used = torch.autograd.grad(total, leaves, allow_unused=True)
    assert all(bool(x.isfinite().all()) for x in used if x is not None)
    assert (used[2] is None) == (loss is evaluation_loss)


def test_learning_cannot_change_the_size_of_a_scene_without_scale():
    estimate, truth = sample(kinds=(False, True, False))
    leaves, estimate = learnable(estimate)
    gradients = torch.autograd.grad(training_loss(estimate, truth).total, leaves[:2])
    pull = sum((x * g).flatten(1).sum(1) for x, g in zip(leaves, gradients, strict=False))
    torch.testing.assert_close(pull[[0, 2]].detach(), torch.zeros(2, dtype=torch.float64))
    assert abs(float(pull[1].detach())) > 1e-3


def test_reported_errors_teach_nothing():
    estimate, truth = sample()
    _, estimate = learnable(estimate)
    loss = training_loss(estimate, truth)
    assert loss.world.requires_grad
    assert not loss.errors.world.requires_grad
    assert not loss.errors.head.rotation_deg.requires_grad


def test_confidence_is_best_where_it_fits_the_error():
    error = torch.tensor([0.01, 0.1, 0.19])
    confidence = (0.2 / error).requires_grad_()
    confidence_weighted(error, confidence, 0.2).sum().backward()
    torch.testing.assert_close(confidence.grad, torch.zeros(3), atol=1e-7, rtol=0)


def test_mean_of_nothing_is_nothing():
    assert float(weighted_mean(torch.rand(4), torch.zeros(4, dtype=torch.bool))) == 0
    assert float(weighted_mean(torch.tensor([1.0, 4.0]), torch.tensor([2.0, 1.0]))) == 2
