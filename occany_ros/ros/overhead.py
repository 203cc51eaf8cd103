"""The node's own message work on one set, without a node: what `occany bench host` times."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.ros.messages import convert
from occany_ros.ros.messages.decode import decode_compressed, decode_image
from occany_ros.ros.messages.outputs import odometry_frame, SCENE_OUTPUTS, traversable
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.classes import ClassSet
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image

STAMP_NS: Final = 1_700_000_000_000_000_000


def raw_messages(images: Sequence[NDArray[np.uint8]]) -> list[Image]:
    """Pack RGB images as cameras send them raw: bgr8."""
    head = convert.header(STAMP_NS, 'camera')
    return [convert.image_message(image[..., ::-1].copy(), 'bgr8', head) for image in images]


def compressed_messages(images: Sequence[NDArray[np.uint8]]) -> list[CompressedImage]:
    """
    Pack RGB images as JPEG files.

    :raises ValueError: OpenCV cannot write JPEG.
    """
    head = convert.header(STAMP_NS, 'camera')
    messages = []
    for image in images:
        done, data = cv2.imencode('.jpg', image[..., ::-1])
        if not done:
            raise ValueError('image: expected one OpenCV can compress, got another')
        message = CompressedImage(header=head, format='jpeg')
        message.data = convert.packed(np.asarray(data))
        messages.append(message)
    return messages


def decoded(messages: Sequence[Image | CompressedImage]) -> list[NDArray[np.uint8]]:
    """Decode a set as the node does."""
    return [
        decode_image(message) if isinstance(message, Image) else decode_compressed(message)
        for message in messages
    ]


def published_bytes(occupancy: Occupancy, classes: ClassSet) -> int:
    """
    Make every output of a set and serialise it, as if everything was listened to.

    :returns: bytes on the wire.
    """
    parameters = Parameters()
    scene = Scene(
        occupancy=occupancy,
        classes=classes,
        traversable=traversable(classes, parameters.semantics.traversable),
        parameters=parameters,
        odom_frame=odometry_frame(parameters),
        external=None,
        frame_ids={},
        path=(),
    )
    messages: list[Any] = [make(scene) for _, make in SCENE_OUTPUTS.values()]
    return sum(len(serialize_message(message)) for message in messages)
