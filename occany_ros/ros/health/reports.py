"""What the node tells about itself: diagnostics and the facts of the watchdog."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import sys
from time import monotonic, monotonic_ns
from typing import Any, Final, Protocol

from diagnostic_msgs.msg import DiagnosticStatus
from occany_ros.pipeline.synchronisation.arrivals import Event
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.cameras.inputs import CameraInput
from occany_ros.ros.health.diagnostics import (
    camera_status,
    CameraReport,
    inference_status,
    memory_status,
    output_status,
    sync_status,
)
from occany_ros.ros.health.tf_report import tf_status
from occany_ros.ros.health.watchdog import CameraFacts, Facts
from occany_ros.ros.intake import Intake
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.parameter_inputs import IMAGE_TYPES
from occany_ros.ros.settings.parameters import Parameters
from rclpy.clock import ClockType
from rclpy.node import Node

_STANDS_S: Final = 1.0
_MOST_PATIENCE_S: Final = 10.0
_BEATS: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """
    The node at one moment.

    :param state: of the life cycle.
    :param problem: why it could not be configured, empty where it could.
    :param model: about the network, empty while there is none.
    :param intake: None while the node is not active.
    :param traffic: output -> subscribers, and messages made.
    :param clock_stands: whether ``/clock`` ought to tick and does not.
    :param parameters: in force.
    """

    state: str
    problem: str
    model: dict[str, str]
    intake: Intake | None
    traffic: dict[str, tuple[int, int]]
    clock_stands: bool
    parameters: Parameters


class Listening(Protocol):
    """What takes images in: an active node, or a probe."""

    progress: Progress
    inputs: dict[str, CameraInput]
    frames: FrameMaker
    grouper: Synchroniser[Any]


def camera_reports(intake: Listening) -> list[CameraReport]:
    """Gather everything about each camera."""
    progress, frames = intake.progress, intake.frames
    return [
        CameraReport(
            statistics=statistics,
            state=intake.inputs[statistics.name].state,
            size=frames.sizes.get(statistics.name),
            undecodable=progress.undecodable[statistics.name],
            decode_error=progress.decode_errors.get(statistics.name, ''),
            note=_note(progress, statistics.name),
            calibrated=frames.calibrated.get(statistics.name, False),
            mounted=frames.mounted.get(statistics.name, False),
            is_needed=intake.grouper.needs_all,
            extrinsics=frames.extrinsics.get(statistics.name, 'none'),
            has_just_dropped=progress.has_just_dropped(statistics.name),
        )
        for statistics in intake.grouper.statistics(monotonic_ns())
    ]


def report(condition: Condition, explanation: Sequence[str]) -> list[DiagnosticStatus]:
    """
    Report on cameras, synchroniser, inference, memory, transforms and outputs.

    :param explanation: of silence, empty while there is output.
    """
    intake = condition.intake
    if intake is None:
        idle = Progress()
        return [
            inference_status(idle, condition.model, condition.problem),
            memory_status(idle, gpu_bytes()),
            output_status(idle, condition.traffic, explanation, condition.state),
        ]
    cameras, progress = camera_reports(intake), intake.progress
    refused = '' if intake.broadcaster is None else intake.broadcaster.refused
    return [
        *(camera_status(camera) for camera in cameras),
        sync_status(cameras, intake.grouper.closings(), _sync_figures(intake)),
        inference_status(progress, condition.model, condition.problem),
        memory_status(progress, gpu_bytes()),
        tf_status(intake.transforms.name, cameras, progress, refused, condition.parameters),
        output_status(progress, condition.traffic, explanation, condition.state),
    ]


def _note(progress: Progress, camera: str) -> str:
    """Join what is wrong with a camera's calibration."""
    notes = (progress.notes.get(camera, ''), progress.focal_notes.get(camera, ''))
    return '; '.join(note for note in notes if note)


def _sync_figures(intake: Intake) -> dict[str, object]:
    """Gather what happens to sets and to what waits for them."""
    progress = intake.progress
    return {
        'policy': intake.policy,
        'waiting': intake.grouper.waiting,
        'drop_busy': intake.worker.replaced,
        'drop_paused': progress.skipped_paused,
        'drop_rate': progress.skipped_rate,
    }


def facts(node: Node, condition: Condition, parameters: Parameters) -> Facts:
    """Gather what the watchdog reasons with."""
    intake = condition.intake
    if intake is None:
        return Facts(problem=condition.problem, state=condition.state)
    progress = intake.progress
    cameras = camera_reports(intake)
    return Facts(
        problem=condition.problem,
        state=condition.state,
        is_paused=intake.is_paused,
        clock_stands=condition.clock_stands,
        cameras=tuple(camera_facts(camera, parameters) for camera in cameras),
        image_topics=image_topics(node),
        sets=progress.sets,
        too_few=sum(camera.statistics.events.get(Event.TOO_FEW, 0) for camera in cameras),
        min_cameras=parameters.sync.min_cameras,
        slop_s=parameters.sync.slop,
        policy=parameters.sync.policy,
        busy_s=progress.busy_s,
        patience_s=parameters.watchdog.first_output_s,
        failures=sum(progress.failures.values()) if progress.has_just_failed else 0,
        last_failure=progress.last_failure,
    )


class SimulatedClock:
    """
    Watches whether ``/clock`` ticks where the node was told to follow it.

    :param node: that follows it.
    :param now_s: steady seconds.
    """

    def __init__(self, node: Node, now_s: Callable[[], float] = monotonic) -> None:
        self.has_ticked = False
        self._node = node
        self._now_s = now_s
        self._seen_ns = 0
        self._moved_s = now_s()
        self._beat_s = 0.0

    def stands(self) -> bool:
        """
        Look once; it stands if it is at zero, or has not been seen to move for a while.

        A clock that was seen to tick slowly is waited for longer: three of its beats.
        """
        if not self._node.get_parameter('use_sim_time').value:
            return False
        clock = self._node.get_clock()
        now_ns = clock.now().nanoseconds if clock.clock_type == ClockType.ROS_TIME else 0
        now_s = self._now_s()
        if now_ns != self._seen_ns:
            self._beat_s = now_s - self._moved_s if self.has_ticked else 0.0
            self._seen_ns, self._moved_s = now_ns, now_s
        self.has_ticked = self.has_ticked or now_ns > 0
        patience_s = min(max(_STANDS_S, _BEATS * self._beat_s), _MOST_PATIENCE_S)
        return now_ns == 0 or now_s - self._moved_s > patience_s


def gpu_bytes() -> int | None:
    """Count the bytes torch holds on the GPU; None without one."""
    torch = sys.modules.get('torch')
    if torch is None or not torch.cuda.is_available():
        return None
    return int(torch.cuda.memory_allocated())


def camera_facts(camera: CameraReport, parameters: Parameters) -> CameraFacts:
    """Gather what the watchdog wants to know of a camera."""
    settings = next(c for c in parameters.camera if c.name == camera.statistics.name)
    state = camera.state
    return CameraFacts(
        name=camera.statistics.name,
        topics=tuple((topic, tuple(sorted(p.types))) for topic, p in state.published.items()),
        subscribed=state.choice.topic if state.choice else '',
        transport=settings.transport,
        received=camera.statistics.received,
        is_refused=state.is_refused or (state.incompatible > 0 and not camera.statistics.received),
        zero_stamps=camera.statistics.events.get(Event.ZERO_STAMP, 0),
        undecodable=camera.undecodable,
        last_error=camera.decode_error,
        silent_s=(camera.statistics.silence_ns or 0) / 1e9,
    )


def image_topics(node: Node) -> tuple[str, ...]:
    """List the image topics somebody publishes, not counting the node's own."""
    own = f'{node.get_fully_qualified_name()}/'
    return tuple(
        name
        for name, types in node.get_topic_names_and_types()
        if set(types) & set(IMAGE_TYPES)
        and not name.startswith(own)
        and node.count_publishers(name)
    )
