"""Solids that a street is made of, and the arrays that hold them."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Kind(IntEnum):
    """Shape of a primitive inside its unit space."""

    BOX = 0
    """``|x|, |y|, |z| <= 1``."""
    ROUND = 1
    """``x^2 + y^2 + c z^2 <= (a + b z)^2`` with ``|z| <= 1``: cylinder, cone, ellipsoid."""
    WEDGE = 2
    """A box whose sides lean inwards with height: roofs, windscreens."""


class Material(IntEnum):
    """How a surface is painted."""

    PLAIN = 0
    PLASTER = 1
    BRICK = 2
    OFFICE = 3
    ROOF = 4
    WALL = 5
    FOLIAGE = 6
    BARK = 7
    BODY = 8
    CABIN = 9
    TYRE = 10
    BUS = 11
    CARGO = 12
    STRIPES = 13
    SIGN = 14
    LAMP = 15
    CLOTH = 16
    SKIN = 17
    METAL = 18
    CRATE = 19


@dataclass(frozen=True, slots=True, eq=False)
class Primitives:
    """
    All solids of a scene, one row each.

    :param kind: :class:`Kind`, (p,) int64.
    :param centre: world frame, metres, (p, 3) float64.
    :param half: half extents along the unit axes, metres, (p, 3) float64.
    :param axes: unit axes in the world frame, one a row, (p, 3, 3) float64.
    :param shape: ROUND ``(a, b, c, 0)``; WEDGE the inward lean of the +x, -x and both y sides from
        bottom to top as a fraction of the half extent, (p, 4) float64.
    :param label: Occ3D class, (p,) uint8.
    :param material: :class:`Material`, (p,) int64.
    :param colour: main and second colour, linear RGB, (p, 2, 3) float32.
    :param style: numbers between 0 and 1 that vary a material, (p, 4) float32.
    """

    kind: NDArray[np.int64]
    centre: NDArray[np.float64]
    half: NDArray[np.float64]
    axes: NDArray[np.float64]
    shape: NDArray[np.float64]
    label: NDArray[np.uint8]
    material: NDArray[np.int64]
    colour: NDArray[np.float32]
    style: NDArray[np.float32]

    def __len__(self) -> int:
        """Count the solids."""
        return len(self.kind)

    def subset(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> 'Primitives':
        """
        Pick rows.

        :param index: integer or boolean index.
        :returns: the rows picked.
        """
        return Primitives(
            self.kind[index],
            self.centre[index],
            self.half[index],
            self.axes[index],
            self.shape[index],
            self.label[index],
            self.material[index],
            self.colour[index],
            self.style[index],
        )

    @property
    def radius(self) -> NDArray[np.float64]:
        """Radius of the sphere around every solid, metres, (p,)."""
        return np.linalg.norm(self.half, axis=1)
