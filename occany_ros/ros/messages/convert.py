"""
Values to messages and back; no node, no network.

Every array goes into a message as an ``array.array`` filled from one buffer: lists, bytes and
NumPy arrays are checked element by element in message setters and cost a hundred times more.
"""

from array import array
from typing import Any, Final

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, Transform, Vector3
from nav_msgs.msg import MapMetaData, OccupancyGrid
import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.pipeline.occupancy_update import Cloud
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import Header

NANOSECONDS: Final = 1_000_000_000
_LATEST_NS: Final = (1 << 31) * NANOSECONDS - 1
_FARTHEST_M: Final = 1e9

# The names and types PCL knows: rgb is a float whose bits are 0x00RRGGBB.
POINT_DTYPE: Final = np.dtype(
    [
        ('x', '<f4'),
        ('y', '<f4'),
        ('z', '<f4'),
        ('rgb', '<u4'),
        ('label', '<u4'),
        ('confidence', '<f4'),
    ]
)
LABEL_DTYPE: Final = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('label', '<u4')])
_FLOATS: Final = frozenset({'rgb'})


def stamp_ns_of(stamp: Time) -> int:
    """Nanoseconds of a message's time; never more than `time_message` can write."""
    return min(int(stamp.sec) * NANOSECONDS + int(stamp.nanosec), _LATEST_NS)


def time_message(stamp_ns: int) -> Time:
    """Message of nanoseconds."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=seconds, nanosec=rest)


def header(stamp_ns: int, frame_id: str) -> Header:
    """Header of every output."""
    return Header(stamp=time_message(stamp_ns), frame_id=frame_id)


def packed(values: NDArray[Any], code: str = 'B') -> 'array[Any]':
    """
    Copy an array's memory into what message fields take.

    :param values: any dtype and shape.
    :param code: type of the field: ``B`` for uint8[], ``b`` for int8[].
    """
    data = array(code)
    data.frombytes(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return data


def pose_message(parent_from_child: NDArray[np.float64]) -> Pose:
    """
    Pose of a (4, 4) rigid transform.

    :param parent_from_child: metres.
    """
    x, y, z = (float(value) for value in parent_from_child[:3, 3])
    return Pose(
        position=Point(x=x, y=y, z=z),
        orientation=_quaternion_message(parent_from_child[:3, :3]),
    )


def transform_message(parent_from_child: NDArray[np.float64]) -> Transform:
    """Transform of a (4, 4) rigid transform, metres."""
    x, y, z = (float(value) for value in parent_from_child[:3, 3])
    return Transform(
        translation=Vector3(x=x, y=y, z=z),
        rotation=_quaternion_message(parent_from_child[:3, :3]),
    )


def matrix_from_pose(pose: Pose) -> NDArray[np.float64]:
    """
    Rigid transform of a pose, (4, 4), metres.

    :raises ValueError: its quaternion is zero, or a number is not finite or absurdly large.
    """
    return _matrix(pose.position, pose.orientation)


def matrix_from_transform(transform: Transform) -> NDArray[np.float64]:
    """
    Rigid transform of a transform message, (4, 4), metres.

    :raises ValueError: its quaternion is zero, or a number is not finite or absurdly large.
    """
    return _matrix(transform.translation, transform.rotation)


def grid_message(grid: OccupancyGrid3d, head: Header) -> SemanticOccupancyGrid:
    """Dense semantic grid, x fastest; ``head.frame_id`` is the grid's frame."""
    corner = np.eye(4)
    corner[:3, 3] = grid.spec.origin
    size_x, size_y, size_z = grid.spec.shape
    return SemanticOccupancyGrid(
        header=head,
        origin=pose_message(corner),
        resolution=float(grid.spec.resolution),
        size_x=size_x,
        size_y=size_y,
        size_z=size_z,
        labels=packed(grid.labels.T),
        confidence=packed(grid.confidence.T),
        class_names=list(grid.class_names),
    )


def grid_from_message(message: SemanticOccupancyGrid) -> OccupancyGrid3d:
    """
    Read a grid back; the inverse of `grid_message` for grids aligned with their frame.

    :raises ValueError: the arrays are not as long as the sizes say.
    """
    shape = message.size_x, message.size_y, message.size_z
    labels = np.frombuffer(message.labels, np.uint8)
    confidence = np.frombuffer(message.confidence, np.uint8)
    cells = shape[0] * shape[1] * shape[2]
    if labels.size != cells or confidence.size not in (0, cells):
        raise ValueError(
            f'labels, confidence: expected {cells} entries for {shape}, got {labels.size} and '
            f'{confidence.size}; the publisher fills the message wrongly'
        )
    if confidence.size == 0:
        confidence = np.zeros(cells, np.uint8)
    position = message.origin.position
    spec = GridSpec(
        origin=(position.x, position.y, position.z),
        resolution=message.resolution,
        shape=shape,
    )
    return OccupancyGrid3d(
        spec=spec,
        labels=labels.reshape(shape[::-1]).T,
        confidence=confidence.reshape(shape[::-1]).T,
        class_names=tuple(message.class_names),
    )


def cloud_message(cloud: Cloud, head: Header) -> PointCloud2:
    """Points with the fields x, y, z, rgb, label and confidence, 24 bytes each."""
    records = np.empty(len(cloud.points), POINT_DTYPE)
    _fill_positions(records, cloud.points)
    red, green, blue = cloud.rgb.astype(np.uint32).T
    records['rgb'] = red << 16 | green << 8 | blue
    records['label'] = cloud.labels
    records['confidence'] = cloud.confidence
    return _records_message(records, head)


def labels_message(
    points: NDArray[np.float32], labels: NDArray[np.uint8], head: Header
) -> PointCloud2:
    """
    Points with the fields x, y, z and label, 16 bytes each.

    :param points: metres, (p, 3).
    :param labels: (p,).
    """
    records = np.empty(len(points), LABEL_DTYPE)
    _fill_positions(records, points)
    records['label'] = labels
    return _records_message(records, head)


def records_from_message(message: PointCloud2) -> NDArray[np.void]:
    """Structured view of the points of one of our clouds, (p,)."""
    names = [field.name for field in message.fields]
    full = POINT_DTYPE if 'rgb' in names else LABEL_DTYPE
    return np.frombuffer(message.data, full)


def costmap_message(
    cells: NDArray[np.int8], origin: tuple[float, float], resolution: float, head: Header
) -> OccupancyGrid:
    """
    Two-dimensional grid for Nav2.

    :param cells: -1 unknown, 0 free, 100 occupied, (x, y).
    :param origin: minimum corner of cell (0, 0) in ``head.frame_id``, metres.
    """
    corner = np.eye(4)
    corner[:2, 3] = origin
    size_x, size_y = cells.shape
    info = MapMetaData(
        map_load_time=head.stamp,
        resolution=float(resolution),
        width=size_x,
        height=size_y,
        origin=pose_message(corner),
    )
    return OccupancyGrid(header=head, info=info, data=packed(cells.T, 'b'))


def pose_stamped_message(odom_from_base: NDArray[np.float64], head: Header) -> PoseStamped:
    """Pose of the base at one time."""
    return PoseStamped(header=head, pose=pose_message(odom_from_base))


def image_message(pixels: NDArray[Any], encoding: str, head: Header) -> Image:
    """
    Image of any of our debug outputs.

    :param pixels: (h, w) or (h, w, c); float32 for ``32FC1``, uint8 for ``mono8`` and ``rgb8``.
    """
    height, width = pixels.shape[:2]
    return Image(
        header=head,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=pixels.nbytes // height,
        data=packed(pixels),
    )


def _quaternion_message(rotation: NDArray[np.float64]) -> Quaternion:
    x, y, z, w = (float(value) for value in quaternion_from_rotation(rotation))
    return Quaternion(x=x, y=y, z=z, w=w)


def _matrix(position: Point | Vector3, orientation: Quaternion) -> NDArray[np.float64]:
    q = orientation
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion((q.x, q.y, q.z, q.w))
    matrix[:3, 3] = position.x, position.y, position.z
    if not np.all(np.abs(matrix[:3, 3]) <= _FARTHEST_M):  # also refuses NaN
        raise ValueError(
            f'translation: expected at most {_FARTHEST_M:g} m, got {matrix[:3, 3].tolist()}'
        )
    return matrix


def _fill_positions(records: NDArray[np.void], points: NDArray[np.float32]) -> None:
    records['x'], records['y'], records['z'] = points.T


def _records_message(records: NDArray[np.void], head: Header) -> PointCloud2:
    dtype = records.dtype
    fields = []
    for name in dtype.names or ():
        kind, offset = dtype.fields[name][:2]  # type: ignore[index]
        integer = kind.kind == 'u' and name not in _FLOATS
        datatype = PointField.UINT32 if integer else PointField.FLOAT32
        fields.append(PointField(name=name, offset=offset, datatype=datatype, count=1))
    return PointCloud2(
        header=head,
        height=1,
        width=len(records),
        fields=fields,
        is_bigendian=False,
        point_step=dtype.itemsize,
        row_step=records.nbytes,
        data=packed(records),
        is_dense=True,
    )
