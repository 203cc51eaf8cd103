"""The node's publishers: each message is made only when somebody listens."""

from collections import Counter, deque
from dataclasses import replace
from typing import Any, Final

from geometry_msgs.msg import PoseStamped
from occany_ros.ros.outputs import CAMERA_OUTPUTS, LATCHED, pose, SCENE_OUTPUTS
from occany_ros.ros.parameters import Parameters
from occany_ros.ros.scene import Scene
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
    """

    def __init__(self, node: LifecycleNode, parameters: Parameters) -> None:
        self.counts: Counter[str] = Counter()
        self.newest: Scene | None = None
        self._node = node
        self._path: deque[PoseStamped] = deque()
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

    def publish(self, scene: Scene) -> None:
        """Publish what is listened to, and remember the pose for the path."""
        self._path.append(pose(scene))
        while len(self._path) > scene.parameters.path.max_size:
            self._path.popleft()
        scene = replace(scene, path=tuple(self._path))
        self.newest = scene
        for name, (_, make) in SCENE_OUTPUTS.items():
            publisher = self._topics[name]
            if name in LATCHED or publisher.get_subscription_count():
                publisher.publish(make(scene))
                self.counts[name] += 1
        for view in scene.occupancy.views:
            for name, make_view in CAMERA_OUTPUTS.items():
                publisher = self._camera_topics[view.name, name]
                if publisher.get_subscription_count():
                    publisher.publish(make_view(scene, view))
                    self.counts[f'{view.name}/{name}'] += 1

    def publish_info(self, text: str) -> None:
        """Publish the description of the grid, for everybody who comes later too."""
        self._info.publish(String(data=text))

    def restart_path(self) -> None:
        """Forget the poses, and what was published last."""
        self._path.clear()
        self.newest = None

    def traffic(self) -> dict[str, tuple[int, int]]:
        """Count the subscribers of every output, and the messages made for it so far."""
        return {
            name: (item.get_subscription_count(), self.counts[name])
            for name, item in self._topics.items()
        }

    def close(self) -> None:
        """Destroy the publishers."""
        for item in (*self._topics.values(), *self._camera_topics.values(), self._info):
            self._node.destroy_lifecycle_publisher(item)


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
