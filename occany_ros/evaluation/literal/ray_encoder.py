"""The ray-map encoder with every layer apart, and with the transformer that ends in nothing."""

from functools import lru_cache

from occany_ros.evaluation.literal.blocks import (
    attended,
    in_heads,
    layer_norm,
    linear,
    patch_places,
    rotated,
)
from occany_ros.evaluation.literal.conditioning import CHANNELS
from occany_ros.models.config import PATCH, RAY_MAP_CHANNELS
from occany_ros.models.ray_maps import RayMapEncoder
import torch
from torch import nn, Tensor
from torch.nn import functional

HEAD_WIDTH = 48
DEPTH = 6


class UnreadBlock(nn.Module):
    """
    One of the blocks whose answer the released network throws away (spec, section 9).

    :param width: channels of a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(width // HEAD_WIDTH, 1)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """Transform tokens (1, n, d) at places (n, 2)."""
        shape = x.shape[-1:]
        parts = linear(self.query_key_value, functional.layer_norm(x, shape, eps=1e-6))
        query, key, value = (in_heads(part, self.heads) for part in parts.chunk(3, dim=-1))
        read = attended(rotated(query, places), rotated(key, places), value)
        x = x + linear(self.output, read)
        hidden = linear(self.expand, functional.layer_norm(x, shape, eps=1e-6))
        return x + linear(self.contract, functional.gelu(hidden, approximate='tanh'))


class UnreadTransformer(nn.Module):
    """
    The transformer over the tokens of a chunk of novel views and of all images.

    Its weights are drawn: they cost the time of the released ones and change nothing.

    :param width: channels of its tokens.
    :param encoder_width: channels of an image token.
    """

    def __init__(self, width: int, encoder_width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(encoder_width, width)
        self.blocks = nn.ModuleList(UnreadBlock(width) for _ in range(DEPTH))

    def forward(self, x: Tensor, images: Tensor, places: Tensor) -> Tensor:
        """
        Transform all tokens together.

        :param x: of novel views, (r, n, d).
        :param images: of the image encoder, (v, n, e).
        :param places: row and column of the ``n`` patches, (n, 2).
        :returns: (1, (r + v) n, d).
        """
        both = torch.cat((x, linear(self.projection, images)))
        everywhere = places.repeat(len(both), 1)
        both = both.flatten(0, 1).unsqueeze(0)
        for block in self.blocks:
            both = block(both, everywhere)
        return both


@lru_cache(maxsize=1)
def unread_transformer(width: int, encoder_width: int) -> UnreadTransformer:
    """Draw one transformer of a size, and keep it for the next call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return UnreadTransformer(width, encoder_width).eval().requires_grad_(requires_grad=False)


def encoded_maps(encoder: RayMapEncoder, maps: Tensor, images: Tensor) -> Tensor:
    """
    Encode the conditioning maps of a chunk of novel views.

    :param maps: (r, 362, h, w).
    :param images: tokens of the image encoder, (v, n, e).
    :returns: (r, n, e).
    """
    x = mixed(encoder, maps)
    read_by_nobody(x, images, (maps.shape[-2] // PATCH, maps.shape[-1] // PATCH))
    return layer_norm(encoder.norm, linear(encoder.projection, x))


def mixed(encoder: RayMapEncoder, maps: Tensor) -> Tensor:
    """Cut maps (r, 362, h, w) into patches kind by kind, and mix the kinds, (r, n, d)."""
    kinds = torch.split(maps, list(CHANNELS), dim=1)
    parts = [
        functional.conv2d(x, layer.weight, layer.bias, stride=PATCH)
        for x, layer in zip(kinds, _embeddings(encoder), strict=True)
    ]
    joined = torch.cat(parts, dim=1).flatten(2).permute(0, 2, 1)
    return joined if encoder.mix is None else linear(encoder.mix, joined)


def read_by_nobody(x: Tensor, images: Tensor, grid: tuple[int, int]) -> Tensor:
    """Run the transformer whose answer is thrown away; see `UnreadTransformer`."""
    transformer = unread_transformer(x.shape[-1], images.shape[-1]).to(x.device)
    answer: Tensor = transformer(x, images, patch_places(*grid))
    return answer


def _embeddings(encoder: RayMapEncoder) -> list[nn.Conv2d]:
    found = (encoder.get_submodule(kind) for kind in RAY_MAP_CHANNELS)
    return [layer for layer in found if isinstance(layer, nn.Conv2d)]
