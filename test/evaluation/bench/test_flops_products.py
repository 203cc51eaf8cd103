"""Products by the faster library of a processor are counted like any others."""

from occany_ros.evaluation.bench.flops import counted_flops
from occany_ros.layers.linear import product
import pytest
import torch


@pytest.mark.parametrize('kind', ['plain', 'gelu', 'residual'])
def test_products_count_however_they_are_computed(kind):
    x, weight, bias = torch.randn(3, 5, 8), torch.randn(16, 8), torch.randn(16)
    options = {
        'plain': {},
        'gelu': {'gelu': True},
        'residual': {'residual': torch.randn(3, 5, 16)},
    }[kind]
    with torch.inference_mode():
        assert counted_flops(lambda: product(x, weight, bias, **options)) == 2 * 15 * 8 * 16
