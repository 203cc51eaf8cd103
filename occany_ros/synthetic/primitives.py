"""Solids that a street is made of, and the arrays that hold them."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]


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


@dataclass(slots=True)
class Builder:
    """
    Collects solids in the frame of one object after another.

    :param rows: what was added so far.
    """

    rows: list[tuple[object, ...]] = field(default_factory=list)
    _origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    _label: int = 0

    def at(self, x: float, y: float, yaw: float, label: int) -> Self:
        """
        Start an object.

        :param x: world x of the object's origin, metres.
        :param y: world y of the object's origin, metres.
        :param yaw: heading of the object, radians.
        :param label: Occ3D class of its solids.
        :returns: this builder.
        """
        self._origin = (x, y, yaw)
        self._label = label
        return self

    def _add(
        self,
        kind: Kind,
        centre: Vector,
        half: Vector,
        shape: tuple[float, float, float, float],
        material: Material,
        colour: Vector,
        second: Vector | None,
        style: tuple[float, float, float, float],
        *,
        yaw: float = 0.0,
        roller: bool = False,
    ) -> None:
        x, y, heading = self._origin
        cos, sin = np.cos(heading), np.sin(heading)
        where = (
            x + cos * centre[0] - sin * centre[1],
            y + sin * centre[0] + cos * centre[1],
            centre[2],
        )
        self.rows.append(
            (
                int(kind),
                where,
                half,
                (heading + yaw, roller),
                shape,
                self._label,
                int(material),
                (colour, colour if second is None else second),
                style,
            )
        )

    def box(
        self,
        centre: Vector,
        size: Vector,
        material: Material,
        colour: Vector,
        second: Vector | None = None,
        style: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5),
        *,
        yaw: float = 0.0,
    ) -> None:
        """
        Add a box.

        :param centre: in the object's frame, metres.
        :param size: full extents, metres.
        :param material: its paint.
        :param colour: linear RGB.
        :param second: second colour, the first when left out.
        :param style: variation of the material.
        :param yaw: turn against the object, radians.
        """
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        shape = (0.0, 0.0, 0.0, 0.0)
        self._add(Kind.BOX, centre, half, shape, material, colour, second, style, yaw=yaw)

    def wedge(
        self,
        centre: Vector,
        size: Vector,
        lean: Vector,
        material: Material,
        colour: Vector,
        second: Vector | None = None,
        style: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5),
        *,
        yaw: float = 0.0,
    ) -> None:
        """
        Add a box with leaning sides.

        :param centre: in the object's frame, metres.
        :param size: full extents at the bottom, metres.
        :param lean: inward lean of front, rear and both flanks at the top, fraction of half extent.
        :param material: its paint.
        :param colour: linear RGB.
        :param second: second colour, the first when left out.
        :param style: variation of the material.
        :param yaw: turn against the object, radians.
        """
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        shape = (lean[0], lean[1], lean[2], 0.0)
        self._add(Kind.WEDGE, centre, half, shape, material, colour, second, style, yaw=yaw)

    def cylinder(
        self,
        centre: Vector,
        radius: float,
        height: float,
        material: Material,
        colour: Vector,
        second: Vector | None = None,
        style: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5),
        *,
        taper: float = 0.0,
        roller: bool = False,
    ) -> None:
        """
        Add a cylinder or a cut cone.

        :param centre: in the object's frame, metres.
        :param radius: at the bottom, metres.
        :param height: full length, metres.
        :param material: its paint.
        :param colour: linear RGB.
        :param second: second colour, the first when left out.
        :param style: variation of the material.
        :param taper: how much thinner the top is, fraction of the radius.
        :param roller: lie along the object's y axis instead of standing up.
        """
        shape = (1.0 - taper / 2, -taper / 2, 0.0, 0.0)
        half = (radius, radius, height / 2)
        self._add(Kind.ROUND, centre, half, shape, material, colour, second, style, roller=roller)

    def ellipsoid(
        self,
        centre: Vector,
        radius: float,
        half_height: float,
        material: Material,
        colour: Vector,
        second: Vector | None = None,
        style: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5),
    ) -> None:
        """
        Add an ellipsoid that is round seen from above.

        :param centre: in the object's frame, metres.
        :param radius: horizontal, metres.
        :param half_height: vertical, metres.
        :param material: its paint.
        :param colour: linear RGB.
        :param second: second colour, the first when left out.
        :param style: variation of the material.
        """
        half = (radius, radius, half_height)
        shape = (1.0, 0.0, 1.0, 0.0)
        self._add(Kind.ROUND, centre, half, shape, material, colour, second, style)

    def build(self) -> Primitives:
        """
        Turn what was added into arrays.

        :returns: every solid, in the order added.
        """
        kind, centre, half, turn, shape, label, material, colour, style = zip(
            *self.rows, strict=True
        )
        turns = np.array(turn, np.float64)
        cos, sin, zero = np.cos(turns[:, 0]), np.sin(turns[:, 0]), np.zeros(len(turns))
        ahead = np.stack([cos, sin, zero], 1)
        aside = np.stack([-sin, cos, zero], 1)
        up = np.stack([zero, zero, zero + 1], 1)
        roller = turns[:, 1:] > 0
        axes = np.stack([ahead, np.where(roller, up, aside), np.where(roller, aside, up)], 1)
        return Primitives(
            np.array(kind, np.int64),
            np.array(centre, np.float64),
            np.array(half, np.float64),
            axes,
            np.array(shape, np.float64),
            np.array(label, np.uint8),
            np.array(material, np.int64),
            np.array(colour, np.float32),
            np.array(style, np.float32),
        )
