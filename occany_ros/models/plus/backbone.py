"""The vision transformer of OccAny+: first each view alone, then all views in turns."""

from dataclasses import dataclass

from occany_ros.layers.attention import join_heads, split_heads
from occany_ros.layers.embedding import grid_positions, PatchEmbedding, Rotary, rotary_table
from occany_ros.layers.linear import Linear
from occany_ros.layers.reading import read
from occany_ros.models.plus.config import BackboneConfig, PATCH, TABLE_EDGE
import torch
from torch import nn, Tensor
from torch.nn.functional import gelu, interpolate, silu

HEAD_WIDTH = 64
BLOCK_EPS = 1e-6
TABLE_SHIFT = 0.1


class TurnedAttention(nn.Module):
    """
    Every token of a set looks at every token of the set.

    :param config: size of the network.
    :param is_turned: whether queries and keys are normalised, and turned by place.
    """

    def __init__(self, config: BackboneConfig, *, is_turned: bool) -> None:
        super().__init__()
        self.heads = config.heads
        self.query_key_value = Linear(config.width, 3 * config.width)
        self.output = Linear(config.width, config.width)
        self.query_norm: nn.LayerNorm | None = None
        self.key_norm: nn.LayerNorm | None = None
        if is_turned:
            self.query_norm = nn.LayerNorm(HEAD_WIDTH)
            self.key_norm = nn.LayerNorm(HEAD_WIDTH)

    def forward(self, x: Tensor, rotary: Rotary, wanted: int | None = None) -> Tensor:
        """
        Mix the tokens of each set.

        :param x: (b, n, d).
        :param rotary: places of them all.
        :param wanted: how many are answered for, the first ones; the others are only looked at.
            None for all.
        :returns: (b, wanted, d).
        """
        parts = split_heads(self.query_key_value(x), 3 * self.heads)  # (b, 3 heads, n, 64)
        query, key, value = parts.chunk(3, dim=1)
        if self.query_norm is not None and self.key_norm is not None:
            query, key = rotary(self.query_norm(query)), rotary(self.key_norm(key))
        return self.output(join_heads(read(query[:, :, :wanted], key, value)))


class TokenMlp(nn.Module):
    """
    Two layers applied to each token, with a GELU or a gate between them.

    :param config: size of the network.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.is_gated = config.is_gated
        self.expand = Linear(config.width, config.hidden * (2 if config.is_gated else 1))
        self.contract = Linear(config.hidden, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform the last axis of ``x``."""
        x = self.expand(x)
        if not self.is_gated:
            return self.contract(gelu(x))
        gate, passed = x.chunk(2, dim=-1)
        return self.contract(silu(gate) * passed)


class ScaledBlock(nn.Module):
    """
    Pre-norm attention and MLP, each scaled channel by channel before it is added.

    :param config: size of the network.
    :param is_turned: see `TurnedAttention`.
    """

    def __init__(self, config: BackboneConfig, *, is_turned: bool) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(config.width, eps=BLOCK_EPS)
        self.attention = TurnedAttention(config, is_turned=is_turned)
        self.scale_attention = nn.Parameter(torch.ones(config.width))
        self.norm_mlp = nn.LayerNorm(config.width, eps=BLOCK_EPS)
        self.mlp = TokenMlp(config)
        self.scale_mlp = nn.Parameter(torch.ones(config.width))

    def forward(self, x: Tensor, rotary: Rotary, wanted: int | None = None) -> Tensor:
        """Transform tokens (b, n, d), the first ones or all, see `TurnedAttention.forward`."""
        mixed = self.attention(self.norm_attention(x), rotary, wanted)
        x = torch.addcmul(x[:, :wanted], mixed, self.scale_attention)
        return torch.addcmul(x, self.mlp(self.norm_mlp(x)), self.scale_mlp)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """
    Rotations of the tokens of a view: the special token first, then the patches.

    :param within: where views are looked at one by one: patches by row and column.
    :param across: where all views are looked at: patches alike, apart from the special tokens.
    """

    within: Rotary
    across: Rotary


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """
    Tokens between two blocks.

    :param tokens: the special token first, (b, v, 1 + n, d).
    :param local: what the last block that saw each view alone answered, of the same shape.
    """

    tokens: Tensor
    local: Tensor

    def views(self, some: list[int]) -> 'Stream':
        """Keep some views."""
        return Stream(self.tokens[:, some], self.local[:, some])


class Backbone(nn.Module):
    """
    Vision transformer whose later odd blocks look at the tokens of all views at once.

    :param config: its size.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embedding = PatchEmbedding(channels=3, width=width, patch=PATCH)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.camera_tokens = nn.Parameter(torch.zeros(1, 2, width))
        self.places = nn.Parameter(torch.zeros(1, 1 + TABLE_EDGE**2, width))
        self.blocks = nn.ModuleList(
            ScaledBlock(config, is_turned=index >= config.first_turned)
            for index in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)

    def embed(self, images: Tensor) -> Tensor:
        """
        Cut images into tokens that know their place.

        :param images: normalised, (v, 3, h, w), sides multiples of the patch.
        :returns: the class token first, (v, 1 + n, d).
        """
        grid = (images.shape[-2] // PATCH, images.shape[-1] // PATCH)
        patches = self.embedding(images)
        return self.with_class_token(patches) + self._places(grid).to(patches.dtype)

    def with_class_token(self, patches: Tensor) -> Tensor:
        """Put the class token before the patches of each view: (v, n, d) to (v, 1 + n, d)."""
        return torch.cat((self.class_token.expand(len(patches), -1, -1), patches), dim=1)

    def alone(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """
        Run the blocks before any view can see another.

        :param tokens: from `embed`, (v, 1 + n, d).
        :param grid: rows and columns of patches.
        :returns: the same shape.
        """
        places = places_of(grid, tokens)
        for block in self.blocks[: self.config.first_turned]:
            tokens = block(tokens, places.within)
        return tokens

    def joined(self, tokens: Tensor, *, has_first: bool = True) -> Stream:
        """
        Say which view comes first: its camera token differs from those of all others.

        :param tokens: of some views, (b, v, 1 + n, d); their special tokens are replaced.
        :param has_first: whether the first of all views is the first of these, or none is.
        """
        first, other = self.camera_tokens.unbind(dim=1)  # (1, d)
        views = tokens.shape[1]
        cameras = other.expand(views, -1)
        if has_first:
            cameras = torch.cat((first, cameras[1:]))  # (v, d)
        cameras = cameras[None, :, None].expand(len(tokens), -1, -1, -1)
        whole = torch.cat((cameras, tokens[:, :, 1:]), dim=2)
        return Stream(whole, whole)

    def together(
        self,
        stream: Stream,
        grid: tuple[int, int],
        begin: int,
        end: int,
        *,
        wanted: int | None = None,
    ) -> tuple[Stream, list[Tensor]]:
        """
        Run blocks in which all views are seen: even ones within a view, odd ones across all.

        :param stream: what goes into the first of them.
        :param grid: rows and columns of patches.
        :param begin: index of the first block.
        :param end: one past the last.
        :param wanted: views that go on, or are read, the first ones; the last block only looks at
            the others. None for all.
        :returns: what comes out of the last; and for the heads, of each tapped block among them,
            the answers within and across views of every patch, (b, wanted, n, 2 d).
        """
        x, local = stream.tokens, stream.local
        batch, views, count, _ = x.shape
        wanted = views if wanted is None else wanted
        places = places_of(grid, x)
        across = places.across.repeated(views)
        taps = []
        for index in range(begin, end):
            block = self.blocks[index]
            kept = wanted if index + 1 == end else views
            if index % 2:
                x = block(x.flatten(1, 2), across, kept * count).unflatten(1, (kept, count))
            else:
                x = block(x[:, :kept].flatten(0, 1), places.within).unflatten(0, (batch, kept))
                local = x
            if index in self.config.taps:
                read = self.norm(x[:, :wanted].float())
                taps.append(torch.cat((local[:, :wanted].float(), read), dim=-1)[:, :, 1:])
        return Stream(x, local[:, :wanted]), taps

    def _places(self, grid: tuple[int, int]) -> Tensor:
        """Stretch the table of places over a grid, (1, 1 + n, d)."""
        rows, columns = grid
        if rows == columns == TABLE_EDGE:
            return self.places
        table = self.places[:, 1:].float().reshape(1, TABLE_EDGE, TABLE_EDGE, -1).movedim(-1, 1)
        scales = ((rows + TABLE_SHIFT) / TABLE_EDGE, (columns + TABLE_SHIFT) / TABLE_EDGE)
        stretched = interpolate(
            table, scale_factor=scales, mode='bicubic', align_corners=False
        )  # (1, d, rows, columns)
        return torch.cat((self.places[:, :1].float(), stretched.flatten(2).mT), dim=1)


def places_of(grid: tuple[int, int], like: Tensor) -> Places:
    """
    Prepare the rotations of the tokens of a view (OccAny+ spec, section 3.5).

    :param grid: rows and columns of patches.
    :param like: a tensor of the device and type wanted.
    """
    special = torch.zeros(1, 2, dtype=torch.int64, device=like.device)
    patches = grid_positions(*grid, like.device) + 1
    within, across = (
        rotary_table(torch.cat((special, x)), HEAD_WIDTH).to(like.dtype)
        for x in (patches, torch.ones_like(patches))
    )
    return Places(within, across)
