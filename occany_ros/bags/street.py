"""Synthetic drives as bags: what a robot would have recorded, and the truth beside it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.dataset import BASE_FRAME
from occany_ros.bags.folder_bag import image_topic, info_topic, optical_frame
from occany_ros.bags.images import camera_name
from occany_ros.bags.messages import (
    camera_info_message,
    compressed_message,
    grid_message,
    image_message,
    Message,
    odometry_message,
    transforms_message,
)
from occany_ros.bags.writer import BagWriter, Storage
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.occupancy.grid import OccupancyGrid3d, UNKNOWN
from occany_ros.synthetic.drive import Drive, DriveStep
from occany_ros.synthetic.truth import occupancy, seen_cells

TRUTH_GRID: Final = '/ground_truth/occupancy'
TRUTH_ODOMETRY: Final = '/ground_truth/odom'
ODOM_FRAME: Final = 'odom'
JPEG_QUALITY: Final = 92
LOOK_BACK: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """
    What is known exactly about one step of a drive.

    :param grid: every cell, base frame; ``UNKNOWN`` where no camera saw it lately.
    :param odom_from_base: pose since the first step, (4, 4).
    """

    grid: OccupancyGrid3d
    odom_from_base: NDArray[np.float64]


def write_drive(
    drive: Drive,
    path: Path,
    *,
    compressed: bool = False,
    storage: Storage = 'mcap',
    on_step: Callable[[int], None] | None = None,
) -> None:
    """
    Write a drive as a bag.

    Topics: for every camera ``/camera/<name>/image_raw`` (or ``…/compressed``) and
    ``camera_info``; ``/tf_static`` with the cameras on ``base_link``; ``/tf`` with
    ``odom`` -> ``base_link`` as a perfect wheel odometry would give it; and the truth.

    :param path: bag to make.
    :param compressed: JPEG instead of raw images.
    :param on_step: called with the number of steps done.
    :raises FileExistsError: the bag is there already.
    """
    with BagWriter(path, storage=storage) as bag:
        start_ns = int(drive.stamp_ns[0])
        poses = {}
        for camera in drive.cameras:
            child = optical_frame(camera_name(camera.name))
            _, poses[BASE_FRAME, child] = _calibration(camera)
        bag.write('/tf_static', transforms_message(poses, start_ns), start_ns)
        for number, (step, truth) in enumerate(steps_with_truth(drive)):
            _write_step(bag, step, truth, compressed=compressed)
            if on_step is not None:
                on_step(number + 1)


def steps_with_truth(
    drive: Drive, look_back: int = LOOK_BACK
) -> Iterator[tuple[DriveStep, Truth]]:
    """
    Render a drive step by step, each with its truth.

    :param look_back: a cell counts as seen if a camera saw it now or up to so many steps before,
        this one included: the default memory of the node.
    """
    world_from_start = drive.world_from_base[0]
    seen: deque[DriveStep] = deque(maxlen=look_back)
    for step in drive:
        seen.append(step)
        base_from_world = np.linalg.inv(step.world_from_base)
        views = []
        for earlier in seen:
            base_from_earlier = base_from_world @ earlier.world_from_base
            for camera, depth in zip(drive.cameras, earlier.depth, strict=True):
                intrinsics, pose = _calibration(camera)
                views.append((depth, intrinsics, base_from_earlier @ pose))
        grid = occupancy(drive.scene, step.world_from_base)
        labels = np.where(seen_cells(views, grid.spec), grid.labels, np.uint8(UNKNOWN))
        odom_from_base = np.linalg.inv(world_from_start) @ step.world_from_base
        yield step, Truth(replace(grid, labels=labels), odom_from_base)


def _calibration(camera: Camera) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intrinsics and pose of a camera of a drive, where they are always known."""
    if camera.intrinsics is None or camera.base_from_camera is None:
        raise ValueError(f'camera {camera.name}: expected a calibrated camera of a drive')
    return camera.intrinsics, camera.base_from_camera


def _write_step(bag: BagWriter, step: DriveStep, truth: Truth, *, compressed: bool) -> None:
    stamp_ns = step.stamp_ns
    tree = transforms_message({(ODOM_FRAME, BASE_FRAME): truth.odom_from_base}, stamp_ns)
    bag.write('/tf', tree, stamp_ns)
    for frame in step.frames.frames:
        name = camera_name(frame.camera.name)
        size = (frame.image.shape[0], frame.image.shape[1])
        info = camera_info_message(frame.camera, size, stamp_ns, optical_frame(name))
        bag.write(info_topic(name), info, stamp_ns)
        message = _image(frame, optical_frame(name), compressed=compressed)
        bag.write(image_topic(name, compressed=compressed), message, stamp_ns)
    bag.write(TRUTH_GRID, grid_message(truth.grid, stamp_ns, BASE_FRAME), stamp_ns)
    odometry = odometry_message(
        truth.odom_from_base, stamp_ns, odom_frame=ODOM_FRAME, base_frame=BASE_FRAME
    )
    bag.write(TRUTH_ODOMETRY, odometry, stamp_ns)


def _image(frame: Frame, frame_id: str, *, compressed: bool) -> Message:
    if not compressed:
        return image_message(frame.image, frame.stamp_ns, frame_id)
    bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return compressed_message(data.tobytes(), 'jpeg', frame.stamp_ns, frame_id)
