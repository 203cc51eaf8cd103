"""Drawing of the ground's numbers."""

import numpy as np
from occany_ros.synthetic.ground import Ground, OTHER_FLAT, SIDEWALK, TERRAIN


def draw_ground(random: np.random.Generator) -> Ground:
    """
    Draw a street: how it winds, its lanes, its edges, its crossings.

    :param random: source of chance.
    :returns: the ground.
    """
    bend = 0.0 if random.random() < 0.3 else float(random.uniform(2, 14))
    lane = float(random.uniform(3.0, 3.6))
    lanes_left, lanes_right = (
        int(random.choice([1, 2], p=[0.65, 0.35])),
        int(random.choice([1, 2], p=[0.5, 0.5])),
    )
    parking = [2.3 if random.random() < 0.6 else 0.35 for _ in range(2)]
    has_crossing = random.random() < 0.6
    half = float(random.uniform(3.2, 5.5)) if has_crossing else 0.0
    outer = [
        float(random.choice([TERRAIN, SIDEWALK, OTHER_FLAT], p=[0.55, 0.2, 0.25]))
        for _ in range(2)
    ]
    island = random.random() < 0.33
    island_start = half + 9.0
    plaza = random.random() < 0.4
    return Ground(
        bend=bend,
        wave=2 * np.pi / float(random.uniform(200, 420)),
        phase=float(random.uniform(0, 2 * np.pi)),
        kerb_left=lanes_left * lane + parking[0],
        kerb_right=lanes_right * lane + parking[1],
        lane=lane,
        lanes_left=lanes_left,
        lanes_right=lanes_right,
        verge_left=float(random.uniform(1.2, 2.2)) if random.random() < 0.3 else 0.0,
        verge_right=float(random.uniform(1.2, 2.2)) if random.random() < 0.3 else 0.0,
        walk_left=float(random.uniform(1.8, 4.0)),
        walk_right=float(random.uniform(1.8, 4.0)),
        outer_left=outer[0],
        outer_right=outer[1],
        spacing=float(random.uniform(70, 150)),
        crossing=float(random.uniform(5, 60)),
        crossing_half=half,
        crossing_walk=float(random.uniform(1.8, 3.0)),
        zebra=float(random.random() < 0.7),
        island_start=island_start if island else 1e4,
        island_end=island_start + float(random.uniform(6, 18)) if island else 1e4,
        island_right=-0.55,
        island_left=0.55,
        plaza_start=half + 6.0,
        plaza_end=half + 6.0 + float(random.uniform(8, 20)),
        plaza_side=float(random.choice([-1, 1])) if plaza else 0.0,
        paint=float(random.random() < 0.25),
        slab=float(random.uniform(0.5, 1.2)),
        asphalt=float(random.uniform(0.09, 0.2)),
        grass=float(random.random()),
        warmth=float(random.random()),
    )
