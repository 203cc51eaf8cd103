"""The node's outputs, written to a bag instead of published."""

from typing import Any, Final

from occany_ros.bags.message_classes import message_bytes, type_name_of
from occany_ros.bags.writer import BagWriter
from occany_ros.ros.engine import Engine
from occany_ros.ros.messages.grid_info import grid_info, grid_info_text
from occany_ros.ros.messages.outputs import CAMERA_OUTPUTS, LATCHED, SCENE_OUTPUTS
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.messages.scene_history import SceneHistory
from occany_ros.ros.settings.parameters import Parameters
from std_msgs.msg import String

NAMESPACE: Final = '/occany'
INFO: Final = 'grid_info'


class BagOutputs:
    """
    Writes every output of every set, as the node would publish it.

    :param writer: entered already.
    :param engine: the network, for the description of the grid.
    :param images: write the images of each camera too: depth, classes, features.
    """

    def __init__(self, writer: BagWriter, engine: Engine, *, images: bool = False) -> None:
        self.wants_features = images
        self.newest: Scene | None = None
        self._writer = writer
        self._engine = engine
        self._images = images
        self._history = SceneHistory()
        self._told: dict[str, Any] = {}

    def describe(self, parameters: Parameters, stamp_ns: int, frame_id: str = '') -> None:
        """
        Write what the grid is, unless that was written already.

        :param frame_id: it hangs on; empty for the one the parameters ask for.
        """
        engine = self._engine
        info = grid_info(parameters, engine.classes, engine.about(), frame_id)
        if info != self._told:
            self._told = info
            self._write(INFO, String(data=grid_info_text(info)), stamp_ns, latched=True)

    def publish(self, scene: Scene) -> None:
        """Write all outputs of one answer."""
        scene = self._history.extended(scene)
        self.newest = scene
        stamp_ns = scene.occupancy.stamp_ns
        self.describe(scene.parameters, stamp_ns, scene.head().frame_id)
        for name, (_, make) in SCENE_OUTPUTS.items():
            self._write(name, make(scene), stamp_ns, latched=name in LATCHED)
        if self._images:
            self._write_images(scene, stamp_ns)
        self._writer.flush()

    def restart_path(self) -> None:
        """Let the path begin anew."""
        self._history.restart()
        self.newest = None

    def _write_images(self, scene: Scene, stamp_ns: int) -> None:
        for view in scene.occupancy.views:
            for name, make in CAMERA_OUTPUTS.items():
                message = make(scene, view)
                if message is not None:
                    self._write(f'{view.name}/{name}', message, stamp_ns)

    def _write(self, name: str, message: Any, stamp_ns: int, *, latched: bool = False) -> None:
        topic, kind = f'{NAMESPACE}/{name}', type_name_of(message)
        self._writer.add_topic(topic, kind, latched=latched)
        self._writer.write_raw(topic, kind, message_bytes(message, kind), stamp_ns)
