"""A plain street corridor as raw head output, by which golden runs see something plausible."""

import ast
import math
from typing import Any

import torch
from torch import Tensor

NEAREST = 0.3
FARTHEST = 60.0
# Axis and offset of each plane in the world frame, metres: ground, right wall, left wall, end.
PLANES = ((1, 1.6), (0, 6.0), (0, -6.0), (2, 40.0))


def call_arguments(text: str) -> list[Any]:
    """Read the positional literals of a recorded call, e.g. ``make_scene(3,160,512,300.0)``."""
    tree = ast.parse(text, mode='eval').body
    if not isinstance(tree, ast.Call):
        raise ValueError(f'metadata: expected a call, got {text!r}')
    return [ast.literal_eval(argument) for argument in tree.args]


def corridor(views: int, height: int, width: int, focal: float) -> Tensor:
    """
    Raw maps of a drive through a corridor.

    View i stands 1.5 i metres along z, turned by 2 i degrees about y.

    :param views: number of views.
    :param height: rows of the maps.
    :param width: columns of the maps.
    :param focal: pixels.
    :returns: world point, local point, confidence logit and three zeros of each pixel,
        (1, views, height, width, 10).
    """
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float64) - height / 2,
        torch.arange(width, dtype=torch.float64) - width / 2,
        indexing='ij',
    )
    rays = torch.stack((columns / focal, rows / focal, torch.ones_like(rows)), dim=-1)
    points = torch.stack([_view(rays, index) for index in range(views)])  # (v, h, w, 6)
    counter = torch.arange(views * height * width, dtype=torch.float64)
    logits = (0.8 * torch.sin(0.37 * counter)).reshape(views, height, width, 1)
    colours = torch.zeros(views, height, width, 3, dtype=torch.float64)
    return torch.cat((points, logits, colours), dim=-1).float().unsqueeze(0)


def _view(rays: Tensor, index: int) -> Tensor:
    """World and local points of one view, (h, w, 6)."""
    cosine, sine = math.cos(math.radians(2 * index)), math.sin(math.radians(2 * index))
    rotation = torch.tensor(
        [[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], dtype=torch.float64
    )
    position = torch.tensor([0, 0, 1.5 * index], dtype=torch.float64)
    world_rays = rays @ rotation.T
    lengths = torch.stack(
        [(offset - position[axis]) / world_rays[..., axis] for axis, offset in PLANES]
    )
    lengths = torch.where(lengths > NEAREST, lengths, math.inf).amin(dim=0).clamp(max=FARTHEST)
    local = rays * lengths.unsqueeze(-1)
    return torch.cat((local @ rotation.T + position, local), dim=-1)
