"""
Labels over time: which sets are labelled, what the sets between take, and how grids vote.

Everything remembered here is fixed to the world by the ego motion, and forgotten with the memory.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import Classes, OccupancyGrid3d
from occany_ros.occupancy.voting import labels_near, PlacedLabels, voted_labels
from occany_ros.pipeline.host_maps import Fetched, NO_LABEL, ViewMaps
from occany_ros.pipeline.label_rules import LabelRules


@dataclass(frozen=True, slots=True, eq=False)
class LabelTrack:
    """
    What is remembered of labels from set to set.

    :param since: sets since the last labelled one, which is 0.
    :param carried: the last labelled grid, as it went out; None before the first.
    :param earlier: labelled grids before it votes, oldest first, each as it was before the vote.
    """

    since: int = 0
    carried: PlacedLabels | None = None
    earlier: tuple[PlacedLabels, ...] = ()

    def asks(self, rules: LabelRules) -> bool:
        """Tell whether the next set is to be labelled by the network."""
        if rules.source == 'off':
            return False
        return self.carried is None or self.since + 1 >= rules.every


NOTHING_LABELLED: Final = LabelTrack()


def in_set(fetched: Fetched, classes: Classes) -> Fetched:
    """Renumber the labels of a network to the native ids of the class set in use."""
    table = classes.native_from_network
    if np.array_equal(table, np.arange(256)):
        return fetched
    seen = replace(fetched.seen, labels=table[fetched.seen.labels])
    novel = fetched.novel
    return Fetched(seen, None if novel is None else replace(novel, labels=table[novel.labels]))


def open_only(fetched: Fetched, classes: Classes) -> Fetched:
    """
    Keep of a network's labels where it sees nothing, such as the sky: that is geometry.

    :param fetched: with native ids of the class set in use.
    """
    seen, novel = fetched.seen, fetched.novel
    seen = replace(seen, labels=_open(seen, classes))
    return Fetched(seen, None if novel is None else replace(novel, labels=_open(novel, classes)))


def carried_over(
    fetched: Fetched,
    track: LabelTrack,
    odom_from_world: NDArray[np.float64],
    thresholds: tuple[float, float],
    classes: Classes,
    views: NDArray[np.bool_] | None = None,
) -> Fetched:
    """
    Label the pixels of sets that nobody was asked about by the last labelled grid.

    Where nothing is seen, such as in the sky, no grid tells more.

    :param track: with a grid, else nothing is labelled.
    :param odom_from_world: pose of the network's world in the frame grids are kept in, (4, 4).
    :param thresholds: less certain pixels stay without a label; of seen and of novel views.
    :param views: seen views to label, (v,); the others keep what they have, and novel views stay
        without. None labels all there are.
    """
    grid = track.carried
    if grid is None:
        return fetched
    seen, novel = fetched.seen, fetched.novel
    of_seen, of_novel = thresholds
    labels = _read(seen, grid, odom_from_world, of_seen, classes, views)
    seen = replace(seen, labels=labels)
    if novel is not None and views is None:
        novel = replace(novel, labels=_read(novel, grid, odom_from_world, of_novel, classes))
    return Fetched(seen, novel)


def joined_anew(track: LabelTrack, odom_from_before: NDArray[np.float64] | None) -> LabelTrack:
    """
    Keep remembered grids where they are in the world when the frame they are kept in moves.

    :param odom_from_before: that frame as it was before, in the one it is now, (4, 4); None where
        metres became others, so that no grid before fits those to come.
    """
    if odom_from_before is None:
        return NOTHING_LABELLED
    if track.carried is None or np.allclose(odom_from_before, np.eye(4)):
        return track
    carried, *earlier = (
        replace(grid, odom_from_grid=odom_from_before @ grid.odom_from_grid)
        for grid in (track.carried, *track.earlier)
    )
    return replace(track, carried=carried, earlier=tuple(earlier))


def elected(
    grid: OccupancyGrid3d,
    odom_from_grid: NDArray[np.float64],
    track: LabelTrack,
    rules: LabelRules,
    classes: Classes,
) -> tuple[OccupancyGrid3d, LabelTrack]:
    """
    Let the grids before vote on a labelled grid, and remember it.

    :param odom_from_grid: pose of its frame in one that stays, (4, 4).
    """
    newest = PlacedLabels(grid.spec, grid.labels, odom_from_grid)
    most = max(rules.votes - 1, 0)
    earlier = track.earlier[-most:] if most else ()
    if earlier:
        moving = classes.grid_labels(rules.moving_in(classes))
        grid = replace(grid, labels=voted_labels(newest, earlier, classes, moving))
    kept = (*earlier, newest) if rules.votes > 1 else ()
    carried = replace(newest, labels=grid.labels)
    return grid, LabelTrack(since=0, carried=carried, earlier=kept)


def _open(maps: ViewMaps, classes: Classes) -> NDArray[np.uint8]:
    return np.where(maps.labels == classes.empty, maps.labels, np.uint8(NO_LABEL))


def _read(
    maps: ViewMaps,
    grid: PlacedLabels,
    odom_from_world: NDArray[np.float64],
    threshold: float,
    classes: Classes,
    views: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    wanted = np.ones(len(maps.labels), np.bool_) if views is None else views
    is_read = wanted[:, None, None] & (maps.labels != classes.empty)
    labels = np.where(is_read, np.uint8(NO_LABEL), maps.labels)
    is_sure = (maps.confidence > threshold) & is_read
    found = labels_near(grid, maps.world_points[is_sure], odom_from_world)
    native = classes.native_from_grid[found]
    says_nothing = (native == classes.empty) | (native == classes.other)
    labels[is_sure] = np.where(says_nothing, NO_LABEL, native)
    return labels
