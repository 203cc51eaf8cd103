from dataclasses import replace

import numpy as np
from occany_ros.models.prediction import Prediction
from occany_ros.pipeline.host_maps import fetch, NonFiniteOutput
import pytest
import torch


@pytest.fixture
def prediction():
    rng = torch.Generator().manual_seed(1)
    shape = (2, 3, 5)
    return Prediction(
        world_points=torch.randn(*shape, 3, generator=rng),
        local_points=torch.randn(*shape, 3, generator=rng),
        confidence=1 + torch.rand(*shape, generator=rng),
        world_from_camera=torch.randn(2, 4, 4, generator=rng),
        focal=torch.ones(2),
        labels=torch.randint(0, 18, shape, generator=rng).to(torch.uint8),
    )


def test_every_map_arrives_as_it_was(prediction):
    maps = fetch(prediction)
    np.testing.assert_array_equal(maps.world_points, prediction.world_points.numpy())
    np.testing.assert_array_equal(maps.depth, prediction.local_points[..., 2].numpy())
    np.testing.assert_array_equal(maps.confidence, prediction.confidence.numpy())
    np.testing.assert_array_equal(maps.labels, prediction.labels.numpy())
    np.testing.assert_array_equal(maps.world_from_camera, prediction.world_from_camera.numpy())
    assert maps.world_from_camera.dtype == np.float64


def test_half_precision_and_missing_labels_are_understood(prediction):
    maps = fetch(replace(prediction, confidence=prediction.confidence.half(), labels=None))
    assert (maps.labels == 255).all()
    assert maps.confidence.dtype == np.float32


@pytest.mark.parametrize(
    'name', ['world_points', 'local_points', 'confidence', 'world_from_camera']
)
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_numbers_that_are_not_finite_are_named(prediction, name, value):
    broken = getattr(prediction, name).clone()
    broken[..., -1] = value
    with pytest.raises(NonFiniteOutput, match=name) as caught:
        fetch(replace(prediction, **{name: broken}))
    assert caught.value.count > 0


def test_a_view_taken_out_is_that_view(prediction):
    part = fetch(prediction).part(slice(1, 2))
    np.testing.assert_array_equal(part.depth, prediction.local_points[1:, ..., 2].numpy())
    np.testing.assert_array_equal(part.labels, prediction.labels[1:].numpy())
