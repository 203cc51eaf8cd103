"""Where things stand along a street."""

import numpy as np
from occany_ros.synthetic import furniture, people, plants, vehicles
from occany_ros.synthetic.blocks import place_buildings, place_side_streets
from occany_ros.synthetic.rare import place_rare
from occany_ros.synthetic.street import BEHIND, Street


def furnish(street: Street) -> None:
    """
    Put everything in place: rare things first, then what has to fit around them.

    :param street: an empty street.
    """
    _islands(street)
    place_rare(street)
    for side in (-1, 1):
        place_buildings(street, side)
        _parked(street, side)
        _roadside(street, side)
        _signals(street, side)
        place_side_streets(street, side)
    _traffic(street)
    _walkers(street)


def _islands(street: Street) -> None:
    ground = street.ground
    if ground.island_start > 1e3:
        return
    every = [float(s) for s in np.arange(BEHIND, street.end, 1.0)]
    for s in every:
        if abs(ground.from_crossing(s) - ground.island_start - 0.6) < 0.5:
            street.put(furniture.sign, (s, 0.0), np.pi, (0.6, 0.6))
    for s in every:
        if ground.island_start - 1 < ground.from_crossing(s) < ground.island_end + 1:
            street.take(s - 0.5, s + 0.5, ground.island_right, ground.island_left)


def _parked(street: Street, side: int) -> None:
    random, ground = street.random, street.ground
    kerb = street.edge(side)[0]
    lanes = ground.lanes_left if side > 0 else ground.lanes_right
    if kerb - lanes * ground.lane < 2.0:
        return
    density = float(random.uniform(0.25, 0.9))
    turn = 0.0 if side < 0 or random.random() < 0.2 else np.pi
    for s in np.arange(BEHIND, street.end, 5.6) + 5.6:
        if random.random() < density and street.is_open(s, 6.0):
            place = (float(s) + float(random.uniform(-0.25, 0.25)), side * (kerb - 1.12))
            askew = float(random.normal(0, 0.02))
            street.put(vehicles.car, place, turn + askew, (5.2, 2.0))


def _roadside(street: Street, side: int) -> None:
    random = street.random
    kerb, walk, out = street.edge(side)
    strip = (kerb + walk) / 2 if walk - kerb > 1 else kerb + 0.5
    trees, lamps = random.random() < 0.65, random.random() < 0.8
    spacing = float(random.uniform(9, 16))
    facing = np.pi if side < 0 else 0.0
    for k, s in enumerate(np.arange(BEHIND, street.end, spacing)):
        place = float(s) + float(random.uniform(-1, 1))
        if not street.is_open(place, 1.5):
            continue
        if lamps and k % 2 == 0:
            left = side * (kerb + 0.45)
            street.put(furniture.lamp, (place, left), -side * np.pi / 2, (0.5, 0.5))
        elif trees:
            street.put(plants.tree, (place, side * strip), 0.0, (0.7, 0.7))
        for chance, make, ahead, away, turn, size in (
            (0.12, plants.bush, 4.0, out + 0.7, 0.0, (1.4, 1.2)),
            (0.10, furniture.sign, 3.0, kerb + 0.4, facing, (0.5, 0.8)),
            (0.04, furniture.oddment, 5.0, out - 0.6, 0.0, (1.8, 2.0)),
        ):
            if random.random() < chance:
                street.put(make, (place + ahead, side * away), turn, size)


def _signals(street: Street, side: int) -> None:
    ground = street.ground
    if ground.crossing_half == 0:
        return
    kerb = street.edge(side)[0]
    reach = ground.crossing_half + 0.8
    facing = np.pi if side < 0 else 0.0
    for s in np.arange(BEHIND, street.end, 1.0):
        near = ground.from_crossing(float(s))
        if abs(near - side * reach) < 0.5 and street.random.random() < 0.7:
            street.put(furniture.signal, (float(s), side * (kerb + 0.5)), facing, (0.6, 0.6))


def _traffic(street: Street) -> None:
    random, ground = street.random, street.ground
    kinds = (
        (0.86, vehicles.car, (5.6, 2.0)),
        (0.90, vehicles.truck, (10.0, 2.6)),
        (0.93, vehicles.bus, (13.0, 2.7)),
        (1.00, people.motorcycle, (2.4, 1.0)),
    )
    for side, lanes in ((-1, ground.lanes_right), (1, ground.lanes_left)):
        for number in range(int(lanes)):
            left = side * (number + 0.5) * ground.lane
            s = BEHIND + float(random.uniform(0, 20))
            turn = 0.0 if side < 0 else np.pi
            while s < street.end:
                place = (s, left + float(random.normal(0, 0.12)))
                chance = random.random()
                make, size = next((m, z) for limit, m, z in kinds if chance < limit)
                street.put(make, place, turn, size)
                s += float(random.choice([9.0, 22.0, 45.0])) + float(random.uniform(0, 14))


def _walkers(street: Street) -> None:
    random = street.random
    for _ in range(int(random.integers(2, 9))):
        side = int(random.choice([-1, 1]))
        place = (float(random.uniform(-30, street.length + 60)), street.on_walk(side, 0.4))
        turn = float(random.choice([0.0, np.pi])) + float(random.normal(0, 0.3))
        street.put(people.pedestrian, place, turn, (0.7, 0.6))
