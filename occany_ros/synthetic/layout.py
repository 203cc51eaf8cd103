"""Where things stand along a street."""

from collections.abc import Callable

import numpy as np

from occany_ros.synthetic import buildings, furniture, people, vehicles
from occany_ros.synthetic.primitives import Builder
from occany_ros.synthetic.terrain import draw_ground

_CLEAR = 1.45
"""Half width of the corridor kept free around the ego's path, metres."""
_BEHIND = -70.0
_AHEAD = 105.0
_RARE = (
    'bicycle',
    'motorcycle',
    'bus',
    'truck',
    'trailer',
    'construction',
    'cone',
    'barrier',
    'pedestrian',
    'other',
)
Maker = Callable[[Builder, float, float, float, np.random.Generator], None]


class Street:
    """A street under construction: remembers what ground is taken."""

    def __init__(self, random: np.random.Generator, length: float) -> None:
        """
        Draw the ground and the ego's lanes.

        :param random: source of chance.
        :param length: how far the ego drives, metres.
        """
        self.random = random
        self.build = Builder()
        self.ground = draw_ground(random)
        self.length = length
        lanes = int(self.ground.lanes_right)
        first = int(random.integers(lanes))
        last = int(random.integers(lanes)) if random.random() < 0.35 else first
        self.lane_start = -self.ground.lane * (first + 0.5)
        self.lane_end = -self.ground.lane * (last + 0.5)
        low = min(self.lane_start, self.lane_end) - _CLEAR
        high = max(self.lane_start, self.lane_end) + _CLEAR
        self._taken = [(-8.0, length + 14.0, low, high)]

    def _free(self, s: float, left: float, long: float, wide: float) -> bool:
        a, b = s - long / 2, s + long / 2
        c, d = left - wide / 2, left + wide / 2
        return all(b <= t[0] or a >= t[1] or d <= t[2] or c >= t[3] for t in self._taken)

    def _put(
        self,
        make: Maker,
        s: float,
        left: float,
        turn: float,
        size: tuple[float, float],
    ) -> bool:
        if not self._free(s, left, *size):
            return False
        self._taken.append(
            (s - size[0] / 2, s + size[0] / 2, left - size[1] / 2, left + size[1] / 2)
        )
        x, y, heading = self.ground.world(s, left)
        make(self.build, x, y, heading + turn, self.random)
        return True

    def _edge(self, side: int) -> tuple[float, float, float]:
        """Distance of kerb, start and end of the sidewalk from the centre line."""
        ground = self.ground
        if side > 0:
            kerb, verge, walk = ground.kerb_left, ground.verge_left, ground.walk_left
        else:
            kerb, verge, walk = ground.kerb_right, ground.verge_right, ground.walk_right
        return kerb, kerb + verge, kerb + verge + walk

    def _open(self, s: float, margin: float) -> bool:
        """Whether ``s`` is clear of crossing streets."""
        ground = self.ground
        if ground.crossing_half == 0:
            return True
        return abs(ground.from_crossing(s)) > ground.crossing_half + margin

    def furnish(self) -> None:
        """Put everything in place, rare things first."""
        self._islands()
        for name in _RARE:
            if self.random.random() < 1 / 3:
                self._rare(name)
        for side in (-1, 1):
            self._buildings(side)
            self._parked(side)
            self._roadside(side)
            self._side_street(side)
        self._traffic()
        self._walkers()

    def _islands(self) -> None:
        ground = self.ground
        if ground.island_start > 1e3:
            return
        for s in np.arange(_BEHIND, self.length + _AHEAD, 1.0):
            near = ground.from_crossing(float(s))
            if abs(near - ground.island_start - 0.6) < 0.5:
                self._put(furniture.sign, float(s), 0.0, np.pi, (0.6, 0.6))
        for s in np.arange(_BEHIND, self.length + _AHEAD, 1.0):
            near = ground.from_crossing(float(s))
            if ground.island_start - 1 < near < ground.island_end + 1:
                self._taken.append((s - 0.5, s + 0.5, ground.island_right, ground.island_left))

    def _rare(self, name: str) -> None:
        for _ in range(12):
            s = float(self.random.uniform(6, min(self.length, 60.0) + 30))
            if self._try_rare(name, s, int(self.random.choice([-1, 1]))):
                return

    def _try_rare(self, name: str, s: float, side: int) -> bool:
        random = self.random
        kerb, walk, out = self._edge(side)
        turn = 0.0 if side < 0 else np.pi
        at_kerb = side * (kerb - 1.25)
        lane = side * (0.5 + int(random.integers(1, 3)) - 1) * self.ground.lane
        on_walk = side * float(random.uniform(walk + 0.5, max(out - 0.4, walk + 0.6)))
        wobble = float(random.uniform(-0.15, 0.15))
        big = lane if random.random() < 0.6 else at_kerb
        match name:
            case 'bicycle':
                if random.random() < 0.5:
                    return self._put(people.bicycle, s, side * (kerb - 0.6), turn, (2.0, 0.7))
                across = turn + wobble + (np.pi / 2 if random.random() < 0.4 else 0.0)
                return self._put(people.bicycle, s, on_walk, across, (2.0, 1.2))
            case 'motorcycle':
                where = side * (kerb - 0.7) if random.random() < 0.7 else on_walk
                return self._put(people.motorcycle, s, where, turn + 2 * wobble, (2.3, 1.0))
            case 'bus':
                return self._put(vehicles.bus, s + 6, big, turn, (13.0, 2.7))
            case 'truck':
                return self._put(vehicles.truck, s + 4, big, turn, (10.0, 2.6))
            case 'trailer':
                return self._put(vehicles.trailer, s + 4, big, turn, (11.0, 2.6))
            case 'construction':
                where = big if random.random() < 0.6 else side * (out + 2.2)
                return self._put(
                    vehicles.construction,
                    s,
                    where,
                    float(random.uniform(0, 2 * np.pi)),
                    (6.5, 3.6),
                ) or self._put(vehicles.construction, s, at_kerb, turn, (6.5, 2.6))
            case 'cone':
                where = at_kerb if random.random() < 0.7 else lane
                done = [
                    self._put(
                        furniture.cone, s + 2.2 * k, where + side * 0.1 * k, wobble, (0.5, 0.5)
                    )
                    for k in range(int(random.integers(3, 7)))
                ]
                return any(done)
            case 'barrier':
                where = side * (kerb + 0.45) if random.random() < 0.5 else at_kerb
                done = [
                    self._put(furniture.barrier, s + 2.1 * k, where, wobble / 4, (2.0, 0.6))
                    for k in range(int(random.integers(2, 7)))
                ]
                return any(done)
            case 'pedestrian':
                done = [
                    self._put(
                        people.pedestrian,
                        s + float(random.uniform(0, 6)),
                        side * float(random.uniform(walk + 0.3, max(out - 0.3, walk + 0.5))),
                        float(random.uniform(0, 2 * np.pi)),
                        (0.7, 0.6),
                    )
                    for _ in range(4)
                ]
                return any(done)
            case _:
                return self._put(furniture.oddment, s, on_walk, turn + wobble, (1.8, 2.0))

    def _buildings(self, side: int) -> None:
        random = self.random
        _, _, out = self._edge(side)
        low = random.random() < 0.4
        margin = self.ground.crossing_walk + 0.5
        for row in range(2):
            s = _BEHIND + float(random.uniform(0, 10))
            while s < self.length + _AHEAD:
                wide, deep = float(random.uniform(9, 20)), float(random.uniform(8, 13))
                setback = float(random.uniform(0.5, 3.0) if not low else random.uniform(3, 7))
                away = out + setback + deep / 2 + row * 24.0
                middle = s + wide / 2
                plaza = self._plaza(side, s, wide)
                clear = all(self._open(p, margin) for p in np.linspace(s, s + wide, 6))
                if not plaza and clear and random.random() < (0.88 if row == 0 else 0.5):

                    def make(
                        build: Builder, x: float, y: float, yaw: float, chance: np.random.Generator
                    ) -> None:
                        buildings.building(build, x, y, yaw, chance, (wide, deep), low=low)

                    self._put(make, middle, side * away, 0.0, (wide, deep))
                    s += wide + float(random.choice([0.3, 2.0, 5.0], p=[0.5, 0.3, 0.2]))
                elif clear and not plaza and row == 0:
                    self._garden(side, s, 6.0, out)
                    s += 7.0
                else:
                    s += 4.0

    def _side_street(self, side: int) -> None:
        """Line the crossing streets, and close the view along them."""
        ground, random = self.ground, self.random
        if ground.crossing_half == 0:
            return
        count = int((self.length + _AHEAD - _BEHIND) / ground.spacing) + 2
        first = ground.crossing - np.ceil((ground.crossing - _BEHIND) / ground.spacing) * (
            ground.spacing
        )
        for s in first + np.arange(count) * ground.spacing:
            for make, turn, off in ((vehicles.car, 0.0, 1.7), (vehicles.car, np.pi, -1.7)):
                if random.random() < 0.5:
                    left = side * float(random.uniform(22, 45))
                    self._put(make, float(s) + off, left, np.pi / 2 + turn, (2.2, 5.4))
            for off in (-1, 1):
                for left in (18.0, 29.0, 40.0):
                    if random.random() < 0.5:
                        edge = ground.crossing_half + 0.8
                        away = self._edge(side)[2] + left
                        self._put(
                            furniture.tree, float(s) + off * edge, side * away, 0.0, (0.8, 0.8)
                        )
            wide, deep = float(random.uniform(16, 30)), 9.0

            def make_end(
                build: Builder, x: float, y: float, yaw: float, chance: np.random.Generator
            ) -> None:
                size = (wide, deep)
                buildings.building(build, x, y, yaw, chance, size, low=chance.random() < 0.4)

            away = float(random.uniform(52, 75))
            self._put(make_end, float(s), side * away, 0.0, (wide, deep))

    def _plaza(self, side: int, s: float, wide: float) -> bool:
        ground = self.ground
        if side != ground.plaza_side:
            return False
        near = ground.from_crossing(s + wide / 2)
        return ground.plaza_start - wide / 2 < near < ground.plaza_end + wide / 2

    def _garden(self, side: int, s: float, long: float, out: float) -> None:
        random = self.random
        left = side * (out + 0.6)
        maker = furniture.hedge if random.random() < 0.55 else furniture.wall

        def make(
            build: Builder, x: float, y: float, yaw: float, chance: np.random.Generator
        ) -> None:
            maker(build, x, y, yaw, chance, long)

        self._put(make, s + long / 2, left, 0.0, (long, 0.8))
        for _ in range(2):
            self._put(
                furniture.tree,
                s + float(random.uniform(0.5, long)),
                side * (out + float(random.uniform(3, 9))),
                0.0,
                (2.5, 2.5),
            )

    def _parked(self, side: int) -> None:
        random = self.random
        ground = self.ground
        kerb = ground.kerb_left if side > 0 else ground.kerb_right
        lanes = ground.lanes_left if side > 0 else ground.lanes_right
        if kerb - lanes * ground.lane < 2.0:
            return
        density = float(random.uniform(0.25, 0.9))
        turn = 0.0 if side < 0 or random.random() < 0.2 else np.pi
        s = _BEHIND
        while s < self.length + _AHEAD:
            s += 5.6
            if random.random() < density and self._open(s, 6.0):
                shift = float(random.uniform(-0.25, 0.25))
                self._put(
                    vehicles.car,
                    s + shift,
                    side * (kerb - 1.12),
                    turn + float(random.normal(0, 0.02)),
                    (5.2, 2.0),
                )

    def _roadside(self, side: int) -> None:
        random = self.random
        kerb, walk, out = self._edge(side)
        strip = side * ((kerb + walk) / 2 if walk - kerb > 1 else kerb + 0.5)
        trees, lamps = random.random() < 0.65, random.random() < 0.8
        spacing = float(random.uniform(9, 16))
        inward = -side * np.pi / 2
        for k, s in enumerate(np.arange(_BEHIND, self.length + _AHEAD, spacing)):
            place = float(s) + float(random.uniform(-1, 1))
            if not self._open(place, 1.5):
                continue
            if lamps and k % 2 == 0:
                self._put(furniture.lamp, place, side * (kerb + 0.45), inward, (0.5, 0.5))
            elif trees:
                self._put(furniture.tree, place, strip, 0.0, (0.7, 0.7))
            if random.random() < 0.12:
                self._put(furniture.bush, place + 4, side * (out + 0.7), 0.0, (1.4, 1.2))
            if random.random() < 0.1:
                facing = np.pi if side < 0 else 0.0
                self._put(furniture.sign, place + 3, side * (kerb + 0.4), facing, (0.5, 0.8))
            if random.random() < 0.04:
                self._put(furniture.oddment, place + 5, side * (out - 0.6), 0.0, (1.8, 2.0))
        if self.ground.crossing_half == 0:
            return
        for s in np.arange(_BEHIND, self.length + _AHEAD, 1.0):
            near = self.ground.from_crossing(float(s))
            reach = self.ground.crossing_half + 0.8
            facing = np.pi if side < 0 else 0.0
            if abs(near + side * -1 * -reach) < 0.5 and random.random() < 0.7:
                self._put(furniture.signal, float(s), side * (kerb + 0.5), facing, (0.6, 0.6))

    def _traffic(self) -> None:
        random = self.random
        ground = self.ground
        for side, lanes in ((-1, ground.lanes_right), (1, ground.lanes_left)):
            for number in range(int(lanes)):
                left = side * (number + 0.5) * ground.lane
                s = _BEHIND + float(random.uniform(0, 20))
                turn = 0.0 if side < 0 else np.pi
                while s < self.length + _AHEAD:
                    left_here = left + float(random.normal(0, 0.12))
                    chance = random.random()
                    if chance < 0.86:
                        self._put(vehicles.car, s, left_here, turn, (5.6, 2.0))
                    elif chance < 0.90:
                        self._put(vehicles.truck, s, left_here, turn, (10.0, 2.6))
                    elif chance < 0.93:
                        self._put(vehicles.bus, s, left_here, turn, (13.0, 2.7))
                    else:
                        self._put(people.motorcycle, s, left_here, turn, (2.4, 1.0))
                    s += float(random.choice([9.0, 22.0, 45.0])) + float(random.uniform(0, 14))

    def _walkers(self) -> None:
        random = self.random
        for _ in range(int(random.integers(2, 9))):
            side = int(random.choice([-1, 1]))
            _, walk, out = self._edge(side)
            self._put(
                people.pedestrian,
                float(random.uniform(-30, self.length + 60)),
                side * float(random.uniform(walk + 0.4, max(out - 0.4, walk + 0.6))),
                float(random.choice([0.0, np.pi])) + float(random.normal(0, 0.3)),
                (0.7, 0.6),
            )
