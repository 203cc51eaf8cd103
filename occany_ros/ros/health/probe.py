"""A node without a network: takes images in as the real one does, to see what is wrong."""

from time import monotonic, monotonic_ns
from typing import Any, Final

from occany_ros.pipeline.synchronisation.arrivals import Arrival, Event, Grouped
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.cameras.inputs import CameraInput
from occany_ros.ros.cameras.mask_files import load_masks
from occany_ros.ros.engine import grouping_config
from occany_ros.ros.health.diagnostics import CameraReport
from occany_ros.ros.health.reports import (
    camera_facts,
    camera_reports,
    image_topics,
    SimulatedClock,
)
from occany_ros.ros.health.watchdog import Facts
from occany_ros.ros.messages.convert import stamp_ns_of
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.tf.transforms import transform_source
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

_LOOK_S: Final = 0.2
_PROBED_SETS: Final = 3


class Probe:
    """
    Subscriptions, synchroniser and decoder of the node, and nothing behind them.

    :param node: whose topics they are.
    :param parameters: of the node that is to be examined.
    :ivar whole_sets: sets every camera was in.
    """

    def __init__(self, node: Node, parameters: Parameters) -> None:
        self.progress = Progress()
        self.whole_sets = 0
        self.inputs = {
            camera.name: CameraInput(node, camera, parameters.qos, self._take)
            for camera in parameters.camera
        }
        self.transforms = transform_source(node)
        masks = load_masks(parameters.camera)
        self.frames = FrameMaker(self.inputs, self.transforms, self.progress, masks)
        # Our own rule, whatever the policy: it tells how far apart the stamps are.
        self.grouper: Synchroniser[Any] = FrameGrouper[Any](grouping_config(parameters))
        self._node = node
        self._parameters = parameters
        self._clock = SimulatedClock(node)
        self._clock_stands = False

    def watch(self, executor: SingleThreadedExecutor, seconds: float) -> None:
        """Listen for a while."""
        end = monotonic() + seconds
        looked = 0.0
        while monotonic() < end:
            if monotonic() - looked > _LOOK_S:
                looked = monotonic()
                for camera in self.inputs.values():
                    camera.look()
                self._clock_stands = self._clock.stands()
            executor.spin_once(timeout_sec=0.02)
            self._use(self.grouper.poll(monotonic_ns()))

    def cameras(self) -> list[CameraReport]:
        """Report on each camera."""
        return camera_reports(self)

    def facts(self) -> Facts:
        """Gather what the watchdog reasons with; nothing came out, since there is no network."""
        cameras = self.cameras()
        return Facts(
            clock_stands=self._clock_stands,
            cameras=tuple(camera_facts(camera, self._parameters) for camera in cameras),
            image_topics=image_topics(self._node),
            sets=self.progress.sets,
            too_few=sum(camera.statistics.events.get(Event.TOO_FEW, 0) for camera in cameras),
            min_cameras=self._parameters.sync.min_cameras,
            slop_s=self._parameters.sync.slop,
            patience_s=self._parameters.sync.stale_after,
        )

    def close(self) -> None:
        """Unsubscribe."""
        for camera in self.inputs.values():
            camera.close()
        self.transforms.close()

    def _take(self, camera: str, message: Any) -> None:
        arrival = Arrival(
            camera=camera,
            stamp_ns=stamp_ns_of(message.header.stamp),
            received_ns=self._node.get_clock().now().nanoseconds,
            payload=message,
        )
        self._use(self.grouper.push(arrival, monotonic_ns()))

    def _use(self, grouped: Grouped[Any]) -> None:
        for group in grouped.groups:
            self.progress.sets += 1
            self.whole_sets += len(group.arrivals) == len(self.inputs)
            if self.progress.sets <= _PROBED_SETS or not all(self.frames.mounted.values()):
                self.frames.frames(group, self._parameters)
