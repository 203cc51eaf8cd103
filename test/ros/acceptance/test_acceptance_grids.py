"""Acceptance 08, 09 and 17: costmap, clouds and dense grid of a running node."""

from array import array
from importlib import import_module
from importlib.util import find_spec
import json
import math

from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import OccupancyGrid
from node_harness import LATCHED
import numpy as np
from occany_ros.bags.street import write_drive
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
from occany_ros.synthetic.drive import make_drive
import pytest
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

COLOURED = ('voxels', 'voxels_surface', 'points')
PLAIN = ('obstacles', 'ground')
FLOAT, WHOLE = PointField.FLOAT32, PointField.UINT32
# The fields of PCL's point types: name, datatype, count. PCL finds a field by all three.
PCL_XYZ = [('x', FLOAT, 1), ('y', FLOAT, 1), ('z', FLOAT, 1)]
PCL_RGB, PCL_LABEL = ('rgb', FLOAT, 1), ('label', WHOLE, 1)
Z_MIN, Z_MAX, LEAST_VOXELS = 0.2, 2.0, 2
HEADING, PLACE = 0.4, (3.217, -1.933)


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node with one camera in a street, on a robot without odometry."""
    graph = shared_graph
    bag = graph.folder / 'drive'
    write_drive(make_drive(1, rig='front', steps=40, size=(96, 288)), bag)
    topics = ['/camera/front/image_raw', '/camera/front/camera_info', '/tf_static']
    graph.tool('play', str(bag), '--rate', '0.5', '--topics', *topics, '--wait-for', topics[0])
    graph.occany(model__image_size=288, costmap__min_voxels=LEAST_VOXELS)
    graph.said = {'occupancy': graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')}
    for name in COLOURED + PLAIN:
        graph.said[name] = graph.subscribe(PointCloud2, f'/occany/{name}')
    graph.said['costmap'] = graph.subscribe(OccupancyGrid, '/occany/costmap', LATCHED)
    info = graph.subscribe(String, '/occany/grid_info', LATCHED)
    for name, messages in graph.said.items():
        graph.wait(lambda got=messages: got, name)
    graph.wait(lambda: info, 'grid_info')
    graph.about = json.loads(info[-1].data)
    return graph


def together(graph, *names, fits=lambda _: True):
    """Find messages of these topics with one stamp, the newest; the first must fit."""

    def found():
        by_stamp = [
            {convert.stamp_ns_of(item.header.stamp): item for item in graph.said[name]}
            for name in names
        ]
        stamps = {stamp for stamp, item in by_stamp[0].items() if fits(item)}
        shared = stamps.intersection(*by_stamp[1:])
        return [entries[max(shared)] for entries in by_stamp] if shared else None

    return graph.wait(found, f'{names} of one stamp')


def dense_labels(message):
    """Read labels as the message's comments say: x fastest."""
    x, y, z = message.size_x, message.size_y, message.size_z
    return np.frombuffer(message.labels, np.uint8).reshape(z, y, x).transpose(2, 1, 0)


def blocked_columns(message, traversable):
    """Tell columns with enough obstacle voxels between the heights, and unknown ones."""
    labels = dense_labels(message)
    heights = message.origin.position.z + message.resolution * (np.arange(message.size_z) + 0.5)
    band = labels[:, :, (heights > Z_MIN - 1e-6) & (heights < Z_MAX + 1e-6)]
    obstacle = ~np.isin(band, [message.FREE, message.UNKNOWN, *traversable])
    return obstacle.sum(-1) >= LEAST_VOXELS, (labels == message.UNKNOWN).all(-1)


def cells_of(message):
    """Read cells as map consumers do: rows along x, one after the other."""
    info = message.info
    return np.array(message.data, np.int8).reshape(info.height, info.width).T


def check_as_nav2_reads_it(message, frame):
    """Hold a costmap against what Nav2's StaticLayer asks of a map."""
    info = message.info
    assert message.header.frame_id == frame
    assert info.resolution > 0
    assert info.width * info.height == len(message.data) > 0
    assert set(message.data) <= {-1, 0, 100}
    turn = info.origin.orientation
    assert (turn.x, turn.y, turn.z, turn.w) == (0.0, 0.0, 0.0, 1.0)
    for value in (info.origin.position.x, info.origin.position.y):
        steps = value / info.resolution
        assert math.isclose(steps, round(steps), abs_tol=1e-3)


def test_acceptance_08_the_costmap_is_what_nav2_reads(running):
    flat, dense = together(running, 'costmap', 'occupancy')
    check_as_nav2_reads_it(flat, 'base_link')
    blocked, unseen = blocked_columns(dense, running.about['traversable'])
    cells = cells_of(flat)
    np.testing.assert_array_equal(cells == 100, blocked)
    assert (cells[unseen] == -1).all()
    assert set(np.unique(cells)) == {-1, 0, 100}, 'the scene shows too little to test anything'
    ends = running.node.get_publishers_info_by_topic('/occany/costmap')
    qos = ends[0].qos_profile
    assert (qos.durability, qos.reliability) == (LATCHED.durability, LATCHED.reliability)


def test_acceptance_08_the_costmap_lies_along_somebody_elses_odometry(running):
    """The robot is turned by 0.4 rad at an odd place: axes and corner must not be."""
    static = running.node.create_publisher(TFMessage, '/tf_static', LATCHED)
    moved = TransformStamped(child_frame_id='base_link')
    moved.header.frame_id = 'odom'
    moved.transform.translation.x, moved.transform.translation.y = PLACE
    moved.transform.rotation.z = math.sin(HEADING / 2)
    moved.transform.rotation.w = math.cos(HEADING / 2)
    static.publish(TFMessage(transforms=[moved]))
    flat, dense = together(
        running, 'costmap', 'occupancy', fits=lambda item: item.header.frame_id == 'odom'
    )
    check_as_nav2_reads_it(flat, 'odom')
    blocked, _ = blocked_columns(dense, running.about['traversable'])
    corner = np.array([dense.origin.position.x, dense.origin.position.y])
    centres = corner + (np.argwhere(blocked) + 0.5) * dense.resolution
    cosine, sine = math.cos(HEADING), math.sin(HEADING)
    turned = centres @ np.array([(cosine, sine), (-sine, cosine)]) + PLACE
    origin = np.array([flat.info.origin.position.x, flat.info.origin.position.y])
    cells = cells_of(flat)
    column, row = np.floor((turned - origin) / flat.info.resolution).astype(int).T
    assert len(centres) > 0
    assert (cells[column, row] == 100).all()
    assert (cells == 100).sum() <= 2 * blocked.sum(), 'obstacles grew'


def parsed(message):
    """Read a cloud with nothing but its own description of its fields."""
    kinds = {FLOAT: 'f4', WHOLE: 'u4'}
    order = '>' if message.is_bigendian else '<'
    layout = {
        'names': [item.name for item in message.fields],
        'formats': [order + kinds[item.datatype] for item in message.fields],
        'offsets': [item.offset for item in message.fields],
        'itemsize': message.point_step,
    }
    return np.frombuffer(message.data, np.dtype(layout))


def check_cloud(message, fields):
    """Hold a cloud against PCL's names and types, and its own sizes."""
    assert [(item.name, item.datatype, item.count) for item in message.fields] == fields
    records = parsed(message)
    assert message.height == 1
    assert message.width == len(records)
    assert message.row_step == message.width * message.point_step
    assert message.is_dense
    points = np.stack([records['x'], records['y'], records['z']], -1)
    assert np.isfinite(points).all()
    if find_spec('sensor_msgs_py') is not None:
        read_points = import_module('sensor_msgs_py.point_cloud2').read_points
        np.testing.assert_array_equal(read_points(message)['label'], records['label'])
    return records


@pytest.mark.parametrize('name', COLOURED)
def test_acceptance_09_coloured_clouds_parse_with_pcl_names(running, name):
    (message,) = together(running, name)
    assert message.point_step == 24
    records = check_cloud(message, [*PCL_XYZ, PCL_RGB, PCL_LABEL, ('confidence', FLOAT, 1)])
    assert len(records) > 0
    assert ((records['confidence'] >= 0) & np.isfinite(records['confidence'])).all()
    packed = records['rgb'].view('<u4')
    assert packed.max() <= 0xFFFFFF
    if name != 'points':
        red, green, blue = np.array(running.about['colors'])[records['label']].T
        np.testing.assert_array_equal(packed, (red << 16) | (green << 8) | blue)


@pytest.mark.parametrize('name', PLAIN)
def test_acceptance_09_clouds_for_planners_parse_with_pcl_names(running, name):
    cloud, dense = together(running, name, 'occupancy')
    records = check_cloud(cloud, [*PCL_XYZ, PCL_LABEL])
    is_ground = np.isin(records['label'], running.about['traversable'])
    assert len(records) > 0
    assert is_ground.all() if name == 'ground' else not is_ground.any()
    assert cloud.header.frame_id == dense.header.frame_id == 'base_link'


def test_acceptance_17_voxels_and_grid_info_give_the_dense_grid_back(running):
    voxels, dense = together(running, 'voxels', 'occupancy')
    about, labels = running.about, dense_labels(dense)
    assert about['size'] == list(labels.shape)
    assert about['classes'] == list(dense.class_names)
    assert about['frame'] == dense.header.frame_id
    assert about['model']['sha256']
    records = parsed(voxels)
    points = np.stack([records['x'], records['y'], records['z']], -1).astype(np.float64)
    cells = np.floor((points - about['origin']) / about['resolution']).astype(int)
    rebuilt = np.full(about['size'], about['free'], np.uint8)
    rebuilt[tuple(cells.T)] = records['label']
    np.testing.assert_array_equal(
        rebuilt, np.where(labels == about['unknown'], about['free'], labels)
    )
    assert 0 < len(records) == (rebuilt != about['free']).sum()
    confidence = np.frombuffer(dense.confidence, np.uint8).reshape(labels.shape, order='F')
    np.testing.assert_allclose(records['confidence'], confidence[tuple(cells.T)] / 255, atol=1e-6)


def test_acceptance_17_bytes_enter_messages_as_arrays(running):
    (dense,) = together(running, 'occupancy')
    assert isinstance(dense.labels, array)
    assert len(dense.confidence) in (0, len(dense.labels))
