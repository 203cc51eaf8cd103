"""An active node: subscriptions, synchroniser and worker, from activation to deactivation."""

from collections.abc import Callable
from time import monotonic, monotonic_ns
from typing import Any, Final

from occany_ros.pipeline.memory_ladder import is_out_of_memory, OutOfMemory
from occany_ros.pipeline.synchronisation.arrivals import Arrival, Group, Grouped
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.cameras.inputs import CameraInput
from occany_ros.ros.cameras.mask_files import load_masks
from occany_ros.ros.cameras.sync_policy import synchroniser
from occany_ros.ros.engine import Engine, grouping_config, release_gpu
from occany_ros.ros.messages.convert import stamp_ns_of
from occany_ros.ros.messages.outputs import odometry_frame
from occany_ros.ros.processing import FORGET_TEXT, Job, merged, Processing, Surroundings
from occany_ros.ros.progress import Progress
from occany_ros.ros.publishers import Publishers
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.tf.robot_frames import RobotFrames
from occany_ros.ros.tf.transforms import Broadcaster, transform_source, TransformSource
from occany_ros.ros.worker import Worker
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode

_LOOK_S: Final = 0.2
_RATE_SLACK: Final = 0.9
_LEAST_PERIOD_NS: Final = 1_000_000


class Intake:
    """
    Takes images in until it is closed.

    Everything but the worker's job runs in the executor's thread.

    :param node: whose topics they are.
    :param engine: the network.
    :param publishers: for the answers.
    :param parameters: gives the parameters in force.
    """

    def __init__(
        self,
        node: LifecycleNode,
        engine: Engine,
        publishers: Publishers,
        parameters: Callable[[], Parameters],
    ) -> None:
        self.progress = Progress()
        self.is_paused = False
        self._node = node
        self._engine = engine
        self._parameters = parameters
        now = parameters()
        masks = load_masks(now.camera)
        self.transforms = transform_source(node)
        self.broadcaster = _broadcaster(node, self.transforms, now)
        self.inputs = {
            camera.name: CameraInput(node, camera, now.qos, self._take) for camera in now.camera
        }
        self.frames = FrameMaker(self.inputs, self.transforms, self.progress, masks)
        self.policy = now.sync.policy
        self.grouper = synchroniser(now.sync.policy, grouping_config(now))
        around = Surroundings(
            self.frames,
            publishers,
            RobotFrames(self.transforms, self.broadcaster, self.progress),
            self.broadcaster,
            self.progress,
            parameters,
            release_gpu,
            lambda text: node.get_logger().warning(text),
        )
        self.processing = Processing(engine.mapper(now), engine.classes, around)
        self.worker: Worker[Job] = Worker(self.processing.run, merged, self._failed)
        self._last_put_ns: int | None = None
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._look_timer = node.create_timer(_LOOK_S, self.look, clock=steady)
        self._poll_timer = node.create_timer(1.0, self._poll, clock=steady)
        self._poll_timer.cancel()
        try:
            self.look()
        except Exception:
            self.close()
            raise
        self.worker.start()

    def look(self) -> None:
        """Ask the graph for the cameras' topics."""
        for camera in self.inputs.values():
            camera.look()

    def retune(self, parameters: Parameters, names: frozenset[str]) -> None:
        """
        Follow parameters that were changed at run time.

        :param names: of those that were set, to another value or the same.
        """
        self.grouper.adopt(grouping_config(parameters))
        mapper = self._engine.mapper(parameters)
        self.processing.retune(mapper, is_mode_set='mode' in names)

    def reset(self) -> None:
        """Forget sets, memory and odometry; keep the weights."""
        self.grouper.reset(monotonic_ns())
        self._last_put_ns = None
        self.worker.put(Job(None, 'reset', monotonic()))

    def close(self, timeout_s: float | None = None) -> bool:
        """
        Unsubscribe and stop the worker.

        :returns: whether the worker has ended.
        """
        for camera in self.inputs.values():
            camera.close()
        for timer in (self._look_timer, self._poll_timer):
            self._node.destroy_timer(timer)
        has_ended = self.worker.stop(timeout_s)
        if self.broadcaster is not None:
            self.broadcaster.close()
        self.transforms.close()
        return has_ended

    def _take(self, camera: str, message: Any) -> None:
        arrival = Arrival(
            camera=camera,
            stamp_ns=stamp_ns_of(message.header.stamp),
            received_ns=self._node.get_clock().now().nanoseconds,
            payload=message,
        )
        self._use(self.grouper.push(arrival, monotonic_ns()))

    def _poll(self) -> None:
        self._use(self.grouper.poll(monotonic_ns()))

    def _use(self, grouped: Grouped[Any]) -> None:
        if grouped.flush is not None:
            self._node.get_logger().warning(f'{grouped.flush.value}: memory and odometry restart')
            self.transforms.clear_times()
            self._last_put_ns = None
            self.worker.put(Job(None, FORGET_TEXT[grouped.flush], monotonic()))
        for group in grouped.groups:
            self._put(group)
        deadline_ns = self.grouper.next_deadline_ns
        if deadline_ns is None:
            self._poll_timer.cancel()
        else:
            wait_ns = deadline_ns - monotonic_ns()
            self._poll_timer.timer_period_ns = max(wait_ns, _LEAST_PERIOD_NS)
            self._poll_timer.reset()

    def _put(self, group: Group[Any]) -> None:
        self.progress.sets += 1
        if self.is_paused:
            self.progress.skipped_paused += 1
            return
        rate_hz = self._parameters().max_rate_hz
        if rate_hz > 0 and self._is_too_soon(group.stamp_ns, rate_hz):
            self.progress.skipped_rate += 1
            return
        self._last_put_ns = group.stamp_ns
        self.worker.put(Job(group, '', monotonic()))

    def _is_too_soon(self, stamp_ns: int, rate_hz: float) -> bool:
        last_ns = self._last_put_ns
        return last_ns is not None and stamp_ns - last_ns < _RATE_SLACK * 1e9 / rate_hz

    def _failed(self, error: Exception) -> None:
        if not self._node.context.ok():
            return  # told to stop while it was at a set
        kind = type(error).__name__
        self.progress.failed(kind, str(error))
        if is_out_of_memory(error) and not isinstance(error, OutOfMemory):
            self.progress.out_of_memory += 1
            release_gpu()
        self._node.get_logger().error(f'set dropped ({kind}): {error}', throttle_duration_sec=5.0)


def _broadcaster(
    node: LifecycleNode, transforms: TransformSource, parameters: Parameters
) -> Broadcaster | None:
    base, own = parameters.base_frame, odometry_frame(parameters)
    names = {
        'odom_to_base': (own, base),
        'map_to_odom': (own, parameters.odom_frame),
        'base_to_occany_odom': (base, own),
    }.get(parameters.publish_tf)
    return None if names is None else Broadcaster(node, transforms, names)
