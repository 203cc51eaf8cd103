"""Cars, vans, lorries, buses, trailers and building machines."""

import numpy as np
from occany_ros.synthetic.builder import Builder, Coat, fractions, rgb, Spot, Vector
from occany_ros.synthetic.primitives import Material

BUS = 3
CAR = 4
CONSTRUCTION = 5
TRAILER = 9
TRUCK = 10
_PAINTS: tuple[Vector, ...] = (
    (0.8, 0.8, 0.8),
    (0.62, 0.64, 0.66),
    (0.3, 0.31, 0.33),
    (0.05, 0.05, 0.06),
    (0.04, 0.04, 0.05),
    (0.45, 0.04, 0.04),
    (0.05, 0.1, 0.34),
    (0.12, 0.2, 0.3),
    (0.06, 0.2, 0.1),
    (0.55, 0.48, 0.36),
    (0.75, 0.52, 0.06),
    (0.2, 0.09, 0.05),
)
_BLACK: Vector = (0.025, 0.025, 0.028)
_GLASS: Vector = (0.05, 0.07, 0.08)


def _paint(random: np.random.Generator) -> Vector:
    base = np.array(_PAINTS[random.integers(len(_PAINTS))])
    return rgb(np.clip(base * random.uniform(0.8, 1.25, 3) + 0.01, 0.01, 0.9))


def _axle(build: Builder, x: float, radius: float, width: float) -> None:
    build.roller((x, 0, radius), radius, width, Coat(Material.TYRE, _BLACK))


def car(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a saloon, estate, small car, van or off-roader.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, CAR)
    form = random.choice(5, p=[0.34, 0.2, 0.2, 0.12, 0.14])
    length, width, waist, top, front, rear, cabin_front, cabin_rear = (
        (4.6, 1.82, 0.92, 1.46, 0.34, 0.3, 0.86, -1.72),
        (4.7, 1.84, 0.94, 1.5, 0.32, 0.1, 0.86, -2.25),
        (3.8, 1.7, 0.95, 1.52, 0.36, 0.14, 0.8, -1.8),
        (4.9, 1.96, 1.1, 2.0, 0.26, 0.05, 1.45, -2.4),
        (4.7, 1.94, 1.08, 1.76, 0.26, 0.12, 0.8, -2.28),
    )[form]
    scale = float(random.uniform(0.94, 1.06))
    length, width = (length * scale, width * scale)
    cabin_front, cabin_rear = (cabin_front * scale, cabin_rear * scale)
    paint, style = (_paint(random), fractions(random))
    floor = 0.24 + 0.05 * style[0]
    body = waist - floor
    build.wedge(
        (0, 0, floor + body / 2),
        (length, width, body),
        (0.05, 0.03, 0.06),
        Coat(Material.BODY, paint, _BLACK, style),
    )
    span = cabin_front - cabin_rear
    build.wedge(
        ((cabin_front + cabin_rear) / 2, 0, (waist + top) / 2),
        (span, width * 0.93, top - waist),
        (2.8 * front / span, 2.4 * rear / span, 0.2 if form != 3 else 0.1),
        Coat(Material.CABIN, paint, _GLASS, style),
    )
    radius = 0.32 + 0.04 * (form >= 3)
    _axle(build, length * 0.31, radius, width + 0.02)
    _axle(build, -length * 0.3, radius, width + 0.02)


def truck(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a box lorry or a pick-up of 6 to 9 m.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, TRUCK)
    length, high = (float(random.uniform(6.0, 9.0)), float(random.uniform(2.9, 3.7)))
    paint, style = (_paint(random), fractions(random))
    cab = 1.9
    build.wedge(
        (length / 2 - cab / 2, 0, 1.65),
        (cab, 2.3, 2.3),
        (0.22, 0.0, 0.06),
        Coat(Material.CABIN, paint, _GLASS, (style[0], style[1], style[2], 1.0)),
    )
    build.box((0, 0, 0.72), (length - 0.3, 1.1, 0.4), Coat(Material.METAL, (0.06, 0.06, 0.07)))
    cargo = _paint(random) if random.random() < 0.5 else (0.74, 0.74, 0.72)
    build.box(
        (-cab / 2 - 0.08, 0, (0.9 + high) / 2),
        (length - cab - 0.16, 2.45, high - 0.9),
        Coat(Material.CARGO, cargo, _paint(random), style),
    )
    for where in (length / 2 - 1.2, -length / 2 + 1.3, -length / 2 + 2.5):
        _axle(build, where, 0.48, 2.35)


def bus(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a city bus of 10 to 12 m.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, BUS)
    length = float(random.uniform(10.0, 12.0))
    paint = (
        (0.72, 0.08, 0.06),
        (0.78, 0.62, 0.05),
        (0.7, 0.72, 0.7),
        (0.06, 0.3, 0.5),
        (0.1, 0.42, 0.2),
    )[random.integers(5)]
    build.box(
        (0, 0, 1.68),
        (length, 2.5, 2.76),
        Coat(Material.BUS, paint, _paint(random), fractions(random)),
    )
    build.wedge(
        (-length * 0.15, 0, 3.16),
        (3.2, 1.7, 0.22),
        (0.2, 0.2, 0.2),
        Coat(Material.PLAIN, (0.6, 0.6, 0.6)),
    )
    _axle(build, length / 2 - 2.6, 0.48, 2.46)
    _axle(build, -length / 2 + 3.0, 0.48, 2.46)


def trailer(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add a trailer: a box, a flat bed with crates or a caravan-like one.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, TRAILER)
    length = float(random.uniform(4.5, 9.0))
    form = random.integers(3)
    style = fractions(random)
    build.box((0, 0, 0.75), (length, 2.2, 0.25), Coat(Material.METAL, (0.1, 0.1, 0.11)))
    if form == 0:
        build.box(
            (0, 0, 2.1),
            (length, 2.4, 2.4),
            Coat(Material.CARGO, _paint(random), (0.8, 0.8, 0.8), style),
        )
    elif form == 1:
        for place in (-0.3, 0.02, 0.32):
            size = float(random.uniform(0.9, 1.5))
            build.box(
                (place * length, 0, 0.9 + size / 2),
                (length * 0.26, 1.9, size),
                Coat(Material.CRATE, (0.32, 0.2, 0.1), None, style),
            )
    else:
        build.wedge(
            (0, 0, 1.75),
            (length, 2.3, 1.8),
            (0.12, 0.1, 0.05),
            Coat(Material.CABIN, (0.78, 0.77, 0.72), _GLASS, style),
        )
    build.box(
        (length / 2 + 0.6, 0, 0.6), (1.2, 0.18, 0.14), Coat(Material.METAL, (0.08, 0.08, 0.09))
    )
    _axle(build, -0.6, 0.42, 2.1)
    _axle(build, -1.6, 0.42, 2.1)


def construction(build: Builder, spot: Spot, random: np.random.Generator) -> None:
    """
    Add an excavator or a wheel loader.

    :param build: where it goes.
    :param spot: world x and y in metres; heading in radians.
    :param random: source of chance.
    """
    build.at(spot, CONSTRUCTION)
    yellow = (0.8, float(random.uniform(0.34, 0.56)), 0.03)
    style = fractions(random)
    if random.random() < 0.5:
        for side in (-0.95, 0.95):
            build.wedge(
                (0, side, 0.42), (3.4, 0.55, 0.84), (0.12, 0.12, 0.0), Coat(Material.TYRE, _BLACK)
            )
        build.box((-0.5, 0, 1.35), (2.9, 2.3, 1.0), Coat(Material.BODY, yellow, _BLACK, style))
        build.wedge(
            (0.35, 0.55, 2.35),
            (1.5, 1.1, 1.3),
            (0.2, 0.05, 0.08),
            Coat(Material.CABIN, yellow, _GLASS, style),
        )
        build.box((1.7, -0.35, 2.7), (2.4, 0.34, 0.5), Coat(Material.PLAIN, yellow))
        build.box((2.9, -0.35, 1.7), (0.34, 0.3, 2.2), Coat(Material.PLAIN, yellow))
        build.wedge(
            (2.9, -0.35, 0.45),
            (0.9, 1.0, 0.7),
            (0.0, 0.3, 0.0),
            Coat(Material.METAL, (0.1, 0.1, 0.1)),
        )
    else:
        build.box((-0.9, 0, 1.35), (2.6, 1.9, 1.1), Coat(Material.BODY, yellow, _BLACK, style))
        build.wedge(
            (0.3, 0, 2.0),
            (1.5, 1.5, 1.9),
            (0.15, 0.1, 0.08),
            Coat(Material.CABIN, yellow, _GLASS, style),
        )
        build.box((1.6, 0, 1.0), (1.6, 0.8, 0.4), Coat(Material.PLAIN, yellow))
        build.wedge(
            (2.7, 0, 0.6),
            (0.9, 2.5, 0.9),
            (0.0, 0.45, 0.0),
            Coat(Material.METAL, (0.16, 0.15, 0.14)),
        )
        for where in (1.3, -1.4):
            _axle(build, where, 0.68, 2.2)
