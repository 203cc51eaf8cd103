"""What the worker does with a set of messages: decode, map, publish."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame, FrameSet
from occany_ros.geometry.rigid import invert
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.memory_ladder import Fall, Ladder
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.synchronisation.arrivals import Flush, Group
from occany_ros.ros.cameras.focal_check import FocalCheck
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.messages.outputs import odometry_frame, traversable
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.progress import Frames, Progress
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.tf.robot_frames import RobotFrames
from occany_ros.semantics.classes import ClassSet

if TYPE_CHECKING:  # they need rclpy, which recordings are mapped without
    from occany_ros.ros.bag_outputs import BagOutputs
    from occany_ros.ros.publishers import Publishers
    from occany_ros.ros.tf.transforms import Broadcaster

FORGET_TEXT: Final = {Flush.BACKWARD: 'backward', Flush.GAP: 'gap'}
"""What a job says when the stamps made the node forget."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """
    Something for the worker.

    :param group: messages of one instant; None only forgets.
    :param forget: why memory and odometry begin anew before it; empty: they go on.
    :param received_s: steady time when its last message came.
    """

    group: Group[Any] | None
    forget: str
    received_s: float


def merged(waiting: Job, newer: Job) -> Job:
    """Replace a waiting job, but keep that it would have forgotten."""
    return replace(newer, forget=newer.forget or waiting.forget)


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """
    What the processing works with.

    :param frames: makes frames of messages.
    :param publishers: for the answers.
    :param robot: frames of the robot, and external odometry.
    :param broadcaster: of the ego motion, None where it is not asked for.
    :param progress: figures.
    :param parameters: gives the parameters in force.
    :param release: gives memory nobody uses back to the device.
    :param warn: says something in the log.
    """

    frames: FrameMaker
    publishers: 'Publishers | BagOutputs'
    robot: RobotFrames
    broadcaster: 'Broadcaster | None'
    progress: Progress
    parameters: Callable[[], Parameters]
    release: Callable[[], None]
    warn: Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Tuning:
    """A mapper, and how far down the ladder it is: exchanged as one, from another thread."""

    mapper: Mapper[Any, Any]
    ladder: Ladder[Any, Any]


class Processing:
    """
    State of the mapping between two sets; lives in the worker's thread.

    :param mapper: made anew by `retune` when parameters change.
    :param classes: of its labels.
    :param surroundings: what it works with.
    """

    def __init__(
        self, mapper: Mapper[Any, Any], classes: ClassSet, surroundings: Surroundings
    ) -> None:
        self._classes = classes
        self._around = surroundings
        self._tuning = _Tuning(mapper, self._new_ladder())
        self._state = mapper.initial()
        self._mounted: dict[str, bool] = {}
        self._focals = FocalCheck()

    def retune(self, mapper: Mapper[Any, Any], *, is_mode_set: bool) -> None:
        """
        Go on with another mapper of the same network; effective from the next set.

        :param is_mode_set: somebody asked for a mode, so that one is tried even if memory ran
            out in it before.
        """
        ladder = self._new_ladder() if is_mode_set else self._tuning.ladder
        self._tuning = _Tuning(mapper, ladder)
        if is_mode_set:
            self._around.progress.last_fall = ''

    def run(self, job: Job) -> None:
        """
        Do a job.

        :raises ValueError: and whatever else the mapper raises; the state is as it was before.
        """
        progress = self._around.progress
        progress.busy_since_s = monotonic()
        try:
            if job.forget:
                self._forget(job.forget)
            if job.group is not None:
                self._map(job.group, job.received_s)
        finally:
            progress.busy_since_s = None

    def _forget(self, reason: str) -> None:
        self._state = self._tuning.mapper.initial()
        self._around.robot.forget()
        self._around.publishers.restart_path()
        self._around.progress.restarts[reason] += 1
        self._around.progress.starts_over = False

    def _map(self, group: Group[Any], received_s: float) -> None:
        parameters = self._around.parameters()
        begun_s = monotonic()
        frames = self._around.frames.frames(group, parameters)
        if len(frames) < parameters.sync.min_cameras:
            self._around.progress.failed('undecodable', 'too few images could be decoded')
            return
        self._follow_mounting(frames)
        if self._around.broadcaster is not None:
            self._around.broadcaster.look()  # what is said of odometry below depends on it
        frame_set = self._frame_set(frames, parameters)
        decoded_s = monotonic()
        tuning = self._tuning
        self._around.progress.mode_asked = tuning.mapper.config.mode
        mapper = tuning.mapper.with_features(self._around.publishers.wants_features)
        self._state, occupancy = tuning.ladder.step(mapper, self._state, frame_set)
        # Gaps between images have been dealt with before: this one is between sets that were used.
        self._around.progress.starts_over = occupancy.restart == 'gap'
        if occupancy.restart not in (None, 'start'):
            self._around.progress.restarts[str(occupancy.restart)] += 1
            if occupancy.restart != 'resolution':
                self._around.robot.forget()
                self._around.publishers.restart_path()
        mapped_s = monotonic()
        self._publish(occupancy, parameters)
        done_s = monotonic()
        self._around.progress.window = occupancy.window
        self._note(occupancy)
        self._around.progress.finished(
            {
                'wait': begun_s - received_s,
                'decode': decoded_s - begun_s,
                **occupancy.seconds,
                'publish': done_s - mapped_s,
                'latency': done_s - received_s,
            }
        )

    def _frame_set(self, frames: tuple[Frame, ...], parameters: Parameters) -> FrameSet:
        """Look up what else is known of the robot at the time of a set."""
        stamp_ns, robot = FrameSet(frames).stamp_ns, self._around.robot
        external = None
        if parameters.scale.source == 'odom':
            external = robot.told_odometry(stamp_ns, parameters)
        return FrameSet(frames, external, robot.grid_from_base(stamp_ns, parameters))

    def _note(self, occupancy: Occupancy) -> None:
        """Keep what the reports tell of the newest set."""
        progress = self._around.progress
        progress.extrinsics = occupancy.extrinsics
        progress.imagined = occupancy.imagined
        progress.level, progress.scale = occupancy.level, occupancy.scale
        progress.focal_notes |= self._focals.take(occupancy.views, self._around.frames.focals)

    def _new_ladder(self) -> Ladder[Any, Any]:
        return Ladder(self._around.release, self._fell)

    def _fell(self, fall: Fall) -> None:
        self._around.progress.out_of_memory += 1
        self._around.progress.last_fall = fall.text
        if fall.now != fall.was:
            self._around.warn(fall.text)

    def _follow_mounting(self, frames: Sequence[Frame]) -> None:
        """Begin anew where a camera's extrinsics came or went: old sets hang elsewhere."""
        now = {frame.camera.name: frame.camera.base_from_camera is not None for frame in frames}
        if any(self._mounted.get(name, value) != value for name, value in now.items()):
            self._forget('extrinsics came or went')
        self._mounted.update(now)

    def _publish(self, occupancy: Occupancy, parameters: Parameters) -> None:
        robot, progress = self._around.robot, self._around.progress
        stamp_ns, own = occupancy.stamp_ns, occupancy.odom_from_base
        external = robot.external_odometry(stamp_ns, own, parameters)
        odom_frame = odometry_frame(parameters, is_refused=robot.is_refused)
        progress.frames = Frames(robot.grid_frame, odom_frame, external is not None)
        scene = Scene(
            occupancy=occupancy,
            classes=self._classes,
            traversable=traversable(self._classes, parameters.semantics.traversable),
            parameters=parameters,
            odom_frame=odom_frame,
            external=external,
            frame_ids=self._around.frames.frame_ids,
            path=(),
            grid_frame=robot.grid_frame,
        )
        self._around.publishers.publish(scene)
        self._broadcast(occupancy, external)

    def _broadcast(self, occupancy: Occupancy, external: NDArray[np.float64] | None) -> None:
        broadcaster = self._around.broadcaster
        if broadcaster is None:
            return
        matrix = occupancy.odom_from_base
        asked = self._around.parameters().publish_tf
        if asked == 'base_to_occany_odom':
            matrix = invert(matrix)
        if asked == 'map_to_odom':
            if external is None:
                self._around.progress.notes['map_to_odom'] = (
                    'publish_tf is map_to_odom, but nobody publishes odom_frame <- base_frame; '
                    'start the odometry, or set publish_tf to odom_to_base'
                )
                return
            self._around.progress.notes.pop('map_to_odom', None)
            matrix = matrix @ invert(external)
        broadcaster.send(occupancy.stamp_ns, matrix)
