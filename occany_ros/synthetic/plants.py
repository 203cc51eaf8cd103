"""Trees, bushes and hedges."""

import numpy as np
from occany_ros.synthetic.builder import Builder, Coat, fractions, rgb, Spot
from occany_ros.synthetic.primitives import Material

VEGETATION = 16


def tree(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a tree: a trunk and a crown of two to four lumps, or a conifer.

    :param build: where it goes.
    :param spot: world x and y in metres; turn in radians.
    :param random: source of chance.
    """
    build.at(spot, VEGETATION)
    trunk = float(random.uniform(1.8, 3.2))
    crown = float(random.uniform(1.1, 2.1))
    autumn = random.random() < 0.15
    base = np.array([0.34, 0.2, 0.03]) if autumn else np.array([0.07, 0.15, 0.035])
    green = rgb(base * random.uniform(0.6, 1.5, 3))
    style = fractions(random)
    bark = (0.16, 0.11, 0.07)
    if random.random() < 0.15:
        build.cylinder((0, 0, 0.5), 0.16, 1.0, Coat(Material.BARK, bark))
        height = 2.2 * crown + 2.0
        build.cylinder(
            (0, 0, 0.8 + height / 2),
            crown * 0.75,
            height,
            Coat(Material.FOLIAGE, green, None, style),
            taper=0.94,
        )
        return
    build.cylinder(
        (0, 0, trunk / 2 + 0.3),
        float(random.uniform(0.12, 0.24)),
        trunk + 0.6,
        Coat(Material.BARK, bark, None, style),
        taper=0.35,
    )
    middle = trunk + crown * 0.8
    build.ellipsoid(
        (0, 0, middle),
        crown,
        crown * float(random.uniform(0.8, 1.15)),
        Coat(Material.FOLIAGE, green, None, style),
    )
    for _ in range(int(random.integers(1, 4))):
        angle, size = (random.uniform(0, 2 * np.pi), float(random.uniform(0.5, 0.75)) * crown)
        away = 0.6 * crown
        build.ellipsoid(
            (
                float(np.cos(angle)) * away,
                float(np.sin(angle)) * away,
                middle + float(random.uniform(-0.35, 0.6)) * crown,
            ),
            size,
            size * 0.85,
            Coat(Material.FOLIAGE, green, None, fractions(random)),
        )


def bush(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a round bush.

    :param build: where it goes.
    :param spot: world x and y in metres; turn in radians.
    :param random: source of chance.
    """
    build.at(spot, VEGETATION)
    size = float(random.uniform(0.4, 0.8))
    tint = float(random.uniform(0.7, 1.4))
    build.ellipsoid(
        (0, 0, size * 0.7),
        size,
        size * 0.8,
        Coat(Material.FOLIAGE, (0.07 * tint, 0.15 * tint, 0.04 * tint), None, fractions(random)),
    )


def hedge(build: Builder, spot: Spot, random: np.random.Generator, length: float) -> None:
    """
    Add a hedge.

    :param build: where it goes.
    :param spot: world x and y in metres; direction in radians.
    :param random: source of chance.
    :param length: metres.
    """
    build.at(spot, VEGETATION)
    high, tint = (float(random.uniform(0.8, 1.9)), float(random.uniform(0.7, 1.3)))
    build.wedge(
        (0, 0, high / 2),
        (length, 0.8, high),
        (0.02, 0.02, 0.25),
        Coat(Material.FOLIAGE, (0.06 * tint, 0.14 * tint, 0.035 * tint), None, fractions(random)),
    )
