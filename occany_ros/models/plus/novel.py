"""Views nobody took, imagined group by group (OccAny+ spec, section 8)."""

from dataclasses import dataclass

from occany_ros.models.conditioning import (
    nearest_pixels,
    ray_map_tokens,
    seen_pixels,
    SeenPixels,
)
from occany_ros.models.novel_batch import full_groups
from occany_ros.models.plus.backbone import Stream
from occany_ros.models.plus.config import METRES, PATCH
from occany_ros.models.plus.network import PlusNetwork
from occany_ros.models.prediction import NovelViews, Prediction
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Imagining:
    """
    How views are imagined.

    :param group: novel views that look at each other.
    :param precision: type of the transformer.
    :param with_features: whether the feature pyramid is wanted.
    """

    group: int
    precision: torch.dtype
    with_features: bool


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """
    What seen views tell novel ones, the same for every group.

    :param pixels: what is known of every pixel.
    :param stream: the seen views after the first block, in which each view is still alone,
        (1, v, 1 + n, d).
    """

    pixels: SeenPixels
    stream: Stream


def told_by(
    network: PlusNetwork, images: Tensor, seen: Prediction, precision: torch.dtype
) -> Told:
    """
    Encode seen views once for all groups.

    :param network: the one that imagines.
    :param images: of the seen views, as the network takes them, (v, 3, h, w).
    :param seen: what was found of them, in the same order, with features.
    :param precision: type of the transformer.
    """
    pixels = seen_pixels(
        images,
        seen.world_points,
        seen.confidence,
        seen.features,
        seen.focal.mean(),
        dtype=precision,
    )
    every = torch.arange(len(pixels.surface), device=images.device)
    own = every.reshape(len(images), *pixels.size)
    tokens = _encoded(network, pixels, own, seen.world_from_camera, precision)
    first = network.backbone.joined(tokens)
    return Told(pixels, network.backbone.together(first, _grid(pixels), 0, 1)[0])


def imagined(
    network: PlusNetwork, told: Told, world_from_camera: Tensor, how: Imagining
) -> NovelViews:
    """
    Imagine views around seen ones.

    :param network: the one that imagines.
    :param told: from `told_by`.
    :param world_from_camera: poses of the novel views, (r, 4, 4) float32.
    :param how: see there.
    """
    pixels, grid = told.pixels, _grid(told.pixels)
    points, confidence, features = [], [], []
    for first, end in full_groups(len(world_from_camera), how.group):
        poses = world_from_camera[first:end]
        nearest = nearest_pixels(pixels, poses)
        tokens = _encoded(network, pixels, nearest, poses, how.precision)
        taps = _taps(network, told.stream, tokens, grid)
        read = network.read(taps, grid, with_rays=False, with_features=how.with_features)
        depth = METRES * read.surfaces.depth[..., None]
        points.append(depth * pinhole_rays(pixels, poses) + poses[:, None, None, :3, 3])
        confidence.append(read.surfaces.confidence)
        features.append(read.features)
    none = pixels.surface.new_zeros(0, *pixels.size, 3)
    return NovelViews(
        world_points=torch.cat([none, *points]),
        confidence=torch.cat([none[..., 0], *confidence]),
        world_from_camera=world_from_camera,
        focal=pixels.focal.expand(len(world_from_camera)),
        features=tuple(torch.cat(level) for level in zip(*features, strict=True)),
    )


def _grid(pixels: SeenPixels) -> tuple[int, int]:
    """Rows and columns of patches."""
    height, width = pixels.size
    return height // PATCH, width // PATCH


def _encoded(
    network: PlusNetwork, pixels: SeenPixels, shown: Tensor, poses: Tensor, precision: torch.dtype
) -> Tensor:
    """Make tokens of what shows on views (v, h, w), the class token first, (1, v, 1 + n, d)."""
    if network.encoder is None:
        raise ValueError('network: expected one with an encoder of what it is told, got none')
    tokens = ray_map_tokens(network.encoder, pixels, shown, poses).to(precision)
    return network.backbone.with_class_token(tokens)[None]


def _taps(
    network: PlusNetwork, known: Stream, tokens: Tensor, grid: tuple[int, int]
) -> list[Tensor]:
    """
    Run the transformer over seen views and one group of novel ones.

    :param known: of the seen views after the first block, (1, v, 1 + n, d).
    :param tokens: of what the group was told, (1, g, 1 + n, d).
    :returns: what the heads read of the group, of four depths, (g, n, 2 d).
    """
    backbone = network.backbone
    first, depth = backbone.config.first_turned, backbone.config.depth
    joined = backbone.joined(tokens, has_first=False)
    group, _ = backbone.together(joined, grid, 0, 1)
    views = tokens.shape[1]
    stream = Stream(
        torch.cat((group.tokens, known.tokens), dim=1),
        torch.cat((group.local, known.local), dim=1),
    )
    # Of the seen views the first alone goes on with the group, and then only to be looked at.
    stream, _ = backbone.together(stream, grid, 1, first, wanted=views + 1)
    _, taps = backbone.together(stream, grid, first, depth, wanted=views)
    return [tap[0] for tap in taps]


def pinhole_rays(seen: SeenPixels, world_from_camera: Tensor) -> Tensor:
    """
    Aim a ray through every pixel of novel views, pixel centres at integers.

    :param seen: gives size and focal length.
    :param world_from_camera: (g, 4, 4).
    :returns: directions in the world whose forward part in the camera is one, (g, h, w, 3).
    """
    height, width = seen.size
    device = seen.focal.device
    across = (torch.arange(width, device=device) - width / 2) / seen.focal
    down = (torch.arange(height, device=device) - height / 2) / seen.focal
    rays = torch.stack(
        (
            across.expand(height, width),
            down[:, None].expand(height, width),
            torch.ones(height, width, device=device),
        ),
        dim=-1,
    )
    return torch.einsum('gij,hwj->ghwi', world_from_camera[:, :3, :3], rays)
