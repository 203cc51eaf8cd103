"""A street being furnished: what stands where, and what ground is taken."""

from collections.abc import Callable

import numpy as np
from occany_ros.synthetic.builder import Builder, Spot
from occany_ros.synthetic.ground_plan import draw_ground

BEHIND = -70.0
"""Where the furnished street begins, metres along the road."""
AHEAD = 105.0
"""How far it goes on beyond the end of the drive, metres."""
_CLEAR = 1.45
"""Half width of the corridor kept free around the ego's path, metres."""
Maker = Callable[[Builder, Spot, np.random.Generator], None]
"""Adds one object, of an appearance left to chance, at a spot."""


class Street:
    """A street under construction."""

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

    @property
    def end(self) -> float:
        """Where the furnished street ends, metres along the road."""
        return self.length + AHEAD

    def take(self, start: float, end: float, low: float, high: float) -> None:
        """
        Reserve ground.

        :param start: along the road, metres.
        :param end: along the road, metres.
        :param low: left of the centre line, metres.
        :param high: left of the centre line, metres.
        """
        self._taken.append((start, end, low, high))

    def put(
        self, make: Maker, place: tuple[float, float], turn: float, size: tuple[float, float]
    ) -> bool:
        """
        Put an object where the ground is free.

        :param make: what adds it.
        :param place: along the road and left of the centre line, metres.
        :param turn: heading against the road's, radians.
        :param size: ground it needs along and across the road, metres.
        :returns: whether there was room.
        """
        s, left = place
        start, end = s - size[0] / 2, s + size[0] / 2
        low, high = left - size[1] / 2, left + size[1] / 2
        if any(end > t[0] and start < t[1] and high > t[2] and low < t[3] for t in self._taken):
            return False
        self.take(start, end, low, high)
        x, y, heading = self.ground.world(s, left)
        make(self.build, (x, y, heading + turn), self.random)
        return True

    def edge(self, side: int) -> tuple[float, float, float]:
        """
        Measure a side of the street.

        :param side: +1 left, -1 right.
        :returns: distances of the kerb and of both edges of the sidewalk from the centre line.
        """
        ground = self.ground
        if side > 0:
            kerb, verge, walk = ground.kerb_left, ground.verge_left, ground.walk_left
        else:
            kerb, verge, walk = ground.kerb_right, ground.verge_right, ground.walk_right
        return kerb, kerb + verge, kerb + verge + walk

    def on_walk(self, side: int, margin: float) -> float:
        """
        Draw a place on a sidewalk.

        :param side: +1 left, -1 right.
        :param margin: from its edges, metres.
        :returns: left of the centre line, metres.
        """
        _, low, high = self.edge(side)
        return side * float(self.random.uniform(low + margin, max(high - margin, low + 0.6)))

    def is_open(self, s: float, margin: float) -> bool:
        """
        Tell whether a place is clear of crossing streets.

        :param s: along the road, metres.
        :param margin: beyond the kerb of the crossing street, metres.
        :returns: whether it is.
        """
        ground = self.ground
        if ground.crossing_half == 0:
            return True
        return abs(ground.from_crossing(s)) > ground.crossing_half + margin
