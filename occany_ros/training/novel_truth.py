"""Where to imagine views of a street while training, and what is truly there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.render import Shots
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.survey import is_inside, survey

VIEWS_A_SEQUENCE: Final = 6
STRAIGHT: Final = 0.6
"""Share of the views that look where their frame looks."""
FARTHEST_STEP: Final = 4.0
"""Longest step ahead, metres."""
WIDEST_TURN: Final = 62.0
"""Widest turn, degrees; the narrowest is 10."""
WIDEST_STEP: Final = 2.1
"""Longest step to the side a view is turned to, metres."""
_TRIES: Final = 8
_SAME_SURFACE: Final = (0.06, 0.1)
"""Depths of one surface differ by less than this share and so many metres."""


@dataclass(frozen=True, slots=True, eq=False)
class NovelTruth:
    """
    Imagined views of one sequence.

    :param frame: which frame each starts from, (q,).
    :param frame_from_novel: step and turn from there, (q, 4, 4).
    :param depth: what is there, 0 = sky, metres, (q, h, w).
    :param label: its class, (q, h, w) uint8.
    :param shown: whether some frame shows it too, (q, h, w) bool.
    """

    frame: NDArray[np.intp]
    frame_from_novel: NDArray[np.float64]
    depth: NDArray[np.float32]
    label: NDArray[np.uint8]
    shown: NDArray[np.bool_]


def look_around(
    scene: Scene,
    poses: NDArray[np.float64],
    pinhole: NDArray[np.float64],
    frame_depth: NDArray[np.float32],
    random: np.random.Generator,
) -> NovelTruth:
    """
    Draw views around the frames of a sequence and render what is there.

    :param poses: world_from_camera of the frames, (t, 4, 4).
    :param pinhole: pixels of the maps, (3, 3).
    :param frame_depth: what the frames show, 0 = sky, metres, (t, h, w).
    :param random: decides the views.
    """
    frame, steps = draw_steps(scene, poses, random)
    novel = poses[frame] @ steps
    count = len(novel)
    size = (frame_depth.shape[1], frame_depth.shape[2])
    shots = Shots(novel, np.repeat(pinhole[None], count, 0), [0] * count)
    seen = survey([scene] * count, shots, size)
    shown = shown_by(seen.depth, novel, pinhole, frame_depth, poses)
    return NovelTruth(frame, steps, seen.depth, seen.label, shown)


def draw_steps(
    scene: Scene, poses: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """
    Draw steps as `occany_ros.geometry.novel_views` plans them, ahead or beside and turned.

    None ends inside something; where eight tries did, the view only turns.

    :returns: which frame each starts from, (q,); frame_from_novel, (q, 4, 4).
    """
    shape = (_TRIES, VIEWS_A_SEQUENCE)
    frame = random.integers(len(poses), size=shape)
    side = np.where(random.random(shape) < 0.5, 1, -1) * (random.random(shape) >= STRAIGHT)
    angle = np.radians(random.uniform(10, WIDEST_TURN, shape)) * side
    steps = np.tile(np.eye(4), (*shape, 1, 1))
    steps[..., 0, 0] = steps[..., 2, 2] = np.cos(angle)
    steps[..., 0, 2], steps[..., 2, 0] = np.sin(angle), -np.sin(angle)
    steps[..., 0, 3] = random.uniform(0, WIDEST_STEP, shape) * side
    steps[..., 2, 3] = random.uniform(0, FARTHEST_STEP, shape)
    steps[-1, :, :3, 3] = 0
    places = (poses[frame] @ steps)[..., :3, 3]
    outside = ~is_inside(scene, places.reshape(-1, 3)).reshape(shape)
    outside[-1] = True
    chosen = outside.argmax(axis=0)
    every = np.arange(VIEWS_A_SEQUENCE)
    return frame[chosen, every], steps[chosen, every]


def shown_by(
    depth: NDArray[np.float32],
    novel: NDArray[np.float64],
    pinhole: NDArray[np.float64],
    frame_depth: NDArray[np.float32],
    frames: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """
    Tell which surfaces of imagined views some frame shows too.

    :param depth: true depth of the views, 0 = sky, (q, h, w).
    :param novel: their world_from_camera, (q, 4, 4).
    :param pinhole: pixels of the maps, of all views and frames, (3, 3).
    :param frame_depth: true depth of the frames, (t, h, w).
    :param frames: their world_from_camera, (t, 4, 4).
    :returns: (q, h, w).
    """
    height, width = depth.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack((columns, rows, np.ones_like(rows)), -1).reshape(-1, 3)
    rays = pixels @ np.linalg.inv(pinhole).T  # n 3
    points = rays * depth.reshape(len(depth), -1, 1)  # q n 3
    shown = np.zeros(points.shape[:2], np.bool_)
    share, metres = _SAME_SURFACE
    for there, pose in zip(frame_depth, frames, strict=True):
        relative = np.linalg.inv(pose) @ novel
        moved = points @ relative[:, :3, :3].swapaxes(1, 2) + relative[:, None, :3, 3]
        image = moved @ pinhole.T
        away = np.maximum(image[..., 2], 0.1)
        column = np.rint(image[..., 0] / away).astype(np.int64)
        row = np.rint(image[..., 1] / away).astype(np.int64)
        inside = (moved[..., 2] > 0.2) & (column >= 0) & (column < width)
        inside &= (row >= 0) & (row < height)
        found = there[row.clip(0, height - 1), column.clip(0, width - 1)]
        shown |= inside & (np.abs(found - away) < share * away + metres)
    return (shown & (depth.reshape(len(depth), -1) > 0)).reshape(depth.shape)
