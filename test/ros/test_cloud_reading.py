"""Clouds of any layout, read by ourselves and by sensor_msgs_py."""

import sys
from types import SimpleNamespace

import numpy as np
from occany_ros.pipeline.occupancy_update import Cloud
from occany_ros.ros.cloud_reading import cloud_records, read_points, reader
from occany_ros.ros.messages import convert
import pytest
from sensor_msgs.msg import PointCloud2, PointField

HEAD = convert.header(1_700_000_000_000_000_000, 'base_link')


@pytest.fixture(autouse=True)
def fresh():
    reader.cache_clear()
    yield
    reader.cache_clear()


def ours():
    rng = np.random.default_rng(0)
    return convert.cloud_message(
        Cloud(
            points=rng.normal(size=(7, 3)).astype(np.float32),
            rgb=rng.integers(0, 256, (7, 3)).astype(np.uint8),
            labels=rng.integers(0, 17, 7).astype(np.uint8),
            confidence=rng.random(7).astype(np.float32),
        ),
        HEAD,
    )


def padded(*, bigendian=False):
    """Lay an organised cloud out with gaps between fields, points and rows."""
    layout = np.dtype(
        {
            'names': ['x', 'ring', 'time'],
            'formats': ['f4', 'u2', 'f8'],
            'offsets': [0, 6, 8],
            'itemsize': 20,
        }
    )
    layout = layout.newbyteorder('>' if bigendian else '<')
    values = np.zeros((2, 3), layout)
    values['x'] = np.arange(6).reshape(2, 3)
    values['ring'] = 7
    values['time'] = 0.5
    rows = np.zeros((2, 64), np.uint8)
    rows[:, :60] = values.view(np.uint8).reshape(2, 60)
    fields = [
        PointField(name='x', offset=0, datatype=PointField.FLOAT32, count=1),
        PointField(name='ring', offset=6, datatype=PointField.UINT16, count=1),
        PointField(name='time', offset=8, datatype=PointField.FLOAT64, count=1),
    ]
    return PointCloud2(
        header=HEAD,
        height=2,
        width=3,
        fields=fields,
        is_bigendian=bigendian,
        point_step=20,
        row_step=64,
        data=convert.packed(rows),
        is_dense=True,
    )


def test_our_own_clouds_come_back():
    message = ours()
    expected = convert.records_from_message(message)
    records = cloud_records(message)
    for name in ('x', 'y', 'z', 'label', 'confidence'):
        np.testing.assert_array_equal(records[name], expected[name])
    np.testing.assert_array_equal(records['rgb'].view(np.uint32), expected['rgb'])


@pytest.mark.parametrize('bigendian', [False, True])
def test_gaps_between_fields_points_and_rows_are_skipped(bigendian):
    records = read_points(padded(bigendian=bigendian))
    np.testing.assert_array_equal(records['x'], np.arange(6))
    assert (records['ring'] == 7).all()
    assert (records['time'] == 0.5).all()


def test_a_cloud_that_contradicts_itself_is_refused():
    short, unknown = padded(), padded()
    short.row_step = 65
    with pytest.raises(ValueError, match='rows of 65'):
        read_points(short)
    unknown.fields[0].datatype = 9
    with pytest.raises(ValueError, match='datatypes 1 to 8, got 9'):
        read_points(unknown)


def test_without_sensor_msgs_py_our_own_reader_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sensor_msgs_py.point_cloud2', None)
    assert reader() == (read_points, 'own reader')


def test_what_sensor_msgs_py_says_is_used(monkeypatch):
    answer = np.zeros(3, [('x', 'f4')])
    theirs = SimpleNamespace(read_points=lambda _message: answer)
    monkeypatch.setitem(sys.modules, 'sensor_msgs_py', SimpleNamespace(point_cloud2=theirs))
    monkeypatch.setitem(sys.modules, 'sensor_msgs_py.point_cloud2', theirs)
    assert reader()[1] == 'sensor_msgs_py'
    np.testing.assert_array_equal(cloud_records(ours()), answer)


def test_the_real_sensor_msgs_py_agrees_with_ours():
    pytest.importorskip('sensor_msgs_py', reason='sensor_msgs_py is not installed')
    assert reader()[1] == 'sensor_msgs_py'
    for message in (ours(), padded()):
        own, theirs = read_points(message), cloud_records(message)
        for name in own.dtype.names:
            np.testing.assert_array_equal(theirs[name], own[name])
