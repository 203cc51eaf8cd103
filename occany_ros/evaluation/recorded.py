"""What a bag holds of a run: grids, ego motion and images, by their stamps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.cameras import camera_topics
from occany_ros.bags.messages import grid_of, GRID_TYPE, Message, pose_of, stamp_ns_of
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.recording import RawMessage
from occany_ros.bags.street import TRUTH_GRID, TRUTH_ODOMETRY
from occany_ros.evaluation.picture import path_in_base, Scene
from occany_ros.occupancy.grid import OccupancyGrid3d
from occany_ros.semantics.classes import CLASS_SETS

ODOMETRY_TYPE: Final = 'nav_msgs/msg/Odometry'
Decode = Callable[[Message, str], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """
    One source of grids and poses in a bag: the node, or the truth.

    :param name: heading for people.
    :param grids: stamp -> grid in the base frame.
    :param poses: stamp -> ego pose in any fixed frame, (4, 4).
    """

    name: str
    grids: Mapping[int, OccupancyGrid3d]
    poses: Mapping[int, NDArray[np.float64]]

    def scene(self, stamp_ns: int) -> Scene:
        """
        Show the grid of one time with the path that led to it.

        :raises LookupError: there is no grid of that time.
        """
        if stamp_ns not in self.grids:
            raise LookupError(f'{self.name}: no grid at {stamp_ns} ns')
        earlier = [pose for stamp, pose in sorted(self.poses.items()) if stamp <= stamp_ns]
        path = path_in_base(np.stack(earlier)) if earlier else np.zeros((0, 2))
        return Scene(self.name, self.grids[stamp_ns], path)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """
    A run as a bag tells it.

    :param prediction: what was computed.
    :param truth: None where the bag has none.
    :param damage: what of the bag could not be read, or empty.
    """

    prediction: Track
    truth: Track | None
    damage: str = ''


def read_run(path: Path) -> Recorded:
    """
    Read grids and poses of a run.

    :raises LookupError: the bag has no grid; the message says what it has.
    """
    with BagReader(path) as bag:
        grid_topics = _topics(bag, GRID_TYPE)
        own = [topic for topic in grid_topics if topic != TRUTH_GRID]
        if not grid_topics:
            raise LookupError(
                f'{path}: expected a topic of type {GRID_TYPE}, got {", ".join(bag.topics)}; '
                'make one with `occany bag`'
            )
        odometry = [topic for topic in _topics(bag, ODOMETRY_TYPE) if topic != TRUTH_ODOMETRY]
        has_truth = TRUTH_GRID in grid_topics
        truth = _track(bag, 'Truth', TRUTH_GRID, TRUTH_ODOMETRY) if has_truth else None
        if not own and truth is not None:
            return Recorded(truth, None, bag.damage)
        prediction = _track(bag, 'Prediction', own[0], _beside(own[0], odometry))
        return Recorded(prediction, truth, bag.damage)


def telling_moment(run: Recorded) -> int:
    """
    Choose the moment to show: of the later half, the one whose truth has the most classes.

    How good the prediction is plays no part. Without truth it is the last one.

    :returns: stamp of a predicted grid, nanoseconds.
    """
    stamps = sorted(run.prediction.grids)
    if run.truth is None:
        return stamps[-1]
    truth = run.truth.grids
    middle = len(stamps) // 2
    later = [stamp for stamp in stamps[middle:] if stamp in truth]
    return max(later or stamps, key=lambda stamp: (_classes(truth.get(stamp)), stamp))


def _classes(grid: OccupancyGrid3d | None) -> int:
    """Count the labels of which there are more than a few cells."""
    return 0 if grid is None else int((np.bincount(grid.labels.ravel()) > 10).sum())


def read_images(
    path: Path, stamp_ns: int, decode: Decode, *, leave_out: str = '/occany/'
) -> tuple[tuple[str, NDArray[np.uint8]], ...]:
    """
    Read of every camera the image nearest to a time.

    :param decode: message and its type name to RGB, (h, w, 3).
    :param leave_out: beginning of the topics that are output, not cameras.
    :returns: camera name and image; cameras in the order of their topics, front ones first.
    """
    nearest: dict[str, tuple[int, RawMessage]] = {}
    with BagReader(path) as bag:
        cameras = camera_topics(bag.topics, leave_out=leave_out)
        for raw in bag.messages({camera.image for camera in cameras}):
            distance = abs(raw.stamp_ns - stamp_ns)
            if raw.topic not in nearest or distance < nearest[raw.topic][0]:
                nearest[raw.topic] = distance, raw
    images = []
    for camera in cameras:
        if camera.image in nearest:
            raw = nearest[camera.image][1]
            images.append((camera.name, decode(decoded(raw), raw.type_name)))
    return tuple(images)


def palette_for(class_names: Sequence[str]) -> NDArray[np.uint8]:
    """
    Find the colours of a grid: of the class set with these names, else evenly spread hues.

    :param class_names: as in the message; index = label.
    :returns: RGB of every label, (c, 3).
    """
    for classes in CLASS_SETS.values():
        if classes.grid_names == tuple(class_names):
            return classes.grid_colours
    count = len(class_names)
    hues = (np.arange(count) * 180 // max(count, 1)).astype(np.uint8)
    hsv = np.stack([hues, np.full(count, 170, np.uint8), np.full(count, 220, np.uint8)], axis=-1)
    return np.asarray(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0], np.uint8)


def _topics(bag: BagReader, type_name: str) -> list[str]:
    return [topic.name for topic in bag.topics.values() if topic.type_name == type_name]


def _beside(topic: str, others: list[str]) -> str:
    """Take the topic in the same namespace, else the first, else none."""
    namespace = topic.rpartition('/')[0]
    inside = [other for other in others if other.rpartition('/')[0] == namespace]
    return next(iter(inside + others), '')


def _track(bag: BagReader, name: str, grid_topic: str, odometry_topic: str) -> Track:
    grids, poses = {}, {}
    for raw in bag.messages({grid_topic, odometry_topic}):
        message = decoded(raw)
        if raw.topic == grid_topic:
            grids[stamp_ns_of(message)] = grid_of(message)
        else:
            poses[stamp_ns_of(message)] = pose_of(message.pose.pose)
    return Track(name, grids, poses)
