"""The answer of one mapping step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import OccupancyGrid3d, UNKNOWN
from occany_ros.pipeline.modes import Imagined, NOTHING_IMAGINED

Extrinsics = Literal['given', 'assumed']
Restart = Literal['start', 'gap', 'backward', 'resolution']


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """
    Labelled, coloured points.

    :param points: grid frame, metres, (p, 3) float32.
    :param rgb: colour, (p, 3) uint8.
    :param labels: class as in the grid, (p,) uint8.
    :param confidence: model confidence minus one squeezed to 0..1, (p,) float32.
    """

    points: NDArray[np.float32]
    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    confidence: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CameraView:
    """
    What was predicted for one camera of the newest set.

    :param name: the camera.
    :param stamp_ns: its image's time, nanoseconds.
    :param image: the network-sized RGB image, (h, w, 3) uint8.
    :param depth: metres along the optical axis, NaN where unknown, (h, w) float32.
    :param labels: class as in the grid, 255 = none, (h, w) uint8.
    :param base_from_camera: the extrinsics that were used, (4, 4).
    :param focal: focal length that was used, pixels of ``image``.
    :param calibrated_focal: the same by the camera's calibration; None where there is none.
    :param features: the network's semantic features, at a size of their own, (c, h', w') float32;
        None where nobody asked for them or the network has none.
    """

    name: str
    stamp_ns: int
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    labels: NDArray[np.uint8]
    base_from_camera: NDArray[np.float64]
    focal: float
    calibrated_focal: float | None = None
    features: NDArray[np.float32] | None = None

    @property
    def is_labelled(self) -> bool:
        """Tell whether any pixel has a label."""
        return bool((self.labels != UNKNOWN).any())


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """
    Where the robot is and how fast it moves.

    :param odom_from_base: accumulated ego motion since the last reset, (4, 4) float64.
    :param linear: velocity in the base frame, metres a second, (3,).
    :param angular: rate of turn in the base frame, radians a second, (3,).
    :param seconds: over which both are the mean; zero where nothing is known of them.
    :param distance_m: way since the last reset.
    """

    odom_from_base: NDArray[np.float64]
    linear: NDArray[np.float64]
    angular: NDArray[np.float64]
    seconds: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class LevelReport:
    """
    What the level of the grid rests on.

    :param source: ``mounting``, ``axis swap`` or ``ground plane``.
    :param roll_deg: of the first camera in the base frame in use, degrees.
    :param pitch_deg: the same, positive looking down.
    :param height_m: of that camera over z = 0.
    :param planes: ground planes in the mean.
    :param refused: reason -> sets that showed none.
    :param missing: why the newest set showed none.
    """

    source: str
    roll_deg: float
    pitch_deg: float
    height_m: float
    planes: int
    refused: Mapping[str, int]
    missing: str


@dataclass(frozen=True, slots=True)
class ScaleReport:
    """
    What the scale rests on.

    :param source: ``model`` until another one has told enough.
    :param value: metres to the network's unit.
    :param told: sets that told one.
    :param refused: reason -> sets that did not.
    :param missing: why the newest set did not.
    """

    source: str = 'model'
    value: float = 1.0
    told: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    missing: str = ''


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """
    Everything one mapping step produced for one set of frames.

    :param stamp_ns: time of the newest image of the set, nanoseconds.
    :param grid: semantic grid around the robot at that time, base frame.
    :param cloud: the points of seen views the grid was made of, base frame; novel views fill the
        grid only, because they have no colours and nobody measured them.
    :param motion: accumulated ego motion since the last reset, and speed.
    :param views: the newest set, camera by camera.
    :param seconds: duration of each stage, stage name -> seconds.
    :param window: number of frame sets in the rolling memory.
    :param extrinsics: ``given``, or ``assumed``: nobody told where the cameras sit, so the base
        hangs on the reference camera by the axis swap optical -> body.
    :param restart: why memory began anew with this set, or None.
    :param imagined: which novel views were rendered, and why not more.
    :param grid_from_base: pose of the base frame in the grid's, (4, 4); None where they are one.
    :param level: what makes the grid level.
    :param scale: what makes lengths metric.
    """

    stamp_ns: int
    grid: OccupancyGrid3d
    cloud: Cloud
    motion: Motion
    views: tuple[CameraView, ...]
    seconds: Mapping[str, float]
    window: int
    extrinsics: Extrinsics = 'given'
    restart: Restart | None = None
    imagined: Imagined = NOTHING_IMAGINED
    grid_from_base: NDArray[np.float64] | None = None
    level: LevelReport | None = None
    scale: ScaleReport = ScaleReport()

    @property
    def odom_from_base(self) -> NDArray[np.float64]:
        """Accumulated ego motion since the last reset, (4, 4) float64."""
        return self.motion.odom_from_base
