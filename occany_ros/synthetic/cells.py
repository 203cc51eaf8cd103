"""Exact tests of solids against the cells of a grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.primitives import Kind

TOUCH = 1e-6
"""Solids count as meeting cells they come this near to, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """
    A block of cells around a solid.

    :param x: middles of the cells, from the solid's middle, metres, (i,).
    :param y: the same across, metres, (j,).
    :param bottom: lower faces of the cells, from the solid's middle, metres, (k,).
    :param edge: edge of a cell, metres.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bottom: NDArray[np.float64]
    edge: float


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """
    One solid in the frame of the grid.

    :param kind: its shape.
    :param half: half extents along the unit axes, metres, (3,).
    :param shape: shape numbers, (4,).
    :param heading: cosine and sine of its turn about z.
    :param upright: whether its third axis is vertical.
    """

    kind: Kind
    half: NDArray[np.float64]
    shape: NDArray[np.float64]
    heading: tuple[float, float]
    upright: bool


def meets(solid: Solid, cells: Cells) -> NDArray[np.bool_]:
    """
    Tell which cells a solid meets.

    :param solid: the solid.
    :param cells: the cells.
    :returns: (i, j, k).
    """
    if not solid.upright:
        return _roller(solid, cells)
    level = (cells.bottom <= solid.half[2]) & (cells.bottom + cells.edge >= -solid.half[2])
    met = _disc(solid, cells) if solid.kind == Kind.ROUND else _block(solid, cells)
    return met & level


def _levels(solid: Solid, cells: Cells) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest unit z of the solid within each level of cells."""
    low = np.clip(cells.bottom / solid.half[2], -1, 1)
    high = np.clip((cells.bottom + cells.edge) / solid.half[2], -1, 1)
    return low, high


def _disc(solid: Solid, cells: Cells) -> NDArray[np.bool_]:
    """Upright round solid: its widest section within a level against the cells' squares."""
    low, high = _levels(solid, cells)
    wide, lean, ball = solid.shape[:3]
    if ball > 0:
        section = np.maximum(1 - np.clip(0.0, low, high) ** 2, 0)
    else:
        section = (wide + lean * (low if lean <= 0 else high)) ** 2
    gap_x = np.maximum(np.abs(cells.x) - cells.edge / 2, 0)
    gap_y = np.maximum(np.abs(cells.y) - cells.edge / 2, 0)
    gap = gap_x[:, None] ** 2 + gap_y[None] ** 2
    return gap[:, :, None] <= section * solid.half[0] ** 2 + TOUCH


def _block(solid: Solid, cells: Cells) -> NDArray[np.bool_]:
    """Box or wedge: separating axes of its widest section within a level and the squares."""
    cos, sin = solid.heading
    x, y, reach = cells.x, cells.y, cells.edge / 2
    low, high = _levels(solid, cells)
    if not solid.shape.any():
        low, high = low[:1], high[:1]
    front, rear, side = (
        1 - lean / 2 * ((low if lean >= 0 else high) + 1) for lean in solid.shape[:3]
    )
    front, rear, side = front * solid.half[0], -rear * solid.half[0], side * solid.half[1]
    along = (cos * x[:, None] + sin * y[None])[:, :, None]
    aside = (cos * y[None] - sin * x[:, None])[:, :, None]
    spread = reach * (abs(cos) + abs(sin)) + TOUCH
    met = (along - spread <= front) & (along + spread >= rear)
    met &= np.abs(aside) <= side + spread
    middle, long = (front + rear) / 2, (front - rear) / 2
    bound_x = abs(cos) * long + abs(sin) * side + reach + TOUCH
    bound_y = abs(sin) * long + abs(cos) * side + reach + TOUCH
    met &= (np.abs(x[:, None] - cos * middle) <= bound_x)[:, None]
    met &= (np.abs(y[:, None] - sin * middle) <= bound_y)[None]
    return met


def _roller(solid: Solid, cells: Cells) -> NDArray[np.bool_]:
    """Lying cylinder; may take in a cell that its rim misses by a few centimetres."""
    cos, sin = solid.heading
    reach = cells.edge / 2
    along = cos * cells.x[:, None] + sin * cells.y[None]
    aside = cos * cells.y[None] - sin * cells.x[:, None]
    spread = reach * (abs(cos) + abs(sin)) + TOUCH
    gap = np.maximum(np.abs(along) - spread, 0)[:, :, None] ** 2
    rise = np.maximum(np.abs(cells.bottom + reach) - reach, 0)
    round_enough = gap + rise**2 <= solid.half[0] ** 2
    return round_enough & (np.abs(aside) <= solid.half[2] + spread)[:, :, None]
