"""The frames of the robot besides its cameras': where the grid hangs, and external odometry."""

from time import monotonic
from typing import Final, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.rigid import invert
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.parameters import Parameters

if TYPE_CHECKING:  # it needs rclpy, which recordings are mapped without
    from occany_ros.ros.tf.transforms import Broadcaster, TransformSource

_FIRST_WAIT_S: Final = 1.0


class RobotFrames:
    """
    Looks transforms of the robot up, and bridges the moments in which one is late.

    :param transforms: where they are looked up.
    :param broadcaster: of our own ego motion, None where it is not asked for.
    :param progress: where it notes what is missing.
    :ivar grid_frame: frame the grid hangs on; empty before the first set.
    """

    def __init__(
        self,
        transforms: 'TransformSource',
        broadcaster: 'Broadcaster | None',
        progress: Progress,
    ) -> None:
        self.grid_frame = ''
        self._transforms = transforms
        self._broadcaster = broadcaster
        self._progress = progress
        self._grid_from_base: NDArray[np.float64] | None = None
        self._patience_ends_s = 0.0
        # Somebody else's odometry and our own at the last time both were known.
        self._odometries: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def forget(self) -> None:
        """Forget the odometry: memory and path begin anew."""
        self._odometries = None

    def grid_from_base(self, stamp_ns: int, parameters: Parameters) -> NDArray[np.float64] | None:
        """
        Find the base frame in the frame the grid hangs on.

        :returns: (4, 4); None where they are one, or where there is no transform yet, in which
            case the grid hangs on the base frame and a note says so.
        """
        wanted, base = parameters.grid.frame or parameters.base_frame, parameters.base_frame
        if wanted == base:
            self.grid_frame = base
            return None
        wait_s = parameters.tf.timeout
        if self._grid_from_base is None:  # latched ones may be a moment late: waited for once
            self._patience_ends_s = self._patience_ends_s or monotonic() + _FIRST_WAIT_S
            wait_s = max(self._patience_ends_s - monotonic(), 0.0)
        try:
            found = self._transforms.lookup(wanted, base, stamp_ns, wait_s)
        except LookupError as error:
            if self._grid_from_base is None:
                self.grid_frame = base
                self._progress.notes['tf grid.frame'] = (
                    f'the grid hangs on {base}, not on grid.frame {wanted}: {error}; publish '
                    'that transform, or leave grid.frame empty'
                )
            return self._grid_from_base
        self._progress.notes.pop('tf grid.frame', None)
        self.grid_frame, self._grid_from_base = wanted, found
        return found

    @property
    def is_refused(self) -> bool:
        """Whether somebody else publishes the transform we were asked to publish."""
        return self._broadcaster is not None and bool(self._broadcaster.refused)

    def told_odometry(self, stamp_ns: int, parameters: Parameters) -> NDArray[np.float64] | None:
        """
        Find the pose of the base in somebody else's odometry, before our own is known.

        :returns: (4, 4), None where there is none at that time.
        """
        if self._is_our_own(parameters):  # which is no evidence for anything
            return None
        names = parameters.odom_frame, parameters.base_frame
        try:
            return self._transforms.lookup(*names, stamp_ns, parameters.tf.timeout)
        except LookupError:
            return None

    def external_odometry(
        self, stamp_ns: int, own: NDArray[np.float64], parameters: Parameters
    ) -> NDArray[np.float64] | None:
        """
        Find the pose of the base in the frame ``odom`` of /tf, whoever publishes it.

        :param own: pose by our own odometry, (4, 4); it bridges a late transform, so that the
            costmap does not change its frame for that.
        :returns: (4, 4), None where there is none.
        """
        if self._is_our_own(parameters):
            return own
        names = parameters.odom_frame, parameters.base_frame
        wait_s = parameters.tf.timeout if self._odometries else 0.0
        try:
            external = self._transforms.lookup(*names, stamp_ns, wait_s)
        except LookupError:
            if self._odometries is None:
                return None
            external_then, own_then = self._odometries
            return external_then @ invert(own_then) @ own
        self._odometries = external, own
        return external

    def _is_our_own(self, parameters: Parameters) -> bool:
        """Tell whether odom <- base on /tf is what we publish ourselves."""
        has_sender = self._broadcaster is not None and not self._broadcaster.refused
        return parameters.publish_tf == 'odom_to_base' and has_sender
