"""Pedestrians, and two-wheelers with and without riders."""

import numpy as np
from occany_ros.synthetic.builder import Builder, Coat, rgb, Spot, Vector
from occany_ros.synthetic.primitives import Material

BICYCLE = 2
MOTORCYCLE = 6
PEDESTRIAN = 7
_SKINS: tuple[Vector, ...] = ((0.62, 0.4, 0.28), (0.42, 0.24, 0.15), (0.22, 0.12, 0.07))
_BLACK: Vector = (0.03, 0.03, 0.03)


def _cloth(random: np.random.Generator) -> Vector:
    if random.random() < 0.5:
        grey = float(random.uniform(0.03, 0.45))
        return (grey, grey, grey * 1.1)
    return rgb(random.uniform(0.03, 0.6, 3))


def pedestrian(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a person walking or standing.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, PEDESTRIAN)
    size = float(random.uniform(0.86, 1.08))
    shirt, trousers = (_cloth(random), _cloth(random))
    stride = float(random.uniform(0.0, 0.24)) * size
    leg = 0.84 * size
    for side, ahead in ((0.09, stride / 2), (-0.09, -stride / 2)):
        build.cylinder(
            (ahead, side * size, leg / 2), 0.075 * size, leg, Coat(Material.CLOTH, trousers)
        )
    build.wedge(
        (0, 0, leg + 0.29 * size),
        (0.25 * size, 0.46 * size, 0.6 * size),
        (-0.1, -0.1, -0.12),
        Coat(Material.CLOTH, shirt),
    )
    for side, ahead in ((0.27, -stride / 3), (-0.27, stride / 3)):
        build.cylinder(
            (ahead, side * size, leg + 0.24 * size),
            0.055 * size,
            0.6 * size,
            Coat(Material.CLOTH, shirt),
        )
    skin = _SKINS[random.integers(3)]
    hair = (0.03, 0.02, 0.015) if random.random() < 0.6 else (0.3, 0.2, 0.1)
    build.ellipsoid(
        (0.01, 0, leg + 0.76 * size), 0.105 * size, 0.135 * size, Coat(Material.SKIN, skin, hair)
    )


def _rider(build: Builder, seat: float, random: np.random.Generator) -> None:
    shirt = _cloth(random)
    build.wedge(
        (-0.08, 0, seat + 0.3), (0.28, 0.42, 0.6), (-0.2, 0.2, 0.0), Coat(Material.CLOTH, shirt)
    )
    build.cylinder((0.05, 0, seat - 0.22), 0.16, 0.62, Coat(Material.CLOTH, _cloth(random)))
    build.ellipsoid(
        (0.06, 0, seat + 0.76),
        0.12,
        0.15,
        Coat(Material.SKIN, _SKINS[random.integers(3)], _cloth(random)),
    )


def bicycle(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a bicycle, half of them ridden.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, BICYCLE)
    paint = _cloth(random)
    for where in (0.53, -0.53):
        build.roller(
            (where, 0, 0.34), 0.34, 0.05, Coat(Material.TYRE, _BLACK, paint, (1.0, 0.0, 0.0, 0.0))
        )
    build.box((0.0, 0, 0.62), (0.95, 0.05, 0.07), Coat(Material.METAL, paint))
    build.box((-0.18, 0, 0.66), (0.05, 0.05, 0.6), Coat(Material.METAL, paint))
    build.box((0.44, 0, 0.76), (0.05, 0.05, 0.62), Coat(Material.METAL, paint))
    build.box((0.44, 0, 1.05), (0.06, 0.52, 0.05), Coat(Material.METAL, _BLACK))
    build.box((-0.2, 0, 0.96), (0.26, 0.15, 0.07), Coat(Material.PLAIN, _BLACK))
    if random.random() < 0.5:
        _rider(build, 0.98, random)


def motorcycle(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a motorcycle or scooter, half of them ridden.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, MOTORCYCLE)
    paint = _cloth(random)
    for where in (0.7, -0.7):
        build.roller((where, 0, 0.32), 0.32, 0.16, Coat(Material.TYRE, _BLACK))
    build.wedge((0.0, 0, 0.58), (1.1, 0.34, 0.5), (0.25, 0.3, 0.2), Coat(Material.PLAIN, paint))
    build.wedge((0.16, 0, 0.92), (0.6, 0.32, 0.22), (0.3, 0.2, 0.3), Coat(Material.PLAIN, paint))
    build.box((-0.42, 0, 0.86), (0.66, 0.3, 0.12), Coat(Material.PLAIN, _BLACK))
    build.wedge(
        (0.56, 0, 0.9), (0.34, 0.4, 0.62), (0.4, 0.2, 0.3), Coat(Material.PLAIN, paint, _BLACK)
    )
    build.box((0.5, 0, 1.14), (0.08, 0.74, 0.06), Coat(Material.METAL, _BLACK))
    if random.random() < 0.5:
        _rider(build, 0.95, random)
