"""From maps to a scene whose labels agree over time."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import TokensT
from occany_ros.occupancy.grid import Classes
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.hanging import Joint
from occany_ros.pipeline.host_maps import Fetched
from occany_ros.pipeline.labelling import (
    carried_over,
    elected,
    in_set,
    joined_anew,
    LabelTrack,
)
from occany_ros.pipeline.localisation import Located
from occany_ros.pipeline.moved import without_moved
from occany_ros.pipeline.scene import fill, Scene
from occany_ros.pipeline.window import Remembered


@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """
    Labels of one step.

    :param track: what is remembered of the steps before.
    :param classes: of the labels.
    :param config: of the mapper.
    """

    track: LabelTrack
    classes: Classes
    config: MapperConfig

    @property
    def asks(self) -> bool:
        """Tell whether the network is asked for labels in this step."""
        return self.track.asks(self.config.labels)

    def named(self, fetched: Fetched) -> Fetched:
        """Renumber what the network says to the classes in use."""
        return in_set(fetched, self.classes) if self.asks else fetched

    def scene(
        self,
        maps: Fetched,
        located: Located[TokensT],
        newest: int,
        joint: Joint,
        odom_from_base: NDArray[np.float64],
        odom_from_before: NDArray[np.float64] | None,
    ) -> tuple[Scene, LabelTrack]:
        """
        Fill the grid: without what moved away, and with labels the grids before agree with.

        :param maps: of every view of the window, in metres.
        :param newest: index of the newest set in the window.
        :param odom_from_base: pose of the base frame that is told, (4, 4).
        :param odom_from_before: see `joined_anew`.
        :returns: the scene, and what to remember.
        """
        classes, config = self.classes, self.config
        track = joined_anew(self.track, odom_from_before)
        rules = config.labels
        odom_from_mounted = odom_from_base @ joint.base_from_mounted
        if not self.asks and rules.source != 'off':
            odom_from_world = odom_from_mounted @ invert(located.newest.world_from_base)
            sure = config.confidence, config.novel_confidence
            maps = carried_over(maps, track, odom_from_world, sure, classes)
        frames = [frame for entry in located.window for frame in entry.frames]
        moving = rules.moving_in(classes)
        maps = without_moved(maps, frames, ages(located), moving, config.confidence, classes)
        scene = fill(maps, located, newest, joint, classes, config)
        if rules.source == 'off':
            return scene, LabelTrack()
        if not self.asks:
            return scene, replace(track, since=track.since + 1)
        odom_from_grid = odom_from_mounted @ invert(joint.grid_from_mounted)
        grid, track = elected(scene.grid, odom_from_grid, track, rules, classes)
        return replace(scene, grid=grid), track


def ages(located: Located[TokensT]) -> list[int]:
    """Count the newer sets of the window for each view, in memory order."""
    window: tuple[Remembered[TokensT], ...] = located.window
    stamps = sorted((entry.stamp_ns for entry in window), reverse=True)
    return [stamps.index(entry.stamp_ns) for entry in window for _ in entry.frames]
