"""Transformer blocks: one that looks within an image, one that also reads a memory."""

from occany_ros.layers.attention import CrossAttention, SelfAttention
from occany_ros.layers.embedding import Rotary
from occany_ros.layers.linear import Linear
from torch import nn, Tensor

NORM_EPS = 1e-6


class Mlp(nn.Module):
    """
    Two linear layers with an exact GELU between them, applied to each token.

    :param width: channels that go in.
    :param hidden: channels between the layers.
    :param out: channels that come out; ``width`` if None.
    """

    def __init__(self, *, width: int, hidden: int, out: int | None = None) -> None:
        super().__init__()
        self.expand = Linear(width, hidden)
        self.contract = Linear(hidden, width if out is None else out)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Transform the last axis of ``x``, and add the residual if there is one."""
        return self.contract(self.expand(x, gelu=True), residual=residual)


class EncoderBlock(nn.Module):
    """
    Pre-norm self-attention and MLP.

    :param width: channels of a token.
    :param heads: number of attention heads.
    :param hidden: channels inside the MLP.
    """

    def __init__(self, *, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width, eps=NORM_EPS)
        self.attention = SelfAttention(width=width, heads=heads)
        self.norm_mlp = nn.LayerNorm(width, eps=NORM_EPS)
        self.mlp = Mlp(width=width, hidden=hidden)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Transform tokens (b, n, d)."""
        x = x + self.attention(self.norm_attention(x), rotary)
        return self.mlp(self.norm_mlp(x), residual=x)


class DecoderBlock(nn.Module):
    """
    Pre-norm self-attention, reading of a memory, and MLP.

    The three steps are public, so that a model may act between them.

    :param width: channels of a token.
    :param heads: number of attention heads.
    :param hidden: channels inside the MLP.
    """

    def __init__(self, *, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width, eps=NORM_EPS)
        self.attention = SelfAttention(width=width, heads=heads)
        self.norm_query = nn.LayerNorm(width, eps=NORM_EPS)
        self.norm_memory = nn.LayerNorm(width, eps=NORM_EPS)
        self.cross_attention = CrossAttention(width=width, heads=heads)
        self.norm_mlp = nn.LayerNorm(width, eps=NORM_EPS)
        self.mlp = Mlp(width=width, hidden=hidden)

    def memory_entry(self, x: Tensor, rotary: Rotary | None = None) -> Tensor:
        """Keys and values this block's readers see of block inputs ``x``: (b, 2, h, n, d / h)."""
        return self.cross_attention.keys_values(self.norm_memory(x), rotary)

    def look_within(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Self-attention step on (b, n, d)."""
        return x + self.attention(self.norm_attention(x), rotary)

    def read_memory(self, x: Tensor, memory: Tensor, rotary: Rotary | None = None) -> Tensor:
        """Read keys and values into (b, n, d); see `CrossAttention.forward`."""
        return x + self.cross_attention(self.norm_query(x), memory, rotary)

    def transform(self, x: Tensor) -> Tensor:
        """MLP step on (b, n, d)."""
        return self.mlp(self.norm_mlp(x), residual=x)

    def forward(self, x: Tensor, rotary: Rotary | None, memory: Tensor) -> Tensor:
        """
        Run the three steps.

        :param x: (b, n, d).
        :param rotary: places of the tokens for the self-attention.
        :param memory: keys and values, (g, 2, h, m, d / h).
        :returns: (b, n, d).
        """
        return self.transform(self.read_memory(self.look_within(x, rotary), memory))
