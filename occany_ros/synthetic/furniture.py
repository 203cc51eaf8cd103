"""What stands along a street: poles, signs, lamps, trees, hedges, cones, barriers, bins."""

import numpy as np

from occany_ros.synthetic.primitives import Builder, Material, Vector

OTHER = 0
BARRIER = 1
CONE = 8
MANMADE = 15
VEGETATION = 16

_STEEL: Vector = (0.20, 0.21, 0.22)


def _four(random: np.random.Generator) -> tuple[float, float, float, float]:
    a, b, c, d = random.random(4)
    return (float(a), float(b), float(c), float(d))


def tree(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a tree: a trunk and a crown of two to four lumps, or a conifer.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: turn, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, VEGETATION)
    trunk = float(random.uniform(1.8, 3.2))
    crown = float(random.uniform(1.1, 2.1))
    autumn = random.random() < 0.15
    base = np.array([0.34, 0.20, 0.03]) if autumn else np.array([0.07, 0.15, 0.035])
    r, g, b = base * random.uniform(0.6, 1.5, 3)
    green, style = (float(r), float(g), float(b)), _four(random)
    bark = (0.16, 0.11, 0.07)
    if random.random() < 0.15:
        build.cylinder((0, 0, 0.5), 0.16, 1.0, Material.BARK, bark)
        height = 2.2 * crown + 2.0
        build.cylinder(
            (0, 0, 0.8 + height / 2),
            crown * 0.75,
            height,
            Material.FOLIAGE,
            green,
            None,
            style,
            taper=0.94,
        )
        return
    build.cylinder(
        (0, 0, trunk / 2 + 0.3),
        float(random.uniform(0.12, 0.24)),
        trunk + 0.6,
        Material.BARK,
        bark,
        None,
        style,
        taper=0.35,
    )
    middle = trunk + crown * 0.8
    build.ellipsoid(
        (0, 0, middle),
        crown,
        crown * float(random.uniform(0.8, 1.15)),
        Material.FOLIAGE,
        green,
        None,
        style,
    )
    for _ in range(int(random.integers(1, 4))):
        angle, size = random.uniform(0, 2 * np.pi), float(random.uniform(0.5, 0.75)) * crown
        away = 0.6 * crown
        build.ellipsoid(
            (
                float(np.cos(angle)) * away,
                float(np.sin(angle)) * away,
                middle + float(random.uniform(-0.35, 0.6)) * crown,
            ),
            size,
            size * 0.85,
            Material.FOLIAGE,
            green,
            None,
            _four(random),
        )


def bush(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a round bush.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: turn, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, VEGETATION)
    size = float(random.uniform(0.4, 0.8))
    tint = float(random.uniform(0.7, 1.4))
    build.ellipsoid(
        (0, 0, size * 0.7),
        size,
        size * 0.8,
        Material.FOLIAGE,
        (0.07 * tint, 0.15 * tint, 0.04 * tint),
        None,
        _four(random),
    )


def hedge(
    build: Builder, x: float, y: float, yaw: float, random: np.random.Generator, length: float
) -> None:
    """
    Add a hedge.

    :param build: where it goes.
    :param x: world x of the middle, metres.
    :param y: world y of the middle, metres.
    :param yaw: direction, radians.
    :param random: source of chance.
    :param length: metres.
    """
    build.at(x, y, yaw, VEGETATION)
    high, tint = float(random.uniform(0.8, 1.9)), float(random.uniform(0.7, 1.3))
    build.wedge(
        (0, 0, high / 2),
        (length, 0.8, high),
        (0.02, 0.02, 0.25),
        Material.FOLIAGE,
        (0.06 * tint, 0.14 * tint, 0.035 * tint),
        None,
        _four(random),
    )


def wall(
    build: Builder, x: float, y: float, yaw: float, random: np.random.Generator, length: float
) -> None:
    """
    Add a garden wall or fence.

    :param build: where it goes.
    :param x: world x of the middle, metres.
    :param y: world y of the middle, metres.
    :param yaw: direction, radians.
    :param random: source of chance.
    :param length: metres.
    """
    build.at(x, y, yaw, MANMADE)
    high, tint = float(random.uniform(0.8, 2.2)), float(random.uniform(0.25, 0.6))
    brick = random.random() < 0.5
    colour = (0.42, 0.20, 0.14) if brick else (tint, tint * 0.97, tint * 0.9)
    build.box(
        (0, 0, high / 2),
        (length, 0.25, high),
        Material.BRICK if brick else Material.WALL,
        colour,
        (0.5, 0.48, 0.45),
        (0.0, 0.0, 0.0, 0.0),
    )
    build.box((0, 0, high + 0.04), (length + 0.05, 0.33, 0.08), Material.PLAIN, (0.5, 0.49, 0.46))


def lamp(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a street lamp whose arm points along its x axis.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: direction of the arm, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, MANMADE)
    high = float(random.uniform(5.0, 7.5))
    build.cylinder((0, 0, high / 2), 0.10, high, Material.METAL, _STEEL, taper=0.4)
    build.box((0.7, 0, high), (1.5, 0.09, 0.09), Material.METAL, _STEEL)
    build.wedge(
        (1.5, 0, high - 0.02), (0.65, 0.26, 0.14), (0.3, 0.3, 0.3), Material.LAMP, (0.5, 0.5, 0.48)
    )


def sign(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a traffic sign that faces along its x axis.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: direction it faces, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, MANMADE)
    colours = ((0.65, 0.03, 0.03), (0.02, 0.10, 0.45), (0.70, 0.52, 0.03), (0.03, 0.28, 0.10))
    size = float(random.uniform(0.6, 0.85))
    build.cylinder((0, 0, 1.3), 0.045, 2.6, Material.METAL, (0.4, 0.4, 0.4))
    build.box(
        (0.06, 0, 2.45),
        (0.05, size, size),
        Material.SIGN,
        colours[random.integers(4)],
        (0.8, 0.8, 0.8),
        _four(random),
    )


def signal(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a traffic light that faces along its x axis.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: direction it faces, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, MANMADE)
    build.cylinder((0, 0, 1.7), 0.07, 3.4, Material.METAL, (0.15, 0.16, 0.15))
    build.box(
        (0.12, 0, 2.9),
        (0.22, 0.34, 0.95),
        Material.LAMP,
        (0.03, 0.03, 0.03),
        None,
        (float(random.choice([0.2, 0.8])), 1.0, 0.0, 0.0),
    )


def cone(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add a traffic cone.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: turn, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, CONE)
    high = float(random.uniform(0.65, 0.95))
    build.box((0, 0, 0.03), (0.44, 0.44, 0.06), Material.PLAIN, (0.72, 0.14, 0.02))
    build.cylinder(
        (0, 0, high / 2 + 0.05),
        0.18,
        high,
        Material.STRIPES,
        (0.85, 0.17, 0.02),
        (0.85, 0.85, 0.85),
        (1.0, 0.0, 0.0, 0.0),
        taper=0.82,
    )


def barrier(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add one element of a road barrier, 2 m along its x axis.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: direction, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, BARRIER)
    if random.random() < 0.5:
        build.wedge(
            (0, 0, 0.45),
            (2.0, 0.55, 0.90),
            (0.0, 0.0, 0.62),
            Material.WALL,
            (0.55, 0.54, 0.51),
            (0.4, 0.4, 0.4),
        )
        return
    for where in (-0.85, 0.85):
        build.box((where, 0, 0.5), (0.08, 0.42, 1.0), Material.METAL, (0.5, 0.5, 0.5))
    build.box(
        (0, 0, 0.85), (2.0, 0.08, 0.28), Material.STRIPES, (0.75, 0.05, 0.03), (0.85, 0.85, 0.85)
    )
    build.box(
        (0, 0, 0.42), (2.0, 0.08, 0.2), Material.STRIPES, (0.75, 0.05, 0.03), (0.85, 0.85, 0.85)
    )


def oddment(build: Builder, x: float, y: float, yaw: float, random: np.random.Generator) -> None:
    """
    Add something of no other class: wheelie bins, a shopping cart, bags, a pallet, a dog.

    :param build: where it goes.
    :param x: world x, metres.
    :param y: world y, metres.
    :param yaw: turn, radians.
    :param random: source of chance.
    """
    build.at(x, y, yaw, OTHER)
    form = random.integers(4)
    if form == 0:
        for k in range(int(random.integers(1, 4))):
            paint = ((0.05, 0.20, 0.08), (0.05, 0.08, 0.28), (0.30, 0.24, 0.04))[
                random.integers(3)
            ]
            build.wedge(
                (0, 0.72 * k, 0.52), (0.62, 0.56, 1.0), (-0.12, -0.12, -0.1), Material.PLAIN, paint
            )
            build.wedge(
                (0, 0.72 * k, 1.07),
                (0.74, 0.66, 0.1),
                (0.1, 0.1, 0.1),
                Material.PLAIN,
                (0.04, 0.04, 0.04),
            )
    elif form == 1:
        build.box((0, 0, 0.62), (0.9, 0.55, 0.55), Material.CRATE, (0.4, 0.4, 0.42))
        build.box((0, 0, 0.25), (0.8, 0.45, 0.06), Material.METAL, _STEEL)
        for where in (-0.35, 0.35):
            build.cylinder(
                (where, 0, 0.1), 0.1, 0.5, Material.TYRE, (0.03, 0.03, 0.03), roller=True
            )
    elif form == 2:
        build.box((0, 0, 0.08), (1.2, 0.9, 0.14), Material.CRATE, (0.34, 0.22, 0.11))
        build.box((0, 0.05, 0.5), (0.8, 0.7, 0.7), Material.CRATE, (0.42, 0.28, 0.15))
        build.ellipsoid((0.9, 0.2, 0.3), 0.38, 0.32, Material.CLOTH, (0.02, 0.02, 0.02))
    else:
        fur = ((0.30, 0.18, 0.08), (0.05, 0.04, 0.04), (0.6, 0.55, 0.45))[random.integers(3)]
        build.wedge((0, 0, 0.50), (0.72, 0.24, 0.28), (0.0, 0.0, 0.2), Material.CLOTH, fur)
        for where in (-0.3, 0.3):
            build.box((where, 0, 0.18), (0.08, 0.2, 0.36), Material.CLOTH, fur)
        build.ellipsoid((0.45, 0, 0.70), 0.13, 0.13, Material.CLOTH, fur)
