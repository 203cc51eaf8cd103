"""Foxglove's messages, as plain values, to ROS messages of the same meaning."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.bags.foxglove_values import Value
from occany_ros.bags.messages import (
    header,
    Message,
    message,
    pose_message,
    region_message,
)
from occany_ros.geometry.quaternion import rotation_from_quaternion


@dataclass(frozen=True, slots=True)
class Conversion:
    """
    What becomes of one type.

    :param type_name: the ROS type.
    :param convert: value of Foxglove's message to message.
    """

    type_name: str
    convert: Callable[[Value], Message]


def transforms_of(
    type_name: str, value: Value
) -> Iterator[tuple[tuple[str, str], int, NDArray[np.float64]]]:
    """
    Read a ``FrameTransform`` or ``FrameTransforms``.

    :returns: (parent, child), stamp in nanoseconds and parent_from_child, (4, 4), of each.
    """
    entries = value['transforms'] if type_name.endswith('FrameTransforms') else [value]
    for entry in entries:
        edge = str(entry['parent_frame_id']), str(entry['child_frame_id'])
        yield edge, _stamp_ns(entry), _rigid(entry['translation'], entry['rotation'])


def _compressed(value: Value) -> Message:
    return message(
        'sensor_msgs/msg/CompressedImage',
        header=_header(value),
        format=str(value['format']),
        data=np.frombuffer(value['data'], np.uint8),
    )


def _raw(value: Value) -> Message:
    return message(
        'sensor_msgs/msg/Image',
        header=_header(value),
        height=int(value['height']),
        width=int(value['width']),
        encoding=str(value['encoding']),
        is_bigendian=0,
        step=int(value['step']),
        data=np.frombuffer(value['data'], np.uint8),
    )


def _calibration(value: Value) -> Message:
    identity = np.eye(3).reshape(-1)
    k = _numbers(value['K'], 9, np.zeros(9))
    plain = np.hstack([k.reshape(3, 3), np.zeros((3, 1))]).reshape(-1)
    return message(
        'sensor_msgs/msg/CameraInfo',
        header=_header(value),
        height=int(value['height']),
        width=int(value['width']),
        distortion_model=str(value['distortion_model']) or 'plumb_bob',
        d=np.asarray(value['D'], np.float64),
        k=k,
        r=_numbers(value['R'], 9, identity),
        p=_numbers(value['P'], 12, plain),
        binning_x=0,
        binning_y=0,
        roi=region_message(),
    )


def _pose(value: Value) -> Message:
    pose = value['pose']
    matrix = _rigid(pose['position'], pose['orientation'])
    kind = 'geometry_msgs/msg/PoseStamped'
    return message(kind, header=_header(value), pose=pose_message(matrix))


CONVERSIONS: Final[Mapping[str, Conversion]] = {
    'foxglove.CompressedImage': Conversion('sensor_msgs/msg/CompressedImage', _compressed),
    'foxglove.RawImage': Conversion('sensor_msgs/msg/Image', _raw),
    'foxglove.CameraCalibration': Conversion('sensor_msgs/msg/CameraInfo', _calibration),
    'foxglove.PoseInFrame': Conversion('geometry_msgs/msg/PoseStamped', _pose),
}


def _header(value: Value) -> Message:
    return header(_stamp_ns(value), str(value['frame_id']))


def _stamp_ns(value: Value) -> int:
    stamp = value['timestamp']
    return int(stamp['sec']) * 1_000_000_000 + int(stamp['nsec'])


def _numbers(values: Any, count: int, otherwise: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Take a matrix row by row, or the other one where none is given.

    :raises ValueError: it has another number of entries.
    """
    array = np.asarray(values, np.float64)
    if array.size not in (0, count):
        raise ValueError(f'calibration: expected {count} numbers, got {array.size}')
    return array if array.size else otherwise


def _rigid(place: Value, turn: Value) -> NDArray[np.float64]:
    matrix = np.eye(4)
    quaternion = tuple(float(turn[axis]) for axis in 'xyzw')
    if any(quaternion):
        matrix[:3, :3] = rotation_from_quaternion(quaternion)
    matrix[:3, 3] = tuple(float(place[axis]) for axis in 'xyz')
    return matrix
