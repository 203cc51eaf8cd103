"""
What seen views tell of a view nobody took (OccAny spec, section 8; OccAny+ spec, section 8).

Every pixel of a novel view takes over what is known of the nearest seen point that falls on it:
362 channels in OccAny, 778 in OccAny+, zeros where none does. They are gathered at the winners
only, patch by patch, right where the patch embedding reads them; full maps exist nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from occany_ros.geometry.splat import nearest_points
from occany_ros.models.ray_maps import RayMapEncoder
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

# Scratch memory for the channels of patches that are encoded at once.
PATCH_BYTES: Final = {'cpu': 1 << 27, 'cuda': 1 << 30}


@dataclass(frozen=True, slots=True, eq=False)
class SeenPixels:
    """
    Everything novel views can be told, for each of the ``s`` pixels of the seen views.

    Pixels run over views, then rows, then columns.

    :param surface: world point, RGB as the network takes it and confidence - 1, (s, 7) float32.
    :param features: feature maps, channels last, (v, e, e, c) each.
    :param focal: focal length of the seen images and of the novel ones, pixels, ().
    :param size: height and width of the images.
    """

    surface: Tensor
    features: tuple[Tensor, ...]
    focal: Tensor
    size: tuple[int, int]


def seen_pixels(
    images: Tensor,
    world_points: Tensor,
    confidence: Tensor,
    features: Sequence[Tensor],
    focal: Tensor,
    dtype: torch.dtype = torch.float32,
) -> SeenPixels:
    """
    Put together what is known of seen views.

    :param images: RGB as the network takes it, (v, 3, h, w).
    :param world_points: (v, h, w, 3).
    :param confidence: more than 1, (v, h, w).
    :param features: pyramid, in the order of the network, (v, c, e, e) each.
    :param focal: pixels, ().
    :param dtype: type novel views get the features in.
    """
    surface = torch.cat(
        (world_points, images.movedim(1, -1), (confidence - 1.0).unsqueeze(-1)), dim=-1
    )
    return SeenPixels(
        surface=surface.flatten(0, 2).float(),
        features=tuple(x.to(dtype).movedim(1, -1).contiguous() for x in features),
        focal=focal,
        size=(confidence.shape[-2], confidence.shape[-1]),
    )


def nearest_pixels(seen: SeenPixels, world_from_camera: Tensor) -> Tensor:
    """
    Find the seen pixel that shows on each pixel of novel views.

    :param world_from_camera: (r, 4, 4).
    :returns: index of the pixel, -1 for none, (r, h, w) int64.
    """
    height, width = seen.size
    intrinsics = torch.eye(3, device=seen.focal.device)
    intrinsics[0, 0] = intrinsics[1, 1] = seen.focal
    intrinsics[0, 2], intrinsics[1, 2] = width / 2, height / 2
    points = seen.surface[:, :3].unsqueeze(0)
    poses = world_from_camera.unsqueeze(0)
    return nearest_points(points, poses, intrinsics.unsqueeze(0), height, width)[0]


def channels_at(
    seen: SeenPixels, nearest: Tensor, world_from_camera: Tensor
) -> tuple[Tensor, ...]:
    """
    Gather the conditioning channels of some pixels of novel views.

    :param nearest: seen pixel that shows there, -1 for none, (p, q).
    :param world_from_camera: pose of the novel view of each row, (p, 4, 4).
    :returns: by kind, as `RayMapConfig` lists them, each (p, q, c); zeros where nothing shows.
    """
    is_shown = nearest >= 0
    index = nearest.clamp(min=0)
    surface = torch.where(is_shown.unsqueeze(-1), seen.surface[index], 0.0)  # (p, q, 7)
    local = _in_camera(surface[..., :3], world_from_camera)
    return (
        torch.where(is_shown.unsqueeze(-1), local, 0.0),
        *torch.split(surface, [3, 3, 1], dim=-1),
        *(_interpolated(x, index, is_shown, seen.size) for x in seen.features),
    )


def conditioning_maps(seen: SeenPixels, nearest: Tensor, world_from_camera: Tensor) -> Tensor:
    """
    Lay all conditioning channels out as maps; nobody needs them so but those who compare.

    :param nearest: from `nearest_pixels`, (r, h, w).
    :param world_from_camera: (r, 4, 4).
    :returns: (r, c, h, w).
    """
    channels = torch.cat(channels_at(seen, nearest.flatten(1), world_from_camera), dim=-1)
    return channels.mT.reshape(len(nearest), -1, *seen.size)


def ray_map_tokens(
    encoder: RayMapEncoder, seen: SeenPixels, nearest: Tensor, world_from_camera: Tensor
) -> Tensor:
    """
    Encode what novel views are told.

    :param nearest: from `nearest_pixels`, (r, h, w).
    :param world_from_camera: (r, 4, 4).
    :returns: one token for every patch, row-major, (r, n, d) float32.
    """
    views, height, width = nearest.shape
    edge = encoder.config.patch
    rows, columns = height // edge, width // edge
    patches = nearest.reshape(views, rows, edge, columns, edge).transpose(2, 3).flatten(3)
    patches = patches.flatten(0, 2)  # (r n, q)
    numbers = torch.arange(len(patches), device=nearest.device)
    if nearest.device.type == 'cpu':
        # Elsewhere to count them would mean to wait for them.
        numbers = numbers[(patches >= 0).any(dim=-1)]
    tokens = encoder.nothing().repeat(len(patches), 1)
    itemsize = seen.features[0].element_size() if seen.features else 4
    channels = sum(count for _, count in encoder.config.kinds)
    patch_bytes = edge * edge * channels * itemsize
    budget = PATCH_BYTES.get(nearest.device.type, PATCH_BYTES['cpu'])
    parts = torch.split(numbers, max(1, budget // patch_bytes)) if len(numbers) else ()
    for part in parts:
        poses = world_from_camera[part // (rows * columns)]
        tokens[part] = encoder(channels_at(seen, patches[part], poses))
    return tokens.reshape(views, rows * columns, -1)


def _in_camera(points: Tensor, world_from_camera: Tensor) -> Tensor:
    """Express points (p, q, 3) in the optical frames of cameras (p, 4, 4), as the z-buffer."""
    rotation, position = world_from_camera[:, :3, :3], world_from_camera[:, :3, 3:]
    offset = (rotation.mT @ position).mT  # (p, 1, 3)
    x, y, z = (points[..., axis, None] for axis in range(3))
    return x * rotation[:, :1] + y * rotation[:, 1:2] + z * rotation[:, 2:] - offset


def _interpolated(maps: Tensor, index: Tensor, is_shown: Tensor, size: tuple[int, int]) -> Tensor:
    """
    Sample feature maps at seen pixels, as if they had been resized bilinearly to the images.

    :param maps: (v, e, e, c).
    :param index: seen pixels, (p, q).
    :param is_shown: where to sample, (p, q); zeros elsewhere.
    :param size: height and width of the images.
    :returns: (p, q, c).
    """
    height, width = size
    edge = maps.shape[1]
    upper, lower, down = _neighbours(height, edge, index.device)
    left, right, across = _neighbours(width, edge, index.device)
    row, column = index // width, index % width
    start = row // height * edge  # (p, q), first row of the view
    row = row % height
    down, across = down[row], across[column]
    upper, lower = (start + upper[row]) * edge, (start + lower[row]) * edge
    left, right = left[column], right[column]
    corners = torch.stack((upper + left, upper + right, lower + left, lower + right), dim=-1)
    still_down, still_across = 1.0 - down, 1.0 - across
    weights = torch.stack(
        (still_down * still_across, still_down * across, down * still_across, down * across),
        dim=-1,
    )  # (p, q, 4)
    weights = weights * is_shown.unsqueeze(-1)
    sampled = embedding_bag(
        corners.flatten(0, 1),
        maps.flatten(0, 2),
        mode='sum',
        per_sample_weights=weights.flatten(0, 1).to(maps.dtype),
    )
    return sampled.reshape(*index.shape, -1)


def _neighbours(pixels: int, cells: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """First and second cell around each pixel centre, and how far it is towards the second."""
    place = (torch.arange(pixels, device=device) + 0.5) * (cells / pixels) - 0.5
    place = place.clamp(min=0.0)
    first = place.long()
    return first, (first + 1).clamp(max=cells - 1), place - first
