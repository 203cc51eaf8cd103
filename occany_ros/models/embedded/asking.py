"""Which seen views to ask about an imagined one."""

from typing import Final

import numpy as np
from occany_ros.models.embedded.closer import halved, patches_of
from occany_ros.models.embedded.evidence import Imagined, Sources
from occany_ros.models.embedded.memory import stacked, TinyTokens
from occany_ros.models.prediction import Prediction
import torch
from torch import Tensor

ROOM: Final = 0.75
"""An imagined camera keeps this far from surfaces on the line of sight to it, metres."""
_STRIDE = 4
"""Every so many cells of the seen maps, and to a cell of coverage."""


def sources_of(tokens: list[TinyTokens], seen: Prediction) -> Sources:
    """
    Bring together what seen views answered.

    :param tokens: of the same views, in the same order.
    """
    encoded = stacked(tokens)
    grey = torch.from_numpy(np.stack([view.grey for view in tokens]))
    grey = halved(grey.to(seen.confidence.device))
    return Sources(
        log_depth=seen.local_points[..., 2].log(),
        confidence=seen.confidence,
        hidden=seen.features[1],
        descriptors=encoded.descriptors,
        patches=patches_of(grey),
        intrinsics=encoded.intrinsics,
    )


def cameras_at(
    tokens: list[TinyTokens], seen: Prediction, world_from_camera: Tensor, count: int
) -> Imagined:
    """
    Give imagined cameras the pinhole of the nearest seen view, and sources that cover them.

    :param tokens: seen views.
    :param seen: what they answered, in the same order.
    :param world_from_camera: poses of the imagined cameras, (r, 4, 4).
    :param count: sources of each camera at most.
    """
    encoded = stacked(tokens)
    poses = seen.world_from_camera.double()
    novel = world_from_camera.double()
    seen_from_novel = torch.linalg.inv(poses)[None] @ novel[:, None]  # r v 4 4
    nearest = _distance(seen_from_novel).argmin(dim=1)
    row = torch.arange(len(novel), device=novel.device)
    base_from_seen = encoded.base_from_camera[nearest].double()
    height, width = seen.confidence.shape[1:]
    intrinsics = encoded.intrinsics[nearest]
    covers = coverage(seen.world_points, novel.float(), intrinsics, (height, width))
    source, counts = chosen(covers, min(count, len(tokens)))
    return Imagined(
        intrinsics=intrinsics,
        base_from_camera=(base_from_seen @ seen_from_novel[row, nearest]).float(),
        source_from_camera=seen_from_novel[row[:, None], source].float(),
        source=source,
        counts=counts,
        size=(height, width),
    )


def _distance(pose: Tensor) -> Tensor:
    """How far one camera is from another, metres; a turn by 60 degrees counts as 5 m."""
    away = pose[..., :3, 3].norm(dim=-1)
    return away + 10 * (1 - pose[..., 2, 2])


def coverage(
    world_points: Tensor, world_from_camera: Tensor, intrinsics: Tensor, size: tuple[int, int]
) -> Tensor:
    """
    Find the parts of imagined images that points of each seen view fall into.

    :param world_points: of seen views, (v, h, w, 3).
    :param world_from_camera: of imagined cameras, (r, 4, 4).
    :param intrinsics: theirs, pixels of an image, (r, 3, 3).
    :param size: rows and columns of their maps at 1/4.
    :returns: (r, v, cells) bool.
    """
    every = slice(_STRIDE // 2, None, _STRIDE)
    points = world_points[:, every, every].flatten(1, 2)
    inverse = torch.linalg.inv(world_from_camera)[:, None]
    local = points[None] @ inverse[..., :3, :3].mT + inverse[..., None, :3, 3]  # r v n 3
    image = local @ intrinsics[:, None].mT
    cells = image[..., :2] / image[..., 2:].clamp(min=0.1) / (4 * _STRIDE)
    rows, columns = (-(-edge // _STRIDE) for edge in size)
    column, row = cells.floor().long().unbind(-1)
    inside = (local[..., 2] > 0.3) & (column >= 0) & (column < columns)
    inside &= (row >= 0) & (row < rows)
    index = (row * columns + column).masked_fill(~inside, rows * columns)
    covers = torch.zeros(*index.shape[:2], rows * columns + 1, device=index.device)
    return covers.scatter_(2, index, 1.0)[..., :-1] > 0


def stands_free(seen: Prediction, intrinsics: Tensor, world_from_camera: Tensor) -> Tensor:
    """
    Tell which imagined cameras stand where nothing is known to be.

    A view from within a car would clear the car away.

    :param intrinsics: of the seen views, pixels of an image, (v, 3, 3).
    :param world_from_camera: of the imagined cameras, (r, 4, 4).
    :returns: whether a seen view looks past the camera with room to spare, or none looks there,
        (r,) bool.
    """
    inverse = torch.linalg.inv(seen.world_from_camera)  # v 4 4
    place = world_from_camera[:, :3, 3]
    local = place @ inverse[:, :3, :3].mT + inverse[:, None, :3, 3]  # v r 3
    image = local @ intrinsics.mT
    away = local[..., 2]
    column, row = (image[..., :2] / image[..., 2:].clamp(min=0.1) / 4).floor().long().unbind(-1)
    height, width = seen.confidence.shape[1:]
    inside = (away > 0.3) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    view = torch.arange(len(inverse), device=place.device)[:, None]
    surface = seen.local_points[..., 2][view, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    free = inside & (surface > away + ROOM)
    return free.any(dim=0) | ~inside.any(dim=0)


def chosen(covers: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """
    Choose sources one by one, each where the others left most to say.

    A cell that n of them cover already is worth 1 / (1 + n).

    :param covers: (r, v, cells) bool.
    :param count: how many, at most v.
    :returns: index of each source, (r, count); whether it covers anything, same shape.
    """
    worth = covers.new_ones((covers.shape[0], covers.shape[2]), dtype=torch.float32)
    taken = torch.zeros(covers.shape[:2], dtype=torch.bool, device=covers.device)
    share = covers.float()
    picked, counts = [], []
    for _ in range(count):
        gain = (share @ worth[..., None])[..., 0].masked_fill(taken, -1.0)
        best = gain.argmax(dim=1, keepdim=True)
        picked.append(best)
        counts.append(gain.gather(1, best) > 0)
        taken.scatter_(1, best, 1)
        added = share.gather(1, best[..., None].expand(-1, -1, share.shape[2]))[:, 0]
        worth = 1 / (1 / worth + added)
    return torch.cat(picked, dim=1), torch.cat(counts, dim=1)
