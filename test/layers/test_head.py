"""Maps made of tokens put every number where it belongs."""

from hypothesis import given, settings
from hypothesis import strategies as st
from occany_ros.layers.head import ChannelNorm, tokens_to_map, unpatchify
import torch


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
def test_unpatchify_undoes_cutting(rows, columns, channels, patch):
    image = torch.randn(2, channels, rows * patch, columns * patch)
    cut = torch.nn.functional.unfold(image, kernel_size=patch, stride=patch).transpose(1, 2)
    assert torch.equal(unpatchify(cut, (rows, columns), patch), image)


def test_tokens_to_map_is_row_major():
    x = torch.arange(6.0).reshape(1, 6, 1)
    assert tokens_to_map(x, (2, 3))[0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_channel_norm_uses_biased_variance():
    x = torch.randn(2, 8, 3, 5, generator=torch.Generator().manual_seed(5))
    expected = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, correction=0) + 1e-6).sqrt()
    torch.testing.assert_close(ChannelNorm(8)(x), expected)
