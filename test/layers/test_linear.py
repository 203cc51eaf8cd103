"""Products with what follows them, fused and plain."""

from occany_ros.layers import linear
from occany_ros.layers.linear import Linear
import pytest
import torch
from torch.nn.functional import gelu


def drawn(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.fixture
def layer():
    torch.manual_seed(2)
    return Linear(12, 8).requires_grad_(requires_grad=False)


@pytest.fixture(params=['fused', 'plain'])
def way(request, monkeypatch):
    """Take the fused products, or those of a torch that has none."""
    if request.param == 'plain':
        monkeypatch.setattr(linear, '_FUSED', None)
    elif linear.fused_products() is None:
        pytest.skip('this build of torch has no fused products')


@pytest.mark.usefixtures('way')
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_product_with_residual_and_gelu(layer, dtype):
    layer = layer.to(dtype)
    x, residual = drawn(2, 3, 12, dtype=dtype), drawn(2, 3, 8, dtype=dtype)
    plain = (x.double() @ layer.weight.double().T + layer.bias.double()).float()
    close = (
        {'atol': 1e-6, 'rtol': 1e-5} if dtype == torch.float32 else {'atol': 0.03, 'rtol': 0.02}
    )
    for given, expected in (
        (layer(x), plain),
        (layer(x, gelu=True), gelu(plain)),
        (layer(x, residual=residual), residual.float() + plain),
    ):
        assert given.dtype == dtype
        torch.testing.assert_close(given.float(), expected, **close)


@pytest.mark.usefixtures('way')
def test_any_layout_and_no_rows(layer):
    x = drawn(2, 3, 5, 12)[:, :, 1:]
    torch.testing.assert_close(layer(x), layer(x.contiguous()))
    assert layer(x[:0]).shape == (0, 3, 4, 8)


@pytest.mark.usefixtures('way')
def test_gradients_pass(layer):
    layer.weight.requires_grad_(requires_grad=True)
    x = drawn(3, 12).requires_grad_(requires_grad=True)
    layer(x, gelu=True).sum().backward()
    assert float(layer.weight.grad.abs().sum()) > 0
    assert float(x.grad.abs().sum()) > 0


@pytest.mark.usefixtures('way')
def test_autocast_and_mixed_types_take_the_plain_way(layer):
    x = drawn(3, 12)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        product = layer(x)
    assert product.dtype == torch.bfloat16
    wide = layer.to(torch.bfloat16)(x.bfloat16(), residual=drawn(3, 8))
    assert wide.dtype == torch.float32


def test_a_residual_after_a_gelu_is_refused(layer):
    with pytest.raises(ValueError, match='residual: expected none'):
        layer(drawn(3, 12), residual=drawn(3, 8), gelu=True)
