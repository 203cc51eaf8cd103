"""Putting objects together from solids."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.primitives import Kind, Material, Primitives

Vector = tuple[float, float, float]
Style = tuple[float, float, float, float]
Spot = tuple[float, float, float]
"""World x and y in metres and heading in radians."""


@dataclass(frozen=True, slots=True)
class Coat:
    """
    Paint of a solid.

    :param material: what it is made of.
    :param colour: linear RGB.
    :param second: second colour; the first when None.
    :param style: four numbers between 0 and 1 that vary the material.
    """

    material: Material
    colour: Vector
    second: Vector | None = None
    style: Style = (0.5, 0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    centre: Vector
    half: Vector
    heading: float
    shape: Style
    label: int
    coat: Coat
    roller: bool = False


@dataclass(slots=True)
class Builder:
    """
    Collects solids, object after object.

    :param rows: what was added so far.
    """

    rows: list[_Row] = field(default_factory=list)
    _origin: Spot = (0.0, 0.0, 0.0)
    _label: int = 0

    def at(self, spot: Spot, label: int) -> None:
        """
        Start an object.

        :param spot: where its origin is and where it heads.
        :param label: Occ3D class of its solids.
        """
        self._origin = spot
        self._label = label

    def _add(self, kind: Kind, centre: Vector, half: Vector, shape: Style, coat: Coat) -> None:
        x, y, heading = self._origin
        cos, sin = np.cos(heading), np.sin(heading)
        where = (
            float(x + cos * centre[0] - sin * centre[1]),
            float(y + sin * centre[0] + cos * centre[1]),
            centre[2],
        )
        self.rows.append(_Row(kind, where, half, heading, shape, self._label, coat))

    def box(self, centre: Vector, size: Vector, coat: Coat) -> None:
        """
        Add a box.

        :param centre: in the object's frame, metres.
        :param size: full extents, metres.
        :param coat: its paint.
        """
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        self._add(Kind.BOX, centre, half, (0.0, 0.0, 0.0, 0.0), coat)

    def wedge(self, centre: Vector, size: Vector, lean: Vector, coat: Coat) -> None:
        """
        Add a box with leaning sides.

        :param centre: in the object's frame, metres.
        :param size: full extents at the bottom, metres.
        :param lean: inward lean of front, rear and both flanks at the top, fraction of the half
            extent; negative widens.
        :param coat: its paint.
        """
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        self._add(Kind.WEDGE, centre, half, (*lean, 0.0), coat)

    def cylinder(
        self, centre: Vector, radius: float, height: float, coat: Coat, *, taper: float = 0.0
    ) -> None:
        """
        Add an upright cylinder or cut cone.

        :param centre: in the object's frame, metres.
        :param radius: at the bottom, metres.
        :param height: full height, metres.
        :param coat: its paint.
        :param taper: how much thinner the top is, fraction of the radius.
        """
        shape = (1.0 - taper / 2, -taper / 2, 0.0, 0.0)
        self._add(Kind.ROUND, centre, (radius, radius, height / 2), shape, coat)

    def roller(self, centre: Vector, radius: float, length: float, coat: Coat) -> None:
        """
        Add a cylinder that lies along the object's y axis.

        :param centre: in the object's frame, metres.
        :param radius: metres.
        :param length: metres.
        :param coat: its paint.
        """
        shape = (1.0, 0.0, 0.0, 0.0)
        self._add(Kind.ROUND, centre, (radius, radius, length / 2), shape, coat)
        self.rows[-1] = replace(self.rows[-1], roller=True)

    def ellipsoid(self, centre: Vector, radius: float, half_height: float, coat: Coat) -> None:
        """
        Add an ellipsoid that is round seen from above.

        :param centre: in the object's frame, metres.
        :param radius: horizontal, metres.
        :param half_height: vertical, metres.
        :param coat: its paint.
        """
        shape = (1.0, 0.0, 1.0, 0.0)
        self._add(Kind.ROUND, centre, (radius, radius, half_height), shape, coat)

    def build(self) -> Primitives:
        """
        Turn what was added into arrays.

        :returns: every solid, in the order added.
        """
        heading = np.array([row.heading for row in self.rows], np.float64)
        roller = np.array([row.roller for row in self.rows], np.bool_)[:, None]
        cos, sin, zero = np.cos(heading), np.sin(heading), np.zeros_like(heading)
        ahead = np.stack([cos, sin, zero], 1)
        aside = np.stack([-sin, cos, zero], 1)
        up = np.stack([zero, zero, zero + 1], 1)
        axes = np.stack([ahead, np.where(roller, up, aside), np.where(roller, aside, up)], 1)
        coats = [row.coat for row in self.rows]
        colours = [
            (coat.colour, coat.colour if coat.second is None else coat.second) for coat in coats
        ]
        return Primitives(
            np.array([row.kind for row in self.rows], np.int64),
            np.array([row.centre for row in self.rows], np.float64).reshape(-1, 3),
            np.array([row.half for row in self.rows], np.float64).reshape(-1, 3),
            axes,
            np.array([row.shape for row in self.rows], np.float64).reshape(-1, 4),
            np.array([row.label for row in self.rows], np.uint8),
            np.array([coat.material for coat in coats], np.int64),
            np.array(colours, np.float32).reshape(-1, 2, 3),
            np.array([coat.style for coat in coats], np.float32).reshape(-1, 4),
        )


def fractions(random: np.random.Generator) -> Style:
    """
    Draw a style.

    :param random: source of chance.
    :returns: four numbers between 0 and 1.
    """
    a, b, c, d = random.random(4)
    return (float(a), float(b), float(c), float(d))


def rgb(values: NDArray[np.float64]) -> Vector:
    """
    Make a colour of an array.

    :param values: linear RGB, (3,).
    :returns: the same as a tuple.
    """
    r, g, b = (float(value) for value in values)
    return (r, g, b)
