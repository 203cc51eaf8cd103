"""
Comparing what two views see: dense matches, and depth by sweeping planes.

Both read one table, the correlation of every cell of the one view with every cell of the other.
Cells are at 1/8 of the image; a cell (row, column) stands for the pixel ``8 * (row, column) + 4``.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

STRIDE: Final = 8
WINDOW: Final = 2


def correlation(target: Tensor, source: Tensor) -> Tensor:
    """
    Correlation of every cell of the target with every cell of the source.

    :param target: descriptors, (v, d, h, w).
    :param source: descriptors, (v, d, h, w).
    :returns: (v, h * w, h, w).
    """
    views, _, height, width = source.shape
    table = target.flatten(2).transpose(1, 2) @ source.flatten(2)
    return table.float().view(views, -1, height, width)


def pixel_to_cell(pixels: Tensor) -> Tensor:
    """Cell coordinates of image pixels (column, row), (..., 2)."""
    return (pixels - STRIDE / 2) / STRIDE


def cell_to_pixel(cells: Tensor) -> Tensor:
    """Image pixels of cell coordinates (column, row), (..., 2)."""
    return cells * STRIDE + STRIDE / 2


def likelihood(table: Tensor, nowhere: Tensor) -> Tensor:
    """
    Log probability of each cell of the source, and last of being in none of them.

    :param table: correlation, (v, n, h, w).
    :param nowhere: correlation that stands for "not in this image", a scalar.
    :returns: (v, n, h * w + 1).
    """
    none = nowhere.to(table.dtype).expand(*table.shape[:2], 1)
    return torch.cat((table.flatten(2), none), dim=-1).log_softmax(dim=-1)


def best_matches(table: Tensor, nowhere: Tensor) -> tuple[Tensor, Tensor]:
    """
    Where each cell of the target lies in the source, finer than a cell.

    The probability is read within two cells around its peak, so that a second, far peak of a
    repeating texture does not drag the mean along.

    :param table: correlation, (v, n, h, w).
    :param nowhere: see `likelihood`.
    :returns: pixels (column, row) of the source, (v, n, 2); the probability that lies within the
        window, (v, n).
    """
    views, cells, height, width = table.shape
    share = likelihood(table, nowhere)[..., :-1].exp()
    peak = share.argmax(dim=-1)
    step = torch.arange(-WINDOW, WINDOW + 1, device=table.device)
    rows = (peak // width)[..., None, None] + step[:, None]  # v n 5 1
    columns = (peak % width)[..., None, None] + step[None, :]  # v n 1 5
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    index = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    window = share.gather(2, index.flatten(2)) * inside.flatten(2)  # v n 25
    mass = window.sum(dim=-1)
    shape = (views, cells, window.shape[-1])
    coordinates = torch.stack((columns.expand_as(index), rows.expand_as(index)), dim=-1)
    mean = (window[..., None] * coordinates.reshape(*shape, 2)).sum(dim=2)
    mean = mean / mass.clamp(min=1e-9)[..., None]
    return cell_to_pixel(mean), mass


def returning(there: Tensor, back: Tensor, size: tuple[int, int]) -> Tensor:
    """
    Find matches that come back to where they started when followed the other way.

    :param there: place of each target cell in the source, pixels, (v, n, 2).
    :param back: place of each source cell in the target, pixels, (v, n, 2).
    :param size: rows and columns of cells.
    :returns: whether a cell returns to within a cell and a half, (v, n).
    """
    height, width = size
    landed = pixel_to_cell(there).round().long()
    index = landed[..., 1].clamp(0, height - 1) * width + landed[..., 0].clamp(0, width - 1)
    end = back.gather(1, index[..., None].expand(-1, -1, 2))
    columns = torch.arange(width, device=there.device).repeat(height)
    rows = torch.arange(height, device=there.device).repeat_interleave(width)
    start = cell_to_pixel(torch.stack((columns, rows), dim=-1).to(there.dtype))
    return (end - start).norm(dim=-1) < 1.5 * STRIDE


def sample_table(table: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """
    Read each target cell's row of the table at fractional source cells.

    :param table: correlation, (v, n, h, w).
    :param cells: source cells (column, row), (v, n, k, 2).
    :returns: values, (v, n, k), zero outside; whether inside the source, (v, n, k).
    """
    views, count, height, width = table.shape
    limit = cells.new_tensor([width - 1, height - 1])
    inside = ((cells >= 0) & (cells <= limit)).all(dim=-1)
    grid = (cells / limit * 2 - 1).clamp(-2, 2).view(views * count, 1, -1, 2)
    rows = table.view(views * count, 1, height, width)
    values = functional.grid_sample(rows, grid, align_corners=True)
    return values.view(views, count, -1) * inside, inside


def project(points: Tensor, intrinsics: Tensor) -> Tensor:
    """
    Pinhole projection; points behind the camera land far outside any image.

    :param points: optical frame, metres, (v, ..., 3).
    :param intrinsics: pixels, (v, 3, 3).
    :returns: pixels (column, row), (v, ..., 2).
    """
    shape = (-1,) + (1,) * (points.dim() - 2) + (2,)
    focal = torch.stack((intrinsics[:, 0, 0], intrinsics[:, 1, 1]), dim=-1).view(shape)
    centre = intrinsics[:, :2, 2].reshape(shape)
    depth = points[..., 2:]
    pixels = points[..., :2] / depth.clamp(min=0.1) * focal + centre
    return torch.where(depth > 0.1, pixels, -1e4)


def plane_sweep(
    table: Tensor, rays: Tensor, depths: Tensor, source_from_target: Tensor, intrinsics: Tensor
) -> tuple[Tensor, Tensor]:
    """
    How well the source agrees with each depth hypothesis of each target cell.

    :param table: correlation of target and source, (v, n, h, w).
    :param rays: rays of the target's cells, z = 1, (v, n, 3).
    :param depths: hypotheses, metres, (k,).
    :param source_from_target: (v, 4, 4).
    :param intrinsics: the source's pinhole, pixels, (v, 3, 3).
    :returns: agreement and whether the source sees the hypothesis, both (v, n, k).
    """
    turned = rays @ source_from_target[:, :3, :3].transpose(1, 2)
    points = turned[:, :, None] * depths[:, None] + source_from_target[:, None, None, :3, 3]
    return sample_table(table, pixel_to_cell(project(points, intrinsics)))
