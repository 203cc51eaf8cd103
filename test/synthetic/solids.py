"""Slow references for solids: membership of points, one solid after another."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.builder import Builder, Coat
from occany_ros.synthetic.primitives import Kind, Material, Primitives
from occany_ros.synthetic.scene import make_scene, Scene

PAINT = Coat(Material.PLAIN, (0.5, 0.5, 0.5))


def inside(
    solids: Primitives, row: int, points: NDArray[np.float64], margin: float = 0.0
) -> NDArray[np.bool_]:
    """Whether points, (..., 3), lie in a solid grown by a margin."""
    half = solids.half[row] + margin
    unit = (points - solids.centre[row]) @ solids.axes[row].T / half
    x, y, z = np.moveaxis(unit, -1, 0)
    shape = solids.shape[row]
    if solids.kind[row] == Kind.ROUND:
        return (x**2 + y**2 + shape[2] * z**2 <= (shape[0] + shape[1] * z) ** 2) & (abs(z) <= 1)
    front, rear, side = (1 - lean / 2 * (z + 1) for lean in shape[:3])
    return (x <= front) & (-x <= rear) & (abs(y) <= side) & (abs(z) <= 1)


def random_solids(random: np.random.Generator, count: int, reach: float) -> Primitives:
    """Solids of every kind around the origin, none touching it."""
    build = Builder()
    for number in range(count):
        angle, away = random.uniform(0, 2 * np.pi), random.uniform(3.0, reach)
        x, y = away * np.cos(angle), away * np.sin(angle)
        build.at((float(x), float(y), float(random.uniform(0, 6.28))), number % 17)
        size = tuple(float(s) for s in random.uniform(0.4, 2.0, 3))
        centre = (0.0, 0.0, float(random.uniform(0.5, 2.5)))
        match number % 5:
            case 0:
                build.box(centre, size, PAINT)
            case 1:
                lean = tuple(float(s) for s in random.uniform(-0.2, 0.95, 3))
                build.wedge(centre, size, lean, PAINT)
            case 2:
                taper = float(random.uniform(0, 0.9))
                build.cylinder(centre, size[0] / 2, size[2], PAINT, taper=taper)
            case 3:
                build.roller(centre, size[0] / 2, size[1], PAINT)
            case _:
                build.ellipsoid(centre, size[0] / 2, size[2] / 2, PAINT)
    return build.build()


def scene_of(solids: Primitives, seed: int = 0) -> Scene:
    """Put solids on an otherwise empty ground."""
    return replace(make_scene(seed), solids=solids)
