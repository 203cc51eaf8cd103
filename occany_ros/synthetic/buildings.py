"""Houses and office blocks."""

import numpy as np
from occany_ros.synthetic.builder import Builder, Coat, fractions, rgb, Spot, Vector
from occany_ros.synthetic.primitives import Material

MANMADE = 15
_PLASTERS: tuple[Vector, ...] = (
    (0.62, 0.56, 0.44),
    (0.55, 0.52, 0.48),
    (0.6, 0.45, 0.32),
    (0.52, 0.3, 0.24),
    (0.44, 0.5, 0.46),
    (0.66, 0.63, 0.58),
    (0.4, 0.42, 0.46),
    (0.62, 0.5, 0.22),
)
_BRICKS: tuple[Vector, ...] = (
    (0.36, 0.14, 0.09),
    (0.42, 0.22, 0.13),
    (0.28, 0.13, 0.1),
    (0.5, 0.38, 0.26),
    (0.3, 0.28, 0.27),
)


def building(
    build: Builder,
    spot: Spot,
    random: np.random.Generator,
    size: tuple[float, float],
    *,
    low: bool,
) -> None:
    """
    Add a building whose front faces along its -y or +y axis.

    :param build: where it goes.
    :param spot: world x and y in metres; direction of the street in radians.
    :param random: source of chance.
    :param size: extent along the street and depth, metres.
    :param low: whether it is a house of one to three storeys with a pitched roof.
    """
    build.at(spot, MANMADE)
    style = fractions(random)
    storeys = int(random.integers(1, 4)) if low else int(random.integers(3, 8))
    high = 3.1 * storeys + 0.5
    form = random.choice(3, p=[0.55, 0.45, 0.0] if low else [0.4, 0.3, 0.3])
    if form == 0:
        base = np.array(_PLASTERS[random.integers(len(_PLASTERS))])
    elif form == 1:
        base = np.array(_BRICKS[random.integers(len(_BRICKS))])
    else:
        base = np.array([0.25, 0.28, 0.3]) * random.uniform(0.6, 1.8)
    colour = rgb(np.clip(base * random.uniform(0.85, 1.15, 3), 0.02, 0.8))
    second = rgb(random.uniform(0.1, 0.6, 3))
    material = (Material.PLASTER, Material.BRICK, Material.OFFICE)[form]
    build.box((0, 0, high / 2), (size[0], size[1], high), Coat(material, colour, second, style))
    if low or random.random() < 0.3:
        roof = float(random.uniform(1.6, 3.2))
        tile = ((0.34, 0.12, 0.07), (0.16, 0.15, 0.15), (0.26, 0.17, 0.11))[random.integers(3)]
        build.wedge(
            (0, 0, high + roof / 2),
            (size[0] + 0.6, size[1] + 0.8, roof),
            (0.04, 0.04, 0.94),
            Coat(Material.ROOF, tile, None, style),
        )
        if random.random() < 0.6:
            build.box(
                (size[0] * 0.25, 0, high + roof),
                (0.6, 0.6, 1.6),
                Coat(Material.BRICK, (0.3, 0.14, 0.1), (0.4, 0.4, 0.4), (0.0, 0.0, 0.0, 0.0)),
            )
    else:
        trim = (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.7)
        build.box(
            (0, 0, high + 0.2), (size[0] + 0.3, size[1] + 0.3, 0.45), Coat(Material.PLAIN, trim)
        )
        if random.random() < 0.5:
            build.box(
                (size[0] * 0.2, 0, high + 1.2),
                (3.0, 3.0, 2.0),
                Coat(Material.WALL, (0.4, 0.4, 0.4), (0.3, 0.3, 0.3)),
            )
