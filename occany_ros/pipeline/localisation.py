"""Places the sets of a window on the robot's path."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import TokensT
from occany_ros.pipeline.odometry import align_poses
from occany_ros.pipeline.rig import Placed, Rig
from occany_ros.pipeline.window import Remembered


@dataclass(frozen=True, slots=True, eq=False)
class Located(Generic[TokensT]):
    """
    A window with every pose known.

    :param window: sets with ``odom_from_base``, in memory order.
    :param newest: the newest set in the network's world.
    :param rig: where the cameras sit, as known now.
    """

    window: tuple[Remembered[TokensT], ...]
    newest: Placed
    rig: Rig


def locate(
    window: Sequence[Remembered[TokensT]],
    newest: int,
    world_from_camera: NDArray[np.float64],
    rig: Rig,
    odom_from_base: NDArray[np.float64],
) -> Located[TokensT]:
    """
    Carry a window's poses from the network's world into the odometry frame.

    The window is joined to the ones before by the sets they share, whose poses are then replaced
    by what this window says; so odometry goes on without steps. A window that shares nothing goes
    on where the robot was last.

    :param window: in memory order.
    :param newest: index of the newest set.
    :param world_from_camera: of every view of the window, (v, 4, 4).
    :param rig: as known so far.
    :param odom_from_base: last pose, (4, 4).
    """
    poses = np.split(world_from_camera, np.cumsum([len(entry.frames) for entry in window])[:-1])
    cameras = [[frame.camera for frame in entry.frames] for entry in window]
    rig = rig.learn(cameras[newest], rig.place(cameras[newest], poses[newest]))
    placed = [rig.place(names, own) for names, own in zip(cameras, poses, strict=True)]
    shared = [
        (entry.odom_from_base, place.world_from_base)
        for entry, place in zip(window, placed, strict=True)
        if entry.odom_from_base is not None
    ]
    if shared:
        before, now = zip(*shared, strict=True)
        odom_from_world = align_poses(np.stack(before), np.stack(now))
    else:
        odom_from_world = odom_from_base @ invert(placed[newest].world_from_base)
    moved = tuple(
        replace(entry, odom_from_base=odom_from_world @ place.world_from_base)
        for entry, place in zip(window, placed, strict=True)
    )
    return Located(moved, placed[newest], rig)
