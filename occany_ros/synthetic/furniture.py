"""What stands along a street: poles, signs, lamps, walls, cones, barriers, bins."""

import numpy as np
from occany_ros.synthetic.builder import Builder, Coat, fractions, Spot, Vector
from occany_ros.synthetic.primitives import Material

OTHER = 0
BARRIER = 1
CONE = 8
MANMADE = 15
_STEEL: Vector = (0.2, 0.21, 0.22)


def wall(build: Builder, spot: Spot, random: np.random.Generator, length: float) -> None:
    """
    Add a garden wall or fence.

    :param build: where it goes.
    :param spot: world x and y in metres; direction in radians.
    :param random: source of chance.
    :param length: metres.
    """
    build.at(spot, MANMADE)
    high, tint = (float(random.uniform(0.8, 2.2)), float(random.uniform(0.25, 0.6)))
    brick = random.random() < 0.5
    colour = (0.42, 0.2, 0.14) if brick else (tint, tint * 0.97, tint * 0.9)
    build.box(
        (0, 0, high / 2),
        (length, 0.25, high),
        Coat(
            Material.BRICK if brick else Material.WALL,
            colour,
            (0.5, 0.48, 0.45),
            (0.0, 0.0, 0.0, 0.0),
        ),
    )
    build.box(
        (0, 0, high + 0.04), (length + 0.05, 0.33, 0.08), Coat(Material.PLAIN, (0.5, 0.49, 0.46))
    )


def lamp(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a street lamp whose arm points along its x axis.

    :param build: where it goes.
    :param spot: world x and y in metres; direction of the arm in radians.
    :param random: source of chance.
    """
    build.at(spot, MANMADE)
    high = float(random.uniform(5.0, 7.5))
    build.cylinder((0, 0, high / 2), 0.1, high, Coat(Material.METAL, _STEEL), taper=0.4)
    build.box((0.7, 0, high), (1.5, 0.09, 0.09), Coat(Material.METAL, _STEEL))
    build.wedge(
        (1.5, 0, high - 0.02),
        (0.65, 0.26, 0.14),
        (0.3, 0.3, 0.3),
        Coat(Material.LAMP, (0.5, 0.5, 0.48)),
    )


def sign(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a traffic sign that faces along its x axis.

    :param build: where it goes.
    :param spot: world x and y in metres; direction it faces in radians.
    :param random: source of chance.
    """
    build.at(spot, MANMADE)
    colours = ((0.65, 0.03, 0.03), (0.02, 0.1, 0.45), (0.7, 0.52, 0.03), (0.03, 0.28, 0.1))
    size = float(random.uniform(0.6, 0.85))
    build.cylinder((0, 0, 1.3), 0.045, 2.6, Coat(Material.METAL, (0.4, 0.4, 0.4)))
    build.box(
        (0.06, 0, 2.45),
        (0.05, size, size),
        Coat(Material.SIGN, colours[random.integers(4)], (0.8, 0.8, 0.8), fractions(random)),
    )


def signal(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a traffic light that faces along its x axis.

    :param build: where it goes.
    :param spot: world x and y in metres; direction it faces in radians.
    :param random: source of chance.
    """
    build.at(spot, MANMADE)
    build.cylinder((0, 0, 1.7), 0.07, 3.4, Coat(Material.METAL, (0.15, 0.16, 0.15)))
    build.box(
        (0.12, 0, 2.9),
        (0.22, 0.34, 0.95),
        Coat(
            Material.LAMP,
            (0.03, 0.03, 0.03),
            None,
            (float(random.choice([0.2, 0.8])), 1.0, 0.0, 0.0),
        ),
    )


def cone(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a traffic cone.

    :param build: where it goes.
    :param spot: world x and y in metres; turn in radians.
    :param random: source of chance.
    """
    build.at(spot, CONE)
    high = float(random.uniform(0.65, 0.95))
    build.box((0, 0, 0.03), (0.44, 0.44, 0.06), Coat(Material.PLAIN, (0.72, 0.14, 0.02)))
    build.cylinder(
        (0, 0, high / 2 + 0.05),
        0.18,
        high,
        Coat(Material.STRIPES, (0.85, 0.17, 0.02), (0.85, 0.85, 0.85), (1.0, 0.0, 0.0, 0.0)),
        taper=0.82,
    )


def barrier(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add one element of a road barrier, 2 m along its x axis.

    :param build: where it goes.
    :param spot: world x and y in metres; direction in radians.
    :param random: source of chance.
    """
    build.at(spot, BARRIER)
    if random.random() < 0.5:
        build.wedge(
            (0, 0, 0.45),
            (2.0, 0.55, 0.9),
            (0.0, 0.0, 0.62),
            Coat(Material.WALL, (0.55, 0.54, 0.51), (0.4, 0.4, 0.4)),
        )
        return
    for where in (-0.85, 0.85):
        build.box((where, 0, 0.5), (0.08, 0.42, 1.0), Coat(Material.METAL, (0.5, 0.5, 0.5)))
    build.box(
        (0, 0, 0.85),
        (2.0, 0.08, 0.28),
        Coat(Material.STRIPES, (0.75, 0.05, 0.03), (0.85, 0.85, 0.85)),
    )
    build.box(
        (0, 0, 0.42),
        (2.0, 0.08, 0.2),
        Coat(Material.STRIPES, (0.75, 0.05, 0.03), (0.85, 0.85, 0.85)),
    )


def oddment(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add something of no other class: wheelie bins, a shopping cart, bags, a pallet, a dog.

    :param build: where it goes.
    :param spot: world x and y in metres; turn in radians.
    :param random: source of chance.
    """
    build.at(spot, OTHER)
    form = random.integers(4)
    if form == 0:
        for k in range(int(random.integers(1, 4))):
            paint = ((0.05, 0.2, 0.08), (0.05, 0.08, 0.28), (0.3, 0.24, 0.04))[random.integers(3)]
            build.wedge(
                (0, 0.72 * k, 0.52),
                (0.62, 0.56, 1.0),
                (-0.12, -0.12, -0.1),
                Coat(Material.PLAIN, paint),
            )
            build.wedge(
                (0, 0.72 * k, 1.07),
                (0.74, 0.66, 0.1),
                (0.1, 0.1, 0.1),
                Coat(Material.PLAIN, (0.04, 0.04, 0.04)),
            )
    elif form == 1:
        build.box((0, 0, 0.62), (0.9, 0.55, 0.55), Coat(Material.CRATE, (0.4, 0.4, 0.42)))
        build.box((0, 0, 0.25), (0.8, 0.45, 0.06), Coat(Material.METAL, _STEEL))
        for where in (-0.35, 0.35):
            build.roller((where, 0, 0.1), 0.1, 0.5, Coat(Material.TYRE, (0.03, 0.03, 0.03)))
    elif form == 2:
        build.box((0, 0, 0.08), (1.2, 0.9, 0.14), Coat(Material.CRATE, (0.34, 0.22, 0.11)))
        build.box((0, 0.05, 0.5), (0.8, 0.7, 0.7), Coat(Material.CRATE, (0.42, 0.28, 0.15)))
        build.ellipsoid((0.9, 0.2, 0.3), 0.38, 0.32, Coat(Material.CLOTH, (0.02, 0.02, 0.02)))
    else:
        fur = ((0.3, 0.18, 0.08), (0.05, 0.04, 0.04), (0.6, 0.55, 0.45))[random.integers(3)]
        build.wedge((0, 0, 0.5), (0.72, 0.24, 0.28), (0.0, 0.0, 0.2), Coat(Material.CLOTH, fur))
        for where in (-0.3, 0.3):
            build.box((where, 0, 0.18), (0.08, 0.2, 0.36), Coat(Material.CLOTH, fur))
        build.ellipsoid((0.45, 0, 0.7), 0.13, 0.13, Coat(Material.CLOTH, fur))
