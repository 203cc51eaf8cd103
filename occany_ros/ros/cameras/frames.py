"""Grouped messages to a frame set: pixels, calibration and mounting of each camera."""

from collections.abc import Mapping
import re
from time import monotonic
from types import MappingProxyType
from typing import Any, Final, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.pipeline.synchronisation.arrivals import Group
from occany_ros.ros.cameras.calibration import (
    delivered_from_turned,
    intrinsics_from_message,
    is_distorted,
    turned_intrinsics,
)
from occany_ros.ros.cameras.mask_files import mask_for, Masks
from occany_ros.ros.messages.decode import decode_compressed, decode_image, turn
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.mounting import mounting_from_text
from occany_ros.ros.settings.parameter_inputs import CameraParameters
from occany_ros.ros.settings.parameters import Parameters

if TYPE_CHECKING:  # they need rclpy, which recordings are mapped without
    from occany_ros.ros.cameras.inputs import CameraInput
    from occany_ros.ros.cameras.recorded_inputs import RecordedInput
    from occany_ros.ros.tf.transforms import TransformSource

_FIRST_WAIT_S: Final = 1.0

_RECTIFIED: Final = re.compile(r'(?:^|[/_])rect(?:$|[/_]|ified)')


class FrameMaker:
    """
    Decodes the messages of a set and looks up what is known of their cameras.

    :param inputs: camera -> its subscriptions.
    :param transforms: where the mounting is looked up.
    :param progress: where failures are counted.
    :param masks: of the cameras that have one.
    """

    def __init__(
        self,
        inputs: 'Mapping[str, CameraInput] | Mapping[str, RecordedInput]',
        transforms: 'TransformSource',
        progress: Progress,
        masks: Masks = MappingProxyType({}),
    ) -> None:
        self.mounted: dict[str, bool] = {}
        self.extrinsics: dict[str, str] = {}
        self.focals: dict[str, float | None] = {}
        self.calibrated: dict[str, bool] = {}
        self.frame_ids: dict[str, str] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self._patience_ends_s = 0.0
        self._inputs = inputs
        self._transforms = transforms
        self._progress = progress
        self._masks = masks

    def frames(self, group: Group[Any], parameters: Parameters) -> tuple[Frame, ...]:
        """
        Decode what can be decoded; the rest is counted and left out.

        :returns: in the configured order, perhaps none.
        """
        by_name = {camera.name: camera for camera in parameters.camera}
        found = []
        for arrival, stamp_ns in zip(group.arrivals, group.stamps_ns, strict=True):
            settings = by_name[arrival.camera]
            name = settings.name
            self.frame_ids[name] = self._frame_id(settings, arrival.payload)
            try:
                image = _decoded(arrival.payload)
                mask = mask_for(self._masks, settings, image.shape[:2])
            except ValueError as error:
                self._progress.undecoded(name, str(error))
                continue
            camera = self._camera(settings, image.shape[:2], stamp_ns, parameters)
            found.append(Frame(camera, stamp_ns, turn(image, settings.rotate), mask))
        return tuple(found)

    def _frame_id(self, settings: CameraParameters, message: Any) -> str:
        """Name the optical frame: as told, as the image says, or else as CameraInfo says."""
        told = settings.frame_id or message.header.frame_id
        info = self._inputs[settings.name].state.info
        return str(told or ('' if info is None else info.header.frame_id))

    def _camera(
        self,
        settings: CameraParameters,
        size: tuple[int, int],
        stamp_ns: int,
        parameters: Parameters,
    ) -> Camera:
        name = settings.name
        self.sizes[name] = size
        intrinsics = self._intrinsics(settings, size)
        mounting = self._mounting(settings, stamp_ns, parameters)
        self.calibrated[name] = intrinsics is not None
        self.focals[name] = None
        if intrinsics is not None:
            self.focals[name] = float(np.sqrt(intrinsics[0, 0] * intrinsics[1, 1]))
            intrinsics = turned_intrinsics(intrinsics, size, settings.rotate)
        if mounting is not None:
            mounting = mounting @ delivered_from_turned(settings.rotate)
        return Camera(name, intrinsics, mounting)

    def _intrinsics(
        self, settings: CameraParameters, size: tuple[int, int]
    ) -> NDArray[np.float64] | None:
        state = self._inputs[settings.name].state
        if state.info is None or state.choice is None:
            return None
        is_rectified = _RECTIFIED.search(state.choice.topic) is not None
        note = ''
        try:
            result = intrinsics_from_message(state.info, size=size, rectified=is_rectified)
            if not is_rectified and is_distorted(state.info):
                note = 'the images are distorted; take the rectified topic (image_proc)'
        except ValueError as error:
            result, note = None, str(error)
        self._progress.notes[settings.name] = note
        return result

    def _mounting(
        self, settings: CameraParameters, stamp_ns: int, parameters: Parameters
    ) -> NDArray[np.float64] | None:
        name = settings.name
        frame_id = self.frame_ids[name]
        if settings.mounting:
            self.mounted[name], self.extrinsics[name] = True, 'mounting'
            return mounting_from_text(settings.mounting, f'{name}.mounting')
        if not frame_id:
            self.mounted[name], self.extrinsics[name] = False, 'none'
            return None
        try:
            wait_s = self._wait_s(name, parameters)
            found = self._transforms.lookup(parameters.base_frame, frame_id, stamp_ns, wait_s)
        except LookupError as error:
            self._progress.notes[f'tf {name}'] = str(error)
            self.mounted[name], self.extrinsics[name] = False, 'none'
            return None
        self._progress.notes.pop(f'tf {name}', None)
        self.mounted[name], self.extrinsics[name] = True, 'tf'
        return found

    def _wait_s(self, name: str, parameters: Parameters) -> float:
        """
        Patience with a transform.

        Latched ones may be a moment later than the first image: they are waited for once. After
        that only cameras that had their transform are worth a wait.
        """
        if self.mounted.get(name):
            return parameters.tf.timeout
        self._patience_ends_s = self._patience_ends_s or monotonic() + _FIRST_WAIT_S
        return max(self._patience_ends_s - monotonic(), 0.0)


def _decoded(message: Any) -> NDArray[np.uint8]:
    is_raw = hasattr(message, 'encoding')  # whoever made the class of the message
    return decode_image(message) if is_raw else decode_compressed(message)
