"""Grouped messages to a frame set: pixels, calibration and mounting of each camera."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.pipeline.arrivals import Group
from occany_ros.ros.calibration import (
    delivered_from_turned,
    intrinsics_from_message,
    is_distorted,
    turned_intrinsics,
)
from occany_ros.ros.decode import decode_compressed, decode_image, turn
from occany_ros.ros.inputs import CameraInput
from occany_ros.ros.parameter_inputs import CameraParameters
from occany_ros.ros.parameters import Parameters
from occany_ros.ros.progress import Progress
from occany_ros.ros.transforms import TransformSource
from sensor_msgs.msg import Image

_FIRST_WAIT_S = 1.0


class FrameMaker:
    """
    Decodes the messages of a set and looks up what is known of their cameras.

    :param inputs: camera -> its subscriptions.
    :param transforms: where the mounting is looked up.
    :param progress: where failures are counted.
    """

    def __init__(
        self,
        inputs: Mapping[str, CameraInput],
        transforms: TransformSource,
        progress: Progress,
    ) -> None:
        self.mounted: dict[str, bool] = {}
        self.calibrated: dict[str, bool] = {}
        self.frame_ids: dict[str, str] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self._patience_ends_s = 0.0
        self._inputs = inputs
        self._transforms = transforms
        self._progress = progress

    def frames(self, group: Group[Any], parameters: Parameters) -> tuple[Frame, ...]:
        """
        Decode what can be decoded; the rest is counted and left out.

        :returns: in the configured order, perhaps none.
        """
        by_name = {camera.name: camera for camera in parameters.camera}
        found = []
        for arrival, stamp_ns in zip(group.arrivals, group.stamps_ns, strict=True):
            settings = by_name[arrival.camera]
            image = self._image(arrival.payload, settings)
            if image is not None:
                camera = self._camera(settings, image.shape[:2], stamp_ns, parameters)
                found.append(Frame(camera, stamp_ns, turn(image, settings.rotate)))
        return tuple(found)

    def _image(self, message: Any, settings: CameraParameters) -> NDArray[np.uint8] | None:
        name = settings.name
        self.frame_ids[name] = settings.frame_id or message.header.frame_id
        try:
            is_raw = isinstance(message, Image)
            return decode_image(message) if is_raw else decode_compressed(message)
        except ValueError as error:
            self._progress.undecodable[name] += 1
            self._progress.decode_errors[name] = str(error)
            return None

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
        mounting = self._mounting(name, stamp_ns, parameters)
        self.calibrated[name] = intrinsics is not None
        if intrinsics is not None:
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
        is_rectified = 'rect' in state.choice.topic
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
        self, name: str, stamp_ns: int, parameters: Parameters
    ) -> NDArray[np.float64] | None:
        frame_id = self.frame_ids[name]
        if not frame_id:
            self.mounted[name] = False
            return None
        try:
            wait_s = self._wait_s(name, parameters)
            found = self._transforms.lookup(parameters.base_frame, frame_id, stamp_ns, wait_s)
        except LookupError as error:
            self._progress.notes[f'tf {name}'] = str(error)
            self.mounted[name] = False
            return None
        self._progress.notes.pop(f'tf {name}', None)
        self.mounted[name] = True
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
