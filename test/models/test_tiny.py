from math import nan

from occany_ros.models.prediction import labels_of
from occany_ros.models.tiny import load_tiny
from occany_ros.models.views import Views
import pytest
import torch

MOUNT = torch.tensor([[0, 0, 1, 0.5], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1.0]])
STEP_NS = 500_000_000


@pytest.fixture(scope='module')
def model():
    return load_tiny(weights=None)


def views(stamps_ns, cameras=None, *, calibrated=True, size=(64, 128), seed=0):
    count = len(stamps_ns)
    generator = torch.Generator().manual_seed(seed)
    pinhole = torch.tensor([[90, 0, 64], [0, 90, 32], [0, 0, 1.0]])
    known = calibrated or nan
    return Views(
        images=torch.rand(count, 3, *size, generator=generator) * 2 - 1,
        cameras=cameras or ('front',) * count,
        stamps_ns=tuple(stamps_ns),
        intrinsics=(pinhole * known).expand(count, 3, 3),
        base_from_camera=(MOUNT * known).expand(count, 4, 4),
    )


@pytest.mark.parametrize('calibrated', [True, False])
def test_maps_are_a_quarter_of_the_image_and_finite(model, calibrated):
    tokens = model.encode(views([0, STEP_NS], calibrated=calibrated))
    answer = model.render(model.remember(None, tokens), tokens)
    assert answer.world_points.shape == (2, 16, 32, 3)
    assert labels_of(answer).shape == answer.confidence.shape == (2, 16, 32)
    assert labels_of(answer).dtype == torch.uint8
    assert labels_of(answer).max() < 18
    assert answer.confidence.min() >= 1
    assert answer.world_points.isfinite().all()


def test_world_is_the_first_view(model):
    tokens = model.encode(views([0, STEP_NS]))
    answer = model.render(model.remember(None, tokens), tokens)
    assert torch.allclose(answer.world_from_camera[0], torch.eye(4), atol=1e-6)
    assert torch.allclose(answer.world_points[0], answer.local_points[0], atol=1e-4)


def test_local_points_lie_on_the_pixels_rays(model):
    tokens = model.encode(views([0]))
    local = model.render(model.remember(None, tokens), tokens).local_points[0]
    row, column = 5, 20
    x, y, z = local[row, column].tolist()
    assert x / z == pytest.approx((4 * column + 2 - 64) / 90, abs=1e-5)
    assert y / z == pytest.approx((4 * row + 2 - 32) / 90, abs=1e-5)


def test_views_are_encoded_independently(model):
    together = model.encode(views([0, STEP_NS]))
    alone = model.encode(
        Views(
            images=views([0, STEP_NS]).images[1:],
            cameras=('front',),
            stamps_ns=(STEP_NS,),
            intrinsics=views([0]).intrinsics,
            base_from_camera=views([0]).base_from_camera,
        )
    )
    difference = together[1].encoded.eighth - alone[0].encoded.eighth
    assert difference.abs().max() < 1e-4


def test_memory_only_grows(model):
    tokens = model.encode(views([0, STEP_NS, 2 * STEP_NS]))
    step_by_step = None
    for token in tokens:
        step_by_step = model.remember(step_by_step, [token])
    at_once = model.remember(None, tokens)
    assert torch.allclose(step_by_step.world_from_base, at_once.world_from_base)
    assert step_by_step.views == at_once.views


def test_cameras_of_one_instant_share_the_robots_pose(model):
    tokens = model.encode(views([0, 1_000_000, STEP_NS], ('left', 'right', 'left')))
    memory = model.remember(None, tokens)
    assert torch.equal(memory.world_from_base[0], memory.world_from_base[1])


def test_rendering_a_view_that_was_not_remembered_is_refused(model):
    tokens = model.encode(views([0, STEP_NS]))
    memory = model.remember(None, tokens[:1])
    with pytest.raises(LookupError, match='front'):
        model.render(memory, tokens[1:])


def test_random_weights_are_always_the_same():
    one, other = load_tiny(weights=None), load_tiny(weights=None)
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(a, b)
