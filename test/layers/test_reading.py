"""Attention in parts equals attention written out."""

from occany_ros.layers import reading
from occany_ros.layers.reading import read
import pytest
import torch


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def slow(query, key, value):
    query, key, value = query.double(), key.double(), value.double()
    scores = query @ key.mT / query.shape[-1] ** 0.5
    return (scores.softmax(dim=-1) @ value).float()


@pytest.mark.parametrize('budget', [1, 80, 400, 1 << 22])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_read_equals_softmax_whatever_the_parts(monkeypatch, budget, dtype):
    monkeypatch.setattr(reading, 'CACHED_BYTES', budget)
    query, key, value = drawn(2, 3, 7, 8), drawn(2, 3, 11, 8), 2 * drawn(2, 3, 11, 8) + 1
    found = read(query.to(dtype), key.to(dtype), value.to(dtype))
    assert found.dtype == dtype
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    torch.testing.assert_close(found.float(), slow(query, key, value), atol=tolerance, rtol=0)


def test_strided_heads():
    joined = drawn(2, 9, 3 * 2 * 8).to(torch.bfloat16)
    query, key, value = (x.unflatten(-1, (2, 8)).transpose(1, 2) for x in joined.chunk(3, -1))
    torch.testing.assert_close(
        read(query, key, value),
        read(query.contiguous(), key.contiguous(), value.contiguous()),
    )


def test_gradients_take_the_kernel_that_has_them():
    query = drawn(1, 2, 5, 8).to(torch.bfloat16).requires_grad_(requires_grad=True)
    read(query, query, query).sum().backward()
    assert query.grad is not None
