"""The flat ground: a winding road, what lies beside it, and which class each place has."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

DRIVEABLE = 11
OTHER_FLAT = 12
SIDEWALK = 13
TERRAIN = 14


@dataclass(frozen=True, slots=True)
class Ground:
    """
    The ground at z = 0, in road coordinates: ``s`` along (equal to world x), ``l`` to the left.

    The centre line is ``y = bend * (sin(wave x + phase) - sin(phase))``. Crossing streets repeat
    every ``spacing`` metres. Lengths are metres.

    :param bend: amplitude of the centre line.
    :param wave: its wave number, 1/m.
    :param phase: its phase, radians.
    :param kerb_left: distance of the left kerb from the centre line.
    :param kerb_right: distance of the right kerb.
    :param lane: width of a lane.
    :param lanes_left: number of oncoming lanes.
    :param lanes_right: number of lanes in the ego's direction.
    :param verge_left: width of the grass between left kerb and sidewalk.
    :param verge_right: the same on the right.
    :param walk_left: width of the left sidewalk.
    :param walk_right: width of the right sidewalk.
    :param outer_left: class beyond the left sidewalk.
    :param outer_right: class beyond the right sidewalk.
    :param spacing: distance of crossing streets.
    :param crossing: ``s`` of one of them.
    :param crossing_half: half the width of a crossing street; 0 for none.
    :param crossing_walk: width of the sidewalks along it.
    :param zebra: 1 when zebra crossings are painted at the junctions.
    :param island_start: where a traffic island begins, after each crossing.
    :param island_end: where it ends.
    :param island_right: its right edge, ``l``.
    :param island_left: its left edge, ``l``.
    :param plaza_start: where a paved place begins, after each crossing.
    :param plaza_end: where it ends.
    :param plaza_side: +1 left, -1 right, 0 none.
    :param paint: 0 white dashes, 1 yellow double line in the middle.
    :param slab: size of a paving slab.
    :param asphalt: brightness of the asphalt.
    :param grass: 0 lush to 1 dry.
    :param warmth: 0 grey to 1 reddish paving.
    """

    bend: float
    wave: float
    phase: float
    kerb_left: float
    kerb_right: float
    lane: float
    lanes_left: float
    lanes_right: float
    verge_left: float
    verge_right: float
    walk_left: float
    walk_right: float
    outer_left: float
    outer_right: float
    spacing: float
    crossing: float
    crossing_half: float
    crossing_walk: float
    zebra: float
    island_start: float
    island_end: float
    island_right: float
    island_left: float
    plaza_start: float
    plaza_end: float
    plaza_side: float
    paint: float
    slab: float
    asphalt: float
    grass: float
    warmth: float

    def row(self) -> NDArray[np.float32]:
        """
        List the numbers in the order of the fields.

        :returns: (g,) float32.
        """
        return np.array([getattr(self, f.name) for f in fields(self)], np.float32)

    def world(self, s: float, left: float) -> tuple[float, float, float]:
        """
        Place a point given in road coordinates.

        :param s: along the road, metres.
        :param left: to the left of the centre line, metres.
        :returns: world x, y (metres) and the road's heading (radians) there.
        """
        angle = self.wave * s + self.phase
        heading = float(np.arctan(self.bend * self.wave * np.cos(angle)))
        y = self.bend * (np.sin(angle) - np.sin(self.phase))
        return (
            float(s - left * np.sin(heading)),
            float(y + left * np.cos(heading)),
            heading,
        )

    def from_crossing(self, s: float) -> float:
        """
        Measure along the road from the nearest crossing street.

        :param s: along the road, metres.
        :returns: signed distance, at most half the spacing.
        """
        return (s - self.crossing + self.spacing / 2) % self.spacing - self.spacing / 2


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """
    Road coordinates of points.

    :param s: along the road, metres, (...).
    :param left: left of the centre line, metres, (...).
    :param across: signed distance from the nearest crossing street's axis, metres, (...).
    :param beyond: distance beyond the kerb of this street, negative on the road, metres, (...).
    :param kerb: the same for the nearest kerb of this or a crossing street, metres, (...).
    :param label: Occ3D class, (...) int64.
    """

    s: Tensor
    left: Tensor
    across: Tensor
    beyond: Tensor
    kerb: Tensor
    label: Tensor

    def take(self, index: Tensor) -> 'Place':
        """
        Pick points.

        :param index: rows, (k,) int64.
        :returns: those rows.
        """
        return Place(
            self.s.index_select(0, index),
            self.left.index_select(0, index),
            self.across.index_select(0, index),
            self.beyond.index_select(0, index),
            self.kerb.index_select(0, index),
            self.label.index_select(0, index),
        )


class GroundRows:
    """The ground's numbers by name, each broadcast against points."""

    def __init__(self, rows: Tensor) -> None:
        """
        Name the columns.

        :param rows: one :meth:`Ground.row` for every point or one for all, (g, ...).
        """
        for number, item in enumerate(fields(Ground)):
            setattr(self, item.name, rows[number])

    def __getattr__(self, name: str) -> Tensor:
        """
        Tell type checkers that every field is a tensor.

        :param name: a field of :class:`Ground`.
        :raises AttributeError: there is no such field.
        """
        raise AttributeError(name)


def locate(rows: GroundRows, x: Tensor, y: Tensor) -> Place:
    """
    Find where points of the ground lie.

    :param rows: the grounds' numbers, broadcast against the points.
    :param x: world x, metres, (...).
    :param y: world y, metres, (...).
    :returns: road coordinates and class.
    """
    angle = rows.wave * x + rows.phase
    slope = rows.bend * rows.wave * torch.cos(angle)
    middle = rows.bend * (torch.sin(angle) - torch.sin(rows.phase))
    left = (y - middle) * torch.rsqrt(1 + slope * slope)
    on_left = left > 0
    beyond = torch.where(on_left, left - rows.kerb_left, -left - rows.kerb_right)
    half_spacing = rows.spacing / 2
    across = torch.remainder(x - rows.crossing + half_spacing, rows.spacing) - half_spacing
    verge = torch.where(on_left, rows.verge_left, rows.verge_right)
    walk = verge + torch.where(on_left, rows.walk_left, rows.walk_right)
    label = torch.where(on_left, rows.outer_left, rows.outer_right)
    side = torch.where(on_left, 1.0, -1.0)
    plaza = (across > rows.plaza_start) & (across < rows.plaza_end) & (side == rows.plaza_side)
    label = torch.where(plaza & (beyond < 14.0), float(OTHER_FLAT), label)
    label = torch.where(beyond < walk, float(SIDEWALK), label)
    label = torch.where(beyond < verge, float(TERRAIN), label)
    from_axis = across.abs()
    has_crossing = rows.crossing_half > 0
    beside = has_crossing & (from_axis < rows.crossing_half + rows.crossing_walk)
    label = torch.where(beside, float(SIDEWALK), label)
    road = (beyond < 0) | (has_crossing & (from_axis < rows.crossing_half))
    label = torch.where(road, float(DRIVEABLE), label)
    island = (across > rows.island_start) & (across < rows.island_end)
    island = island & (left > rows.island_right) & (left < rows.island_left)
    label = torch.where(island, float(OTHER_FLAT), label)
    beside_crossing = torch.where(has_crossing, from_axis - rows.crossing_half, torch.inf)
    kerb = torch.minimum(beyond, beside_crossing)
    return Place(x, left, across, beyond, kerb, label.long())
