"""Rows of buildings and gardens, and what closes the view along crossing streets."""

import numpy as np
from occany_ros.synthetic import buildings, furniture, plants, vehicles
from occany_ros.synthetic.builder import Builder, Spot
from occany_ros.synthetic.street import AHEAD, BEHIND, Maker, Street


def _house(size: tuple[float, float], *, low: bool) -> Maker:
    def make(build: Builder, spot: Spot, random: np.random.Generator) -> None:
        buildings.building(build, spot, random, size, low=low)

    return make


def _fence(length: float, *, green: bool) -> Maker:
    def make(build: Builder, spot: Spot, random: np.random.Generator) -> None:
        (plants.hedge if green else furniture.wall)(build, spot, random, length)

    return make


def place_buildings(street: Street, side: int) -> None:
    """
    Line a side of the street with two rows of buildings, with gardens in the gaps.

    :param street: where they go.
    :param side: +1 left, -1 right.
    """
    random = street.random
    low = random.random() < 0.4
    for row in range(2):
        s = BEHIND + float(random.uniform(0, 10))
        while s < street.end:
            s += _plot(street, side, s, row, low=low)


def _plot(street: Street, side: int, s: float, row: int, *, low: bool) -> float:
    """Build on one plot; returns its length."""
    random = street.random
    wide, deep = float(random.uniform(9, 20)), float(random.uniform(8, 13))
    setback = float(random.uniform(3, 7) if low else random.uniform(0.5, 3.0))
    out = street.edge(side)[2]
    margin = street.ground.crossing_walk + 0.5
    clear = all(street.is_open(p, margin) for p in np.linspace(s, s + wide, 6))
    if not clear or _on_plaza(street, side, s, wide):
        return 4.0
    if random.random() < (0.88 if row == 0 else 0.5):
        away = out + setback + deep / 2 + row * 24.0
        make = _house((wide, deep), low=low)
        street.put(make, (s + wide / 2, side * away), 0.0, (wide, deep))
        return wide + float(random.choice([0.3, 2.0, 5.0], p=[0.5, 0.3, 0.2]))
    if row == 0:
        _garden(street, side, s)
        return 7.0
    return 4.0


def _on_plaza(street: Street, side: int, s: float, wide: float) -> bool:
    ground = street.ground
    if side != ground.plaza_side:
        return False
    near = ground.from_crossing(s + wide / 2)
    return ground.plaza_start - wide / 2 < near < ground.plaza_end + wide / 2


def _garden(street: Street, side: int, s: float) -> None:
    random = street.random
    out, long = street.edge(side)[2], 6.0
    make = _fence(long, green=random.random() < 0.55)
    street.put(make, (s + long / 2, side * (out + 0.6)), 0.0, (long, 0.8))
    for _ in range(2):
        place = (
            s + float(random.uniform(0.5, long)),
            side * (out + float(random.uniform(3, 9))),
        )
        street.put(plants.tree, place, 0.0, (2.5, 2.5))


def place_side_streets(street: Street, side: int) -> None:
    """
    Furnish the crossing streets on a side, and close the view along them.

    :param street: where they are.
    :param side: +1 left, -1 right.
    """
    ground = street.ground
    if ground.crossing_half == 0:
        return
    spacing = ground.spacing
    count = int((street.length + AHEAD - BEHIND) / spacing) + 2
    first = ground.crossing - np.ceil((ground.crossing - BEHIND) / spacing) * spacing
    for s in first + np.arange(count) * spacing:
        _side_street(street, side, float(s))


def _side_street(street: Street, side: int, s: float) -> None:
    random = street.random
    for turn, off in ((0.0, 1.7), (np.pi, -1.7)):
        if random.random() < 0.5:
            left = side * float(random.uniform(22, 45))
            street.put(vehicles.car, (s + off, left), np.pi / 2 + turn, (2.2, 5.4))
    edge = street.ground.crossing_half + 0.8
    for off in (-edge, edge):
        for left in (18.0, 29.0, 40.0):
            if random.random() < 0.5:
                away = side * (street.edge(side)[2] + left)
                street.put(plants.tree, (s + off, away), 0.0, (0.8, 0.8))
    size = (float(random.uniform(16, 30)), 9.0)
    make = _house(size, low=random.random() < 0.4)
    street.put(make, (s, side * float(random.uniform(52, 75))), 0.0, size)
