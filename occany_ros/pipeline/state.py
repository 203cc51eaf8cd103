"""What a mapper knows between two steps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import FrameSet
from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.hanging import Hanging
from occany_ros.pipeline.labelling import LabelTrack, NOTHING_LABELLED
from occany_ros.pipeline.occupancy_update import Restart
from occany_ros.pipeline.preprocess import Size
from occany_ros.pipeline.rig import Rig
from occany_ros.pipeline.scale import ScaleTrack
from occany_ros.pipeline.window import Remembered, Remembering


@dataclass(frozen=True, slots=True, eq=False)
class MapperState(Generic[TokensT, MemoryT]):
    """
    State of a `Mapper`; a step takes one and returns another.

    :param window: sets worth keeping, oldest first.
    :param remembering: the memory of the window's beginning, where it can be continued.
    :param size: width and height of the network's images, from the first image.
    :param image_shapes: camera -> rows and columns of its images.
    :param rig: where the cameras sit.
    :param scale: metres to the network's unit.
    :param hanging: the level, and the pose that was told.
    :param odom_from_base: newest pose of the base frame the cameras are mounted in, (4, 4)
        float64.
    :param stamp_ns: newest set, nanoseconds; None before the first.
    :param labels: what is remembered of labels; it is forgotten with the memory.
    """

    window: tuple[Remembered[TokensT], ...]
    remembering: Remembering[TokensT, MemoryT] | None
    size: Size | None
    image_shapes: Mapping[str, tuple[int, int]]
    rig: Rig
    scale: ScaleTrack
    hanging: Hanging
    odom_from_base: NDArray[np.float64]
    stamp_ns: int | None
    labels: LabelTrack = NOTHING_LABELLED


def initial_state() -> MapperState[TokensT, MemoryT]:
    """Nothing seen yet; the odometry starts at identity."""
    return MapperState(
        window=(),
        remembering=None,
        size=None,
        image_shapes={},
        rig=Rig({}),
        scale=ScaleTrack(),
        hanging=Hanging(),
        odom_from_base=np.eye(4),
        stamp_ns=None,
    )


def restarted(
    state: MapperState[TokensT, MemoryT], frames: FrameSet, config: MapperConfig
) -> tuple[MapperState[TokensT, MemoryT], Restart | None]:
    """
    Forget what a new set cannot be joined to.

    A jump of the stamps forgets everything; another image size only the memory, so the odometry
    goes on from its last pose.

    :returns: the state to go on with, and why it is another one.
    """
    if state.stamp_ns is None:
        return state, 'start'
    gap_ns = frames.stamp_ns - state.stamp_ns
    if gap_ns < 0:
        return initial_state(), 'backward'
    if gap_ns > config.max_gap_s * 1e9:
        return initial_state(), 'gap'
    for frame in frames.frames:
        shape = frame.image.shape[:2]
        if state.image_shapes.get(frame.camera.name, shape) != shape:
            fresh = replace(
                state,
                window=(),
                remembering=None,
                size=None,
                image_shapes={},
                labels=NOTHING_LABELLED,
            )
            return fresh, 'resolution'
    return state, None
