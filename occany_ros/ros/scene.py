"""One answer of the method and what is needed to say it in messages."""

from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import PoseStamped
import numpy as np
from numpy.typing import NDArray
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.ros import convert
from occany_ros.ros.parameters import Parameters
from occany_ros.semantics.classes import ClassSet


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """
    One answer and what is needed to say it in messages.

    :param occupancy: the answer.
    :param classes: of its labels.
    :param traversable: grid labels of the ground.
    :param parameters: in force.
    :param odom_frame: name of the frame the ego motion is given in.
    :param external: odom_from_base by somebody else's odometry, (4, 4), None where there is none.
    :param frame_ids: camera -> optical frame.
    :param path: poses since the last reset, oldest first.
    """

    occupancy: Occupancy
    classes: ClassSet
    traversable: tuple[int, ...]
    parameters: Parameters
    odom_frame: str
    external: NDArray[np.float64] | None
    frame_ids: dict[str, str]
    path: tuple[PoseStamped, ...]

    def head(self, frame_id: str = '') -> Any:
        """Make the header of an output; without a frame it is the grid's."""
        frame = frame_id or self.parameters.base_frame
        return convert.header(self.occupancy.stamp_ns, frame)
