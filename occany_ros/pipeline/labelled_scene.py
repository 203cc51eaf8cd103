"""From maps to a scene whose labels agree over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.models.later import features_of
from occany_ros.models.prediction import Prediction, TokensT
from occany_ros.occupancy.grid import Classes, UNKNOWN
from occany_ros.pipeline.clouds import resampled
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.hanging import Joint
from occany_ros.pipeline.host_maps import Fetched, NO_LABEL
from occany_ros.pipeline.labelling import (
    carried_over,
    elected,
    in_set,
    joined_anew,
    LabelTrack,
    open_only,
)
from occany_ros.pipeline.localisation import Located
from occany_ros.pipeline.moved import without_moved
from occany_ros.pipeline.scene import fill, Scene
from occany_ros.pipeline.window import Remembered, views_of
from occany_ros.semantics.reader import LabelReader


@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """
    Labels of one step.

    :param track: what is remembered of the steps before.
    :param classes: of the labels.
    :param config: of the mapper.
    :param reader: says what images show; None leaves that to the network.
    """

    track: LabelTrack
    classes: Classes
    config: MapperConfig
    reader: LabelReader | None = None

    @property
    def asks(self) -> bool:
        """Tell whether anybody is asked for labels in this step."""
        return self.track.asks(self.config.labels)

    @property
    def hears_network(self) -> bool:
        """Tell whether the network's labels are fetched; unasked, they tell of the sky alone."""
        return self.reader is None and self.config.labels.source != 'pretrained'

    @property
    def asks_reader(self) -> bool:
        """Tell whether it is the reader that is asked."""
        return self.asks and self.reader is not None

    def read(
        self, window: Sequence[Remembered[TokensT]], newest: int, prediction: Prediction
    ) -> tuple[Remembered[TokensT], ...]:
        """
        Have the images of the newest set read; the sets before it have been, or never will.

        :param newest: index of the newest set in the window.
        :param prediction: what the network said of the whole window.
        :returns: the window, its newest set with labels.
        """
        if self.reader is None:
            return tuple(window)
        here, entry = views_of(window, newest), window[newest]
        looks = self.config.labels.source == 'pretrained'
        features = () if looks else features_of(prediction.features, here)
        labels = self.reader.read([frame.image for frame in entry.frames], features)
        labels = np.where(labels == self.classes.empty, np.uint8(NO_LABEL), labels)
        read = replace(entry, labels=labels)
        return tuple(read if one is entry else one for one in window)

    def named(self, fetched: Fetched, window: Sequence[Remembered[TokensT]]) -> Fetched:
        """
        Put in what has been read, or renumber what the network says to the classes in use.

        Of a network that is not asked, only where it sees nothing counts.
        """
        if self.reader is not None:
            return with_read(fetched, window)
        named = in_set(fetched, self.classes)
        return named if self.asks else open_only(named, self.classes)

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
        unread = self._unread(located.window)
        if unread.any():
            odom_from_world = odom_from_mounted @ invert(located.newest.world_from_base)
            sure = config.confidence, config.novel_confidence
            views = None if self.reader is None else unread
            maps = carried_over(maps, track, odom_from_world, sure, classes, views)
        frames = [frame for entry in located.window for frame in entry.frames]
        moving = rules.moving_in(classes)
        maps = without_moved(maps, frames, ages(located), moving, config.confidence, classes)
        scene = fill(maps, located, newest, joint, classes, config)
        if rules.source == 'off':  # the sky told what is empty, but nobody asked for pictures
            unnamed = (
                replace(view, labels=np.full_like(view.labels, UNKNOWN)) for view in scene.views
            )
            return replace(scene, views=tuple(unnamed)), LabelTrack()
        if not self.asks:
            return scene, replace(track, since=track.since + 1)
        odom_from_grid = odom_from_mounted @ invert(joint.grid_from_mounted)
        grid, track = elected(scene.grid, odom_from_grid, track, rules, classes)
        return replace(scene, grid=grid), track

    def _unread(self, window: Sequence[Remembered[TokensT]]) -> NDArray[np.bool_]:
        """Tell which views the last labelled grid has to name, (v,)."""
        if self.config.labels.source == 'off':
            return np.zeros(sum(len(entry.frames) for entry in window), np.bool_)
        return np.array(
            [
                not self.asks if self.reader is None else entry.labels is None
                for entry in window
                for _ in entry.frames
            ]
        )


def with_read(fetched: Fetched, window: Sequence[Remembered[TokensT]]) -> Fetched:
    """
    Give seen views the labels that were read of their images; novel views have none.

    :param fetched: of every view of the window.
    :param window: in the same order.
    """
    seen = fetched.seen
    labels = np.full(seen.labels.shape, NO_LABEL, np.uint8)
    for index, entry in enumerate(window):
        if entry.labels is not None:
            shape = labels.shape[1:]
            labels[views_of(window, index)] = [resampled(one, shape) for one in entry.labels]
    return Fetched(replace(seen, labels=labels), fetched.novel)


def ages(located: Located[TokensT]) -> list[int]:
    """Count the newer sets of the window for each view, in memory order."""
    window: tuple[Remembered[TokensT], ...] = located.window
    stamps = sorted((entry.stamp_ns for entry in window), reverse=True)
    return [stamps.index(entry.stamp_ns) for entry in window for _ in entry.frames]
