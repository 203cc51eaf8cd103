from dataclasses import replace

import numpy as np
from occany_ros.models.prediction import NovelViews, Prediction
from occany_ros.pipeline.host_maps import fetch, NonFiniteOutput, on_device
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
    maps = fetch(prediction).seen
    np.testing.assert_array_equal(maps.world_points, prediction.world_points.numpy())
    np.testing.assert_array_equal(maps.depth, prediction.local_points[..., 2].numpy())
    np.testing.assert_array_equal(maps.confidence, prediction.confidence.numpy())
    np.testing.assert_array_equal(maps.labels, prediction.labels.numpy())
    np.testing.assert_array_equal(maps.world_from_camera, prediction.world_from_camera.numpy())
    assert maps.world_from_camera.dtype == np.float64


def test_half_precision_and_missing_labels_are_understood(prediction):
    maps = fetch(replace(prediction, confidence=prediction.confidence.half(), labels=None)).seen
    assert (maps.labels == 255).all()
    assert maps.confidence.dtype == np.float32


@pytest.mark.parametrize(
    'name', ['world_points', 'local_points', 'confidence', 'world_from_camera']
)
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_numbers_that_are_not_finite_are_named(prediction, name, value):
    broken = getattr(prediction, name).clone()
    broken[..., -1] = value
    with pytest.raises(NonFiniteOutput, match=f'{name}: .* in 2 of 2 views: the whole') as caught:
        fetch(replace(prediction, **{name: broken}))
    assert caught.value.count > 0


def test_one_view_without_a_pose_takes_the_others_with_it(prediction):
    broken = prediction.world_from_camera.clone()
    broken[1, :3] = float('nan')
    with pytest.raises(NonFiniteOutput, match=r'12 of 32 that are not, in 1 of 2 views: the whol'):
        fetch(replace(prediction, world_from_camera=broken))


def test_a_view_taken_out_is_that_view(prediction):
    part = fetch(prediction).seen.part(slice(1, 2))
    np.testing.assert_array_equal(part.depth, prediction.local_points[1:, ..., 2].numpy())
    np.testing.assert_array_equal(part.labels, prediction.labels[1:].numpy())


def novel_views(count, *, size=(2, 4), labels=None):
    rng = torch.Generator().manual_seed(count)
    return NovelViews(
        world_points=torch.randn(count, *size, 3, generator=rng),
        confidence=1 + torch.rand(count, *size, generator=rng),
        world_from_camera=torch.randn(count, 4, 4, generator=rng),
        focal=torch.full((count,), 7.0),
        labels=labels,
    )


def test_groups_of_novel_views_arrive_as_one_and_may_have_another_size(prediction):
    labels = torch.randint(0, 18, (3, 2, 4)).to(torch.uint8)
    groups = novel_views(3, labels=labels), novel_views(1)
    fetched = fetch(prediction, groups)
    novel = fetched.novel
    for name in ('world_points', 'confidence', 'world_from_camera', 'focal'):
        expected = torch.cat([getattr(group, name) for group in groups]).numpy()
        np.testing.assert_array_equal(getattr(novel, name), expected)
    np.testing.assert_array_equal(novel.labels[:3], labels.numpy())
    assert (novel.labels[3] == 255).all()
    np.testing.assert_array_equal(fetched.seen.depth, prediction.local_points[..., 2].numpy())
    assert fetch(prediction).novel is None


def test_novel_numbers_that_are_not_finite_are_named(prediction):
    broken = novel_views(2)
    broken.confidence[1, 0, 0] = float('nan')
    with pytest.raises(NonFiniteOutput, match='novel confidence') as caught:
        fetch(prediction, (novel_views(1), broken))
    assert caught.value.count == 1
    assert 'in 1 of 3 views' in str(caught.value)


def test_images_of_a_set_go_in_one_copy_of_any_layout():
    images = [np.arange(24, dtype=np.uint8).reshape(2, 4, 3) + k for k in range(3)]
    images[1] = images[1][:, ::-1]
    there = on_device(images, torch.device('cpu'))
    np.testing.assert_array_equal(there.numpy(), np.stack(images))
    images[0][:] = 0
    assert int(there[0].max()) == 23


def test_scores_become_labels_only_where_labels_are_wanted(prediction):
    prediction = replace(prediction, labels=None, scores=torch.rand(2, 4, 3, 5))
    np.testing.assert_array_equal(
        fetch(prediction).seen.labels, prediction.scores.argmax(dim=1).numpy()
    )
    without = fetch(prediction, with_labels=False)
    assert (without.seen.labels == 255).all()
