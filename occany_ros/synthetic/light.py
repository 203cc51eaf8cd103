"""Sun, sky, air and camera response of a scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.builder import rgb, Vector


@dataclass(frozen=True, slots=True)
class Light:
    """
    How a scene is lit and exposed.

    :param sun: unit vector to the sun, world frame.
    :param sun_colour: linear RGB of direct light; zero under an overcast sky.
    :param zenith: linear RGB of the sky overhead.
    :param horizon: linear RGB of the sky at the horizon, and of the fog.
    :param cloud: share of the sky under clouds, 0 to 1.
    :param fog: extinction, 1/m.
    :param exposure: gain before the response curve.
    :param gamma: exponent of the response curve.
    :param noise: standard deviation of the sensor noise, share of full scale.
    :param wind: offset of the cloud pattern.
    """

    sun: Vector
    sun_colour: Vector
    zenith: Vector
    horizon: Vector
    cloud: float
    fog: float
    exposure: float
    gamma: float
    noise: float
    wind: float

    def row(self) -> NDArray[np.float32]:
        """
        List the numbers in the order of the fields.

        :returns: (18,) float32.
        """
        return np.array(
            [
                *self.sun,
                *self.sun_colour,
                *self.zenith,
                *self.horizon,
                self.cloud,
                self.fog,
                self.exposure,
                self.gamma,
                self.noise,
                self.wind,
            ],
            np.float32,
        )


def draw_light(random: np.random.Generator) -> Light:
    """
    Draw a time of day and a weather.

    :param random: source of chance.
    :returns: the light.
    """
    height = np.radians(random.uniform(22, 65))
    azimuth = random.uniform(0, 2 * np.pi)
    sun = (
        float(np.cos(height) * np.cos(azimuth)),
        float(np.cos(height) * np.sin(azimuth)),
        float(np.sin(height)),
    )
    overcast = random.random() < 0.3
    evening = np.clip((0.75 - height) / 0.5, 0, 1) * random.uniform(0.2, 1)
    strength = random.uniform(0.08, 0.3) if overcast else random.uniform(1.0, 1.5)
    sun_colour = rgb(strength * np.array([1.0, 0.95 - 0.12 * evening, 0.88 - 0.32 * evening]))
    grey = random.uniform(0.55, 0.85)
    if overcast:
        zenith = (0.62 * grey, 0.66 * grey, 0.72 * grey)
        horizon = (0.95 * grey, 0.96 * grey, 0.98 * grey)
    else:
        blue = random.uniform(0.6, 1.0)
        zenith = (0.16 * blue + 0.04, 0.34 * blue + 0.05, 0.72 * blue + 0.06)
        horizon = (0.72 + 0.2 * evening, 0.8 - 0.05 * evening, 0.9 - 0.22 * evening)
    return Light(
        sun,
        sun_colour,
        zenith,
        rgb(np.array(horizon)),
        float(random.uniform(0.5, 0.9) if overcast else random.uniform(0.05, 0.55)),
        float(random.choice([0.0008, 0.002, 0.005], p=[0.5, 0.35, 0.15])),
        float(np.exp(random.normal(0.0, 0.18))) * (1.35 if overcast else 1.0),
        float(random.uniform(0.40, 0.50)),
        float(random.uniform(0.004, 0.018)),
        float(random.uniform(0, 50)),
    )
