"""Rare classes: forced into view near the ego's path in one scene of three each."""

from collections.abc import Callable

import numpy as np
from occany_ros.synthetic import furniture, people, vehicles
from occany_ros.synthetic.street import Maker, Street

_SHARE = 1 / 3
_TRIES = 12


def place_rare(street: Street) -> None:
    """
    Give each rare class its chance.

    :param street: where they go; nothing else should stand there yet.
    """
    random = street.random
    for attempt in _ATTEMPTS:
        if random.random() >= _SHARE:
            continue
        for _ in range(_TRIES):
            s = float(random.uniform(6, min(street.length, 60.0) + 30))
            if attempt(street, s, int(random.choice([-1, 1]))):
                break


def _along(side: int) -> float:
    """Heading of the traffic on a side of the road."""
    return 0.0 if side < 0 else np.pi


def _lane_or_kerb(street: Street, side: int) -> float:
    random = street.random
    lane = side * (0.5 + int(random.integers(2))) * street.ground.lane
    at_kerb = side * (street.edge(side)[0] - 1.25)
    return lane if random.random() < 0.6 else at_kerb


def _bicycle(street: Street, s: float, side: int) -> bool:
    random = street.random
    if random.random() < 0.5:
        left = side * (street.edge(side)[0] - 0.6)
        return street.put(people.bicycle, (s, left), _along(side), (2.0, 0.7))
    left = street.on_walk(side, 0.5)
    across = np.pi / 2 if random.random() < 0.4 else 0.0
    turn = _along(side) + float(random.uniform(-0.15, 0.15)) + across
    return street.put(people.bicycle, (s, left), turn, (2.0, 1.2))


def _motorcycle(street: Street, s: float, side: int) -> bool:
    random = street.random
    at_kerb = side * (street.edge(side)[0] - 0.7)
    left = at_kerb if random.random() < 0.7 else street.on_walk(side, 0.5)
    turn = _along(side) + float(random.uniform(-0.3, 0.3))
    return street.put(people.motorcycle, (s, left), turn, (2.3, 1.0))


def _large(make: Maker, shift: float, size: tuple[float, float]) -> Callable[..., bool]:
    def attempt(street: Street, s: float, side: int) -> bool:
        return street.put(make, (s + shift, _lane_or_kerb(street, side)), _along(side), size)

    return attempt


def _construction(street: Street, s: float, side: int) -> bool:
    random = street.random
    kerb, _, out = street.edge(side)
    left = _lane_or_kerb(street, side) if random.random() < 0.6 else side * (out + 2.2)
    turn = float(random.uniform(0, 2 * np.pi))
    if street.put(vehicles.construction, (s, left), turn, (6.5, 3.6)):
        return True
    left = side * (kerb - 1.25)
    return street.put(vehicles.construction, (s, left), _along(side), (6.5, 2.6))


def _cones(street: Street, s: float, side: int) -> bool:
    random = street.random
    left = _lane_or_kerb(street, side)
    turn = float(random.uniform(-0.15, 0.15))
    done = [
        street.put(furniture.cone, (s + 2.2 * k, left + side * 0.1 * k), turn, (0.5, 0.5))
        for k in range(int(random.integers(3, 7)))
    ]
    return any(done)


def _barriers(street: Street, s: float, side: int) -> bool:
    random = street.random
    kerb = street.edge(side)[0]
    left = side * (kerb + 0.45 if random.random() < 0.5 else kerb - 1.25)
    turn = float(random.uniform(-0.04, 0.04))
    done = [
        street.put(furniture.barrier, (s + 2.1 * k, left), turn, (2.0, 0.6))
        for k in range(int(random.integers(2, 7)))
    ]
    return any(done)


def _group(street: Street, s: float, side: int) -> bool:
    random = street.random
    done = [
        street.put(
            people.pedestrian,
            (s + float(random.uniform(0, 6)), street.on_walk(side, 0.3)),
            float(random.uniform(0, 2 * np.pi)),
            (0.7, 0.6),
        )
        for _ in range(4)
    ]
    return any(done)


def _oddment(street: Street, s: float, side: int) -> bool:
    turn = _along(side) + float(street.random.uniform(-0.15, 0.15))
    return street.put(furniture.oddment, (s, street.on_walk(side, 0.5)), turn, (1.8, 2.0))


_ATTEMPTS: tuple[Callable[[Street, float, int], bool], ...] = (
    _bicycle,
    _motorcycle,
    _large(vehicles.bus, 6.0, (13.0, 2.7)),
    _large(vehicles.truck, 4.0, (10.0, 2.6)),
    _large(vehicles.trailer, 4.0, (11.0, 2.6)),
    _construction,
    _cones,
    _barriers,
    _group,
    _oddment,
)
