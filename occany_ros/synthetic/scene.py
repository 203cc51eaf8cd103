"""A street: solids on a ground under a light, all of it decided by one seed."""

from dataclasses import dataclass

import numpy as np
from occany_ros.synthetic.ground import Ground
from occany_ros.synthetic.layout import furnish
from occany_ros.synthetic.light import draw_light, Light
from occany_ros.synthetic.primitives import Primitives
from occany_ros.synthetic.street import Street


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """
    A static world.

    :param seed: the number it was made from.
    :param solids: everything that stands on the ground.
    :param ground: the ground at z = 0.
    :param light: sun, sky, air, exposure.
    :param lane_start: lateral place of the lane the ego starts in, metres left of the middle.
    :param lane_end: lateral place of the lane it ends in.
    :param length: how far along the road the lane is kept free, from s = 0, metres.
    """

    seed: int
    solids: Primitives
    ground: Ground
    light: Light
    lane_start: float
    lane_end: float
    length: float


def make_scene(seed: int, length: float = 40.0) -> Scene:
    """
    Make the street of a seed.

    :param seed: any non-negative number.
    :param length: how far the ego will drive, metres; the ego starts at s = 0.
    :returns: the scene; equal arguments give equal scenes.
    """
    random = np.random.default_rng([seed, 1])
    street = Street(random, length)
    furnish(street)
    return Scene(
        seed,
        street.build.build(),
        street.ground,
        draw_light(random),
        street.lane_start,
        street.lane_end,
        length,
    )
