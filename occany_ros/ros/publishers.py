"""The node's publishers: each message is made only when somebody listens."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from occany_ros.ros.messages.grid_info import (
    grid_info,
    grid_info_text,
    label_info,
    label_info_type,
)
from occany_ros.ros.messages.outputs import CAMERA_OUTPUTS, LATCHED, SCENE_OUTPUTS
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.messages.scene_history import SceneHistory
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.classes import ClassSet
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import String


class Publishers:
    """
    Publishers of one configured node.

    :param node: that publishes.
    :param parameters: names of the cameras and quality of service.
    :ivar newest: what was published last, None before the first.
    :ivar told: what was said of the grid last, see `occany_ros.ros.messages.grid_info.grid_info`.
    """

    def __init__(self, node: LifecycleNode, parameters: Parameters) -> None:
        self.counts: Counter[str] = Counter()
        self.newest: Scene | None = None
        self._node = node
        self._history = SceneHistory()
        self.told: dict[str, Any] = {}
        self._about: Mapping[str, str] = {}
        self._topics = {
            name: _publisher(node, kind, name, parameters, latched=name in LATCHED)
            for name, (kind, _) in SCENE_OUTPUTS.items()
        }
        self._camera_topics = {
            (camera.name, name): _publisher(node, Image, f'{camera.name}/{name}', parameters)
            for camera in parameters.camera
            for name in CAMERA_OUTPUTS
        }
        self._info = _publisher(node, String, 'grid_info', parameters, latched=True)
        self._label_type = label_info_type()
        self._labels = (
            None
            if self._label_type is None
            else _publisher(node, self._label_type, 'label_info', parameters, latched=True)
        )

    def publish(self, scene: Scene) -> None:
        """Publish what is listened to, and remember the pose for the path."""
        scene = self._history.extended(scene)
        self.newest = scene
        self._describe(scene.parameters, scene.classes, scene.head().frame_id)
        for name, (_, make) in SCENE_OUTPUTS.items():
            publisher = self._topics[name]
            if name in LATCHED or publisher.get_subscription_count():
                publisher.publish(make(scene))
                self.counts[name] += 1
        for view in scene.occupancy.views:
            for name, make_view in CAMERA_OUTPUTS.items():
                publisher = self._camera_topics[view.name, name]
                message = make_view(scene, view) if publisher.get_subscription_count() else None
                if message is not None:
                    publisher.publish(message)
                    self.counts[f'{view.name}/{name}'] += 1

    @property
    def wants_features(self) -> bool:
        """Tell whether somebody looks at the semantic features of any camera."""
        return any(
            item.get_subscription_count()
            for (_, name), item in self._camera_topics.items()
            if name == 'features'
        )

    def describe(
        self, parameters: Parameters, classes: ClassSet, model: Mapping[str, str]
    ) -> None:
        """
        Publish what the grid is, for everybody who comes later too.

        It is published again with the first set that finds it changed.

        :param model: see `occany_ros.ros.messages.grid_info.grid_info`.
        """
        self._about = model
        self.told = {}
        self._describe(parameters, classes, '')

    def restart_path(self) -> None:
        """Forget the poses, the colours of features, and what was published last."""
        self._history.restart()
        self.newest = None

    def traffic(self) -> dict[str, tuple[int, int]]:
        """Count the subscribers of every output, and the messages made for it so far."""
        return {
            name: (item.get_subscription_count(), self.counts[name])
            for name, item in (
                *self._topics.items(),
                *(('/'.join(key), item) for key, item in self._camera_topics.items()),
            )
        }

    def close(self) -> None:
        """Destroy the publishers."""
        others = (self._info,) if self._labels is None else (self._info, self._labels)
        for item in (*self._topics.values(), *self._camera_topics.values(), *others):
            self._node.destroy_lifecycle_publisher(item)

    def _describe(self, parameters: Parameters, classes: ClassSet, frame_id: str) -> None:
        info = grid_info(parameters, classes, self._about, frame_id)
        if info == self.told:
            return
        self.told = info
        self._info.publish(String(data=grid_info_text(info)))
        if self._labels is not None:
            names = classes.grid_names
            self._labels.publish(label_info(self._label_type, names, info['frame']))


_RELIABILITY: Final = {
    'reliable': ReliabilityPolicy.RELIABLE,
    'best_effort': ReliabilityPolicy.BEST_EFFORT,
}


def _publisher(
    node: LifecycleNode, kind: Any, name: str, parameters: Parameters, *, latched: bool = False
) -> Any:
    reliability = _RELIABILITY['reliable' if latched else parameters.qos.output_reliability]
    durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
    qos = QoSProfile(depth=1, reliability=reliability, durability=durability)
    return node.create_lifecycle_publisher(kind, f'~/{name}', qos)
