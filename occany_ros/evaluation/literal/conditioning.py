"""What a novel view is told, one view after the other, out of one great table of points."""

from occany_ros.evaluation.literal.heads import Outputs
import torch
from torch import Tensor
from torch.nn import functional

CHANNELS = (3, 3, 3, 1, 256, 64, 32)
"""Local point, world point, colour, confidence, and three feature maps (spec, section 8)."""


def point_table(images: Tensor, seen: Outputs) -> Tensor:
    """
    Write down everything known of every pixel of every view.

    :param images: RGB in [-1, 1], (v, 3, h, w).
    :param seen: what the render pass answered about them.
    :returns: world point, colour, confidence - 1 and features, (v h w, 359).
    """
    size = images.shape[-2:]
    resized = [
        functional.interpolate(x, size, mode='bilinear', align_corners=False)
        for x in seen.features
    ]
    maps = torch.cat(
        (
            seen.maps.world_points.permute(0, 3, 1, 2),
            images,
            (seen.maps.confidence - 1.0).unsqueeze(1),
            *resized,
        ),
        dim=1,
    )  # (v, 359, h, w)
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]).contiguous()


def conditioning_map(
    table: Tensor, world_from_camera: Tensor, focal: Tensor, size: tuple[int, ...]
) -> Tensor:
    """
    Look at the points of a table from one camera (spec, section 8).

    :param table: from `point_table`, (p, 359).
    :param world_from_camera: (4, 4).
    :param focal: pixels, a scalar.
    :param size: height and width of the map.
    :returns: local point and the 359 numbers of the nearest point of each pixel, zeros where
        there is none, (362, h, w).
    """
    height, width = size
    turn, position = world_from_camera[:3, :3], world_from_camera[:3, 3]
    local = table[:, :3] @ turn - turn.T @ position  # (p, 3)
    x, y, z = local.unbind(-1)
    column = ((focal * x + width / 2 * z) / (z + 1e-8)).round()
    row = ((focal * y + height / 2 * z) / (z + 1e-8)).round()
    is_seen = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (z > 0)
    channels = 3 + table.shape[1]
    drawn = table.new_zeros(height * width, channels)
    if not is_seen.any():
        return drawn.T.reshape(channels, height, width)
    rows, local = table[is_seen], local[is_seen]  # (s, 359), (s, 3)
    pixel = (row * width + column)[is_seen].long()
    z = local[:, 2]
    nearest = z.new_full((height * width,), torch.inf).scatter_reduce(0, pixel, z, 'amin')
    number = torch.arange(len(z), device=z.device)
    is_winner = z == nearest[pixel]
    none = len(z)
    winner = torch.full_like(nearest, none, dtype=torch.int64)
    winner = winner.scatter_reduce(0, pixel[is_winner], number[is_winner], 'amin')
    filled = winner < none
    drawn[filled] = torch.cat((local[winner[filled]], rows[winner[filled]]), dim=1)
    return drawn.T.reshape(channels, height, width)
