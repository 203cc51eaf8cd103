"""What passes as features of the right network, and what does not."""

from occany_ros.semantics.pyramid_shape import of_view, PyramidShape
import pytest
import torch

COARSE_FIRST = PyramidShape((16, 4, 2), (1, 2, 4), variant='occany')
FINE_FIRST = PyramidShape((8, 8, 8), (4, 2, 1), variant='occany_plus')
WRONG = {
    'none': lambda _: (),
    'two levels': lambda levels: levels[:2],
    'one view less': lambda levels: tuple(level[1:] for level in levels),
    'the other end first': lambda levels: levels[::-1],
    'narrow': lambda levels: tuple(level[:, 1:] for level in levels),
    'oblong': lambda levels: tuple(level[..., 1:] for level in levels),
    'one view': lambda levels: tuple(level[0] for level in levels),
}


def features(shape, views=2, edge=3):
    return tuple(
        torch.rand(views, width, scale * edge, scale * edge)
        for width, scale in zip(shape.widths, shape.scales, strict=True)
    )


each_shape = pytest.mark.parametrize(
    'shape', [COARSE_FIRST, FINE_FIRST], ids=lambda one: one.variant
)


@each_shape
@pytest.mark.parametrize(('views', 'edge'), [(1, 1), (2, 3), (5, 8)])
def test_its_own_features_pass_at_any_size(shape, views, edge):
    shape.check(features(shape, views, edge), views)


@each_shape
@pytest.mark.parametrize('name', WRONG)
def test_others_are_refused_with_a_remedy(shape, name):
    wrong = WRONG[name](features(shape))
    with pytest.raises(ValueError, match='features: expected') as caught:
        shape.check(wrong, 2)
    message = str(caught.value)
    assert f'of {", ".join(map(str, shape.widths))} channels for 2 views' in message
    assert f'model.variant {shape.variant},' in message
    assert str([tuple(level.shape) for level in wrong]) in message


def test_features_of_a_view_are_float32():
    levels = features(FINE_FIRST)
    for level, one in zip(levels, of_view(tuple(x.bfloat16() for x in levels), 1), strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, level[1], atol=0.01, rtol=0.01)
