"""One answer of the method and what is needed to say it in messages."""

from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import PoseStamped
import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.points import transform_points
from occany_ros.pipeline.feature_colours import FeatureBasis
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.ros.messages import convert
from occany_ros.ros.settings.parameters import Parameters
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
    :param grid_frame: name of the frame the grid hangs on; empty for the base frame.
    :param feature_basis: colours of semantic features, None while nobody looks at them.
    """

    occupancy: Occupancy
    classes: ClassSet
    traversable: tuple[int, ...]
    parameters: Parameters
    odom_frame: str
    external: NDArray[np.float64] | None
    frame_ids: dict[str, str]
    path: tuple[PoseStamped, ...]
    grid_frame: str = ''
    feature_basis: FeatureBasis | None = None

    @property
    def external_grid(self) -> NDArray[np.float64] | None:
        """Pose of the grid's frame in somebody else's odometry, (4, 4); None without one."""
        base = self.occupancy.grid_from_base
        if self.external is None or base is None:
            return self.external
        return self.external @ invert(base)

    def in_base(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry points (p, 3) from the grid's frame to the base frame."""
        base = self.occupancy.grid_from_base
        return points if base is None else transform_points(points, invert(base))

    def head(self, frame_id: str = '') -> Any:
        """Make the header of an output; without a frame it is the grid's."""
        frame = frame_id or self.grid_frame or self.parameters.base_frame
        return convert.header(self.occupancy.stamp_ns, frame)
