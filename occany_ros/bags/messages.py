"""ROS messages as plain values, for bags: built, packed to CDR and unpacked without ROS."""

from collections.abc import Mapping
from functools import cache
import os
from pathlib import Path
import sys
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Camera
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from rosbags.typesys import get_types_from_msg, get_typestore, Stores
from rosbags.typesys.store import Typestore

GRID_TYPE: Final = 'occany_ros/msg/SemanticOccupancyGrid'
NANOSECONDS: Final = 1_000_000_000

Message: TypeAlias = Any
"""A message value; rosbags makes its class from the message definition at run time."""


def grid_definition() -> str:
    """
    Text of ``SemanticOccupancyGrid.msg``, from the source tree or from the installed package.

    :raises FileNotFoundError: it is in none of the places a build puts it.
    """
    name = Path('msg') / 'SemanticOccupancyGrid.msg'
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [Path(__file__).parents[2] / name]
    places += [Path(prefix) / 'share' / 'occany_ros' / name for prefix in prefixes if prefix]
    for place in places:
        if place.is_file():
            return place.read_text(encoding='utf-8')
    raise FileNotFoundError(
        f'{name.name}: found in none of {", ".join(map(str, places))}; '
        'source install/setup.bash, or run from a checkout'
    )


@cache
def message_store() -> Typestore:
    """Every message type of ROS 2 Kilted and our own."""
    store = get_typestore(Stores.ROS2_KILTED)
    store.register(get_types_from_msg(grid_definition(), GRID_TYPE))
    return store


def message(type_name: str, **fields: Message) -> Message:
    """
    Make a message value; the fields must be complete, as rosbags has no defaults.

    :param type_name: e.g. ``sensor_msgs/msg/Image``.
    """
    store = message_store()
    store.get_msgdef(type_name)
    return store.types[type_name](**fields)


def packed(value: Message) -> bytes:
    """CDR bytes of a message made by `message`, as a publisher would send them."""
    return bytes(message_store().serialize_cdr(value, value.__msgtype__))


def stamp_message(stamp_ns: int) -> Message:
    """``builtin_interfaces/Time`` of nanoseconds."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return message('builtin_interfaces/msg/Time', sec=seconds, nanosec=rest)


def stamp_ns_of(value: Message) -> int:
    """Nanoseconds of a message's header stamp."""
    return int(value.header.stamp.sec) * NANOSECONDS + int(value.header.stamp.nanosec)


def header(stamp_ns: int, frame_id: str) -> Message:
    """``std_msgs/Header``."""
    return message('std_msgs/msg/Header', stamp=stamp_message(stamp_ns), frame_id=frame_id)


def image_message(image: NDArray[np.uint8], stamp_ns: int, frame_id: str) -> Message:
    """
    ``sensor_msgs/Image`` with encoding rgb8.

    :param image: RGB, (h, w, 3).
    """
    height, width, _ = image.shape
    return message(
        'sensor_msgs/msg/Image',
        header=header(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding='rgb8',
        is_bigendian=0,
        step=3 * width,
        data=np.ascontiguousarray(image).reshape(-1),
    )


def compressed_message(data: bytes, kind: str, stamp_ns: int, frame_id: str) -> Message:
    """
    ``sensor_msgs/CompressedImage``.

    :param data: a whole JPEG or PNG file.
    :param kind: ``jpeg`` or ``png``.
    """
    return message(
        'sensor_msgs/msg/CompressedImage',
        header=header(stamp_ns, frame_id),
        format=kind,
        data=np.frombuffer(data, np.uint8),
    )


def camera_info_message(
    camera: Camera, size: tuple[int, int], stamp_ns: int, frame_id: str
) -> Message:
    """
    ``sensor_msgs/CameraInfo`` of an undistorted camera.

    :param camera: its intrinsics must be known.
    :param size: height and width, pixels.
    :raises ValueError: the intrinsics are unknown.
    """
    if camera.intrinsics is None:
        raise ValueError(f'camera {camera.name}: expected intrinsics, got None')
    matrix = np.asarray(camera.intrinsics, np.float64)
    projection = np.hstack([matrix, np.zeros((3, 1))])
    return message(
        'sensor_msgs/msg/CameraInfo',
        header=header(stamp_ns, frame_id),
        height=size[0],
        width=size[1],
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=matrix.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=projection.reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=region_message(),
    )


def region_message() -> Message:
    """``sensor_msgs/RegionOfInterest`` that means the whole image."""
    return message(
        'sensor_msgs/msg/RegionOfInterest',
        x_offset=0,
        y_offset=0,
        height=0,
        width=0,
        do_rectify=False,
    )


def grid_message(grid: OccupancyGrid3d, stamp_ns: int, frame_id: str) -> Message:
    """``occany_ros/SemanticOccupancyGrid``; its cells run with x fastest."""
    size_x, size_y, size_z = grid.spec.shape
    corner = np.eye(4)
    corner[:3, 3] = grid.spec.origin
    return message(
        GRID_TYPE,
        header=header(stamp_ns, frame_id),
        origin=pose_message(corner),
        resolution=grid.spec.resolution,
        size_x=size_x,
        size_y=size_y,
        size_z=size_z,
        labels=grid.labels.ravel(order='F'),
        confidence=grid.confidence.ravel(order='F'),
        class_names=list(grid.class_names),
    )


def grid_of(value: Message) -> OccupancyGrid3d:
    """
    Grid of a ``SemanticOccupancyGrid`` message of any origin: the inverse of `grid_message`.

    :raises ValueError: the number of labels is not that of the cells.
    """
    shape = (int(value.size_x), int(value.size_y), int(value.size_z))
    labels = np.asarray(value.labels, np.uint8)
    confidence = np.asarray(value.confidence, np.uint8)
    if labels.size != np.prod(shape):
        raise ValueError(f'labels: expected {np.prod(shape)} cells of {shape}, got {labels.size}')
    if confidence.size == 0:
        confidence = np.zeros_like(labels)
    corner = value.origin.position
    spec = GridSpec(
        origin=(float(corner.x), float(corner.y), float(corner.z)),
        resolution=round(float(value.resolution), 6),
        shape=shape,
    )
    return OccupancyGrid3d(
        spec=spec,
        labels=labels.reshape(shape, order='F'),
        confidence=confidence.reshape(shape, order='F'),
        class_names=tuple(value.class_names),
    )


def pose_message(parent_from_child: NDArray[np.float64]) -> Message:
    """``geometry_msgs/Pose`` of a rigid (4, 4) matrix, metres."""
    x, y, z = (float(value) for value in parent_from_child[:3, 3])
    return message(
        'geometry_msgs/msg/Pose',
        position=message('geometry_msgs/msg/Point', x=x, y=y, z=z),
        orientation=_quaternion_message(parent_from_child),
    )


def pose_of(value: Message) -> NDArray[np.float64]:
    """Rigid (4, 4) matrix of a ``geometry_msgs/Pose``: the inverse of `pose_message`."""
    turn, place = value.orientation, value.position
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion((turn.x, turn.y, turn.z, turn.w))
    matrix[:3, 3] = (place.x, place.y, place.z)
    return matrix


def odometry_message(
    odom_from_base: NDArray[np.float64], stamp_ns: int, *, odom_frame: str, base_frame: str
) -> Message:
    """``nav_msgs/Odometry`` of a pose; the twist and all covariances are zero."""
    zero = message('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=0.0)
    twist = message('geometry_msgs/msg/Twist', linear=zero, angular=zero)
    return message(
        'nav_msgs/msg/Odometry',
        header=header(stamp_ns, odom_frame),
        child_frame_id=base_frame,
        pose=message(
            'geometry_msgs/msg/PoseWithCovariance',
            pose=pose_message(odom_from_base),
            covariance=np.zeros(36),
        ),
        twist=message(
            'geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=np.zeros(36)
        ),
    )


def transforms_message(
    parent_from_child: Mapping[tuple[str, str], NDArray[np.float64]], stamp_ns: int
) -> Message:
    """
    ``tf2_msgs/TFMessage``.

    :param parent_from_child: (parent frame, child frame) -> rigid (4, 4) matrix, metres.
    """
    transforms = []
    for (parent, child), matrix in parent_from_child.items():
        x, y, z = (float(value) for value in matrix[:3, 3])
        transform = message(
            'geometry_msgs/msg/Transform',
            translation=message('geometry_msgs/msg/Vector3', x=x, y=y, z=z),
            rotation=_quaternion_message(matrix),
        )
        transforms.append(
            message(
                'geometry_msgs/msg/TransformStamped',
                header=header(stamp_ns, parent),
                child_frame_id=child,
                transform=transform,
            )
        )
    return message('tf2_msgs/msg/TFMessage', transforms=transforms)


def _quaternion_message(matrix: NDArray[np.float64]) -> Message:
    """``geometry_msgs/Quaternion`` of a rigid matrix's rotation."""
    x, y, z, w = (float(value) for value in quaternion_from_rotation(matrix[:3, :3]))
    return message('geometry_msgs/msg/Quaternion', x=x, y=y, z=z, w=w)
