"""Point clouds back to arrays, for tools and tests; no node."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointField

_TYPES: Final = {
    PointField.INT8: 'i1',
    PointField.UINT8: 'u1',
    PointField.INT16: 'i2',
    PointField.UINT16: 'u2',
    PointField.INT32: 'i4',
    PointField.UINT32: 'u4',
    PointField.FLOAT32: 'f4',
    PointField.FLOAT64: 'f8',
}

Reader = Callable[[Any], NDArray[Any]]


def cloud_records(message: Any) -> NDArray[Any]:
    """
    Read all points of a cloud.

    :param message: a ``sensor_msgs/PointCloud2`` of any layout.
    :returns: a structured array, one record a point, its fields named as in the message, (p,).
    :raises ValueError: the message contradicts itself.
    """
    read, _ = reader()
    # sensor_msgs_py takes the second row to begin where the first one's points end.
    has_gaps = message.row_step != message.point_step * message.width
    return read_points(message) if has_gaps else read(message)


@cache
def reader() -> tuple[Reader, str]:
    """
    Find what reads clouds.

    :returns: the function, and whose it is: that of sensor_msgs_py where it can be imported,
        else our own.
    """
    try:
        theirs = import_module('sensor_msgs_py.point_cloud2').read_points
    except (ImportError, AttributeError):
        return read_points, 'own reader'
    return lambda message: np.asarray(theirs(message)), 'sensor_msgs_py'


def read_points(message: Any) -> NDArray[Any]:
    """
    Read all points without the help of sensor_msgs_py.

    :param message: see `cloud_records`.
    :raises ValueError: a type is unknown, or the bytes are fewer than the sizes say.
    """
    order = '>' if message.is_bigendian else '<'
    try:
        kinds = [order + _TYPES[field.datatype] for field in message.fields]
    except KeyError as error:
        raise ValueError(f'fields: expected datatypes 1 to 8, got {error}') from error
    layout = np.dtype(
        {
            'names': [field.name for field in message.fields],
            'formats': [
                (kind, (field.count,)) if field.count > 1 else kind
                for kind, field in zip(kinds, message.fields, strict=True)
            ],
            'offsets': [field.offset for field in message.fields],
            'itemsize': message.point_step,
        }
    )
    data = np.frombuffer(message.data, np.uint8)
    needed = message.row_step * message.height
    if data.size < needed or message.row_step < message.point_step * message.width:
        raise ValueError(
            f'data: expected {message.height} rows of {message.width} points of '
            f'{message.point_step} bytes, got {data.size} bytes in rows of {message.row_step}'
        )
    rows = data[:needed].reshape(message.height, message.row_step)
    used = message.point_step * message.width
    return np.ascontiguousarray(rows[:, :used]).reshape(-1).view(layout)
