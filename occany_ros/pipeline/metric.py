"""The one place where the network's unit of length becomes metres."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.occupancy.grid import Classes
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.ground import see_ground, Sight
from occany_ros.pipeline.hanging import Hanging
from occany_ros.pipeline.host_maps import Fetched
from occany_ros.pipeline.level import levelled
from occany_ros.pipeline.localisation import Located
from occany_ros.pipeline.occupancy_update import ScaleReport
from occany_ros.pipeline.rig import Rig, stretched
from occany_ros.pipeline.scale import ANY_UNIT, by_height, by_odometry, is_leap, ScaleTrack
from occany_ros.pipeline.state import MapperState
from occany_ros.pipeline.window import Remembered, views_of

_UPWARD = np.array((0.0, -1.0, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Metric(Generic[TokensT]):
    """
    A window in metres.

    :param maps: what the network said of it.
    :param window: its sets, with the poses they had so far.
    :param rig: where the cameras sit.
    :param track: the scale.
    :param grown: the scale over the one before.
    :param sight: of the ground, still in the network's unit; None where nobody asked.
    """

    maps: Fetched
    window: tuple[Remembered[TokensT], ...]
    rig: Rig
    track: ScaleTrack
    grown: float
    sight: Sight | None

    @property
    def has_leapt(self) -> bool:
        """Tell whether metres became others, more than the mean creeps."""
        return is_leap(self.grown)


def in_metres(
    maps: Fetched,
    window: tuple[Remembered[TokensT], ...],
    newest: int,
    state: MapperState[TokensT, MemoryT],
    config: MapperConfig,
    classes: Classes,
) -> Metric[TokensT]:
    """
    Find the scale, and apply it to points, poses and what they are joined to.

    The newest pose stays where it is when the scale changes; older ones move away from it or
    towards it, so the path goes on without a step.

    :param maps: of every view of the window, in the network's unit.
    :param window: in memory order.
    :param newest: index of the newest set.
    """
    track, rig = state.scale, state.rig
    if not config.is_metric:
        track = replace(track, bounds=ANY_UNIT)
    sight = None
    if config.level == 'ground_plane' or config.scale == 'camera_height':
        sight = _sight(maps, window, newest, rig, config, classes)
    if config.scale == 'odom':
        track = by_odometry(track, window, newest, maps.seen.world_from_camera, rig)
    elif config.scale == 'camera_height' and sight is not None:
        track = _by_height(track, sight, window[newest], rig, config)
    grown = track.value / state.scale.value
    if grown != 1.0:
        window = _stretched(window, state.odom_from_base[:3, 3], grown)
    return Metric(maps.scaled(track.value), window, rig.at_scale(track.value), track, grown, sight)


def hung(
    before: Hanging,
    located: Located[TokensT],
    newest: int,
    metric: Metric[TokensT],
    config: MapperConfig,
) -> Hanging:
    """
    Make the newest set level, and say where the robot is.

    :param before: of the set before.
    :param located: the window in metres.
    :param newest: index of the newest set.
    :raises LookupError: the newest set has no pose.
    """
    placed, entry, level = located.newest, located.window[newest], before.level
    if entry.odom_from_base is None:
        raise LookupError('located: expected a pose of the newest set, got none; locate it first')
    if config.level == 'ground_plane' and metric.sight is not None:
        level = level.heard(metric.sight, placed, metric.track.value, metric.grown)
    first = located.rig.first(config.cameras)
    base = levelled(config.level, level, placed.extrinsics, first, config.assumed_height_m)
    return before.moved(level, base, entry.odom_from_base).told(
        entry.odom_from_base, entry.stamp_ns
    )


def scale_report(track: ScaleTrack, config: MapperConfig) -> ScaleReport:
    """Tell what the scale rests on."""
    return ScaleReport(
        source=config.scale if track.is_known else 'model',
        value=track.value,
        told=track.told,
        refused=track.refused or {},
        missing=track.missing,
    )


def _sight(
    maps: Fetched,
    window: Sequence[Remembered[TokensT]],
    newest: int,
    rig: Rig,
    config: MapperConfig,
    classes: Classes,
) -> Sight:
    cameras = [frame.camera for frame in window[newest].frames]
    reference = rig.reference(cameras)
    known = rig.known(cameras[reference])
    up = _UPWARD if known is None else known[2, :3]
    seen = maps.seen.part(views_of(window, newest))
    return see_ground(seen, reference, up, config.confidence, classes)


def _by_height(
    track: ScaleTrack,
    sight: Sight,
    newest: Remembered[TokensT],
    rig: Rig,
    config: MapperConfig,
) -> ScaleTrack:
    cameras = [frame.camera for frame in newest.frames]
    reference = cameras[rig.reference(cameras)]
    is_first = not rig.found or reference.name == rig.first_name(config.cameras)
    return by_height(track, sight, reference, config.assumed_height_m if is_first else 0.0)


def _stretched(
    window: tuple[Remembered[TokensT], ...], centre: NDArray[np.float64], ratio: float
) -> tuple[Remembered[TokensT], ...]:
    return tuple(
        entry
        if entry.odom_from_base is None
        else replace(entry, odom_from_base=stretched(entry.odom_from_base, centre, ratio))
        for entry in window
    )
