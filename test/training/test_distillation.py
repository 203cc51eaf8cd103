from occany_ros.training.distillation import feature_losses, token_loss
import pytest
import torch

SHAPES = ((2, 3, 8, 4, 4), (2, 3, 4, 8, 8), (2, 3, 2, 16, 16))


def pyramid(seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def confidence(height=10, width=24):
    generator = torch.Generator().manual_seed(5)
    return 1 + torch.randn(2, 3, height, width, generator=generator).exp()


def stretched(row, column, image, edge):
    """Value of an image at the middle of a cell of a square map laid over it."""
    height, width = image.shape
    y = min(max((row + 0.5) * height / edge - 0.5, 0.0), height - 1.0)
    x = min(max((column + 0.5) * width / edge - 0.5, 0.0), width - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = image[top, left] * (1 - (x - left)) + image[top, right] * (x - left)
    lower = image[bottom, left] * (1 - (x - left)) + image[bottom, right] * (x - left)
    return float(upper * (1 - (y - top)) + lower * (y - top))


def test_each_level_is_a_literal_mean_over_its_cells():
    student, teacher, sure = pyramid(0), pyramid(1), confidence()
    levels = feature_losses(student, teacher, sure)
    assert levels.shape == (3,)
    for ours, s, t in zip(levels, student, teacher, strict=True):
        views, edge = s.shape[:2], s.shape[-1]
        cells = torch.cartesian_prod(*map(torch.arange, (*views, edge, edge))).tolist()
        total = 0.0
        for b, v, row, column in cells:
            error = (s[b, v, :, row, column] - t[b, v, :, row, column]).square().mean()
            total += float(error) * stretched(row, column, sure[b, v], edge)
        assert float(ours) == pytest.approx(total / len(cells), rel=1e-5)


def test_only_the_student_learns():
    student, teacher, sure = pyramid(0), pyramid(1), confidence()
    for tensor in (*student, *teacher, sure):
        tensor.requires_grad_()
    feature_losses(student, teacher, sure).sum().backward()
    assert all(bool((x.grad != 0).any()) for x in student)
    assert all(x.grad is None for x in (*teacher, sure))


def test_the_same_features_cost_nothing_and_no_confidence_weighs_almost_nothing():
    student, teacher = pyramid(0), pyramid(1)
    assert float(feature_losses(student, student, confidence()).sum()) == 0
    once = feature_losses(student, teacher, torch.ones(2, 3, 5, 5))
    torch.testing.assert_close(
        feature_losses(student, teacher, torch.zeros(2, 3, 5, 5)), 1e-6 * once
    )
    torch.testing.assert_close(
        feature_losses(student, teacher, 3 * torch.ones(2, 3, 9, 2)), 3 * once
    )


def test_pyramids_of_other_shapes_are_refused():
    student, teacher = pyramid(0), pyramid(1)
    with pytest.raises(ValueError, match='teacher: expected levels of the shapes'):
        feature_losses(student, teacher[:2], confidence())
    with pytest.raises(ValueError, match='teacher'):
        feature_losses(student, [teacher[0][:, :1], *teacher[1:]], confidence())


def test_tokens_of_a_ray_map_are_drawn_to_those_of_the_image():
    tokens = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    image_tokens = torch.ones(2, 6, 4, requires_grad=True)
    loss = token_loss(tokens, image_tokens)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float((tokens.detach() - 1).square().mean()))
    torch.testing.assert_close(tokens.grad, (tokens.detach() - 1) / 24)
    assert image_tokens.grad is None
    assert float(token_loss(image_tokens.detach(), image_tokens)) == 0
