"""Acceptance 04 and 13: both kinds of publishers, late joiners, and stamps."""

from array import array
from importlib import import_module
from importlib.util import find_spec
import json

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from node_harness import LATCHED
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

RELIABILITY = {
    'left': ReliabilityPolicy.RELIABLE,
    'right': ReliabilityPolicy.BEST_EFFORT,
}
APART_NS = {'left': 0, 'right': 7_000_000}
FIRST_NS = 1_600_000_000_123_456_789
PERIOD_NS = 100_000_000
HEADED = {
    'occupancy': SemanticOccupancyGrid,
    'voxels': PointCloud2,
    'voxels_surface': PointCloud2,
    'points': PointCloud2,
    'obstacles': PointCloud2,
    'ground': PointCloud2,
    'costmap': OccupancyGrid,
    'odom': Odometry,
    'pose': PoseStamped,
    'path': Path,
}
VIEWS = ('depth', 'semantic', 'semantic_color', 'features')


class Shutters:
    """Two cameras in the test itself, one reliable and one not, seven milliseconds apart."""

    def __init__(self, graph):
        self.sent = 0
        self.publishers = {
            name: graph.node.create_publisher(
                Image, f'/camera/{name}/image_raw', QoSProfile(depth=5, reliability=reliability)
            )
            for name, reliability in RELIABILITY.items()
        }
        graph.node.create_timer(PERIOD_NS / 1e9, self.release)

    def release(self):
        if not all(item.get_subscription_count() for item in self.publishers.values()):
            return
        for name, publisher in self.publishers.items():
            message = Image(height=64, width=128, step=384, encoding='bgr8')
            message.data = array('B', bytes([60, 90, 120]) * 64 * 128)
            stamp_ns = FIRST_NS + self.sent * PERIOD_NS + APART_NS[name]
            message.header.stamp = convert.time_message(stamp_ns)
            message.header.frame_id = f'{name}_optical'
            publisher.publish(message)
        self.sent += 1


@pytest.fixture(scope='module')
def running(shared_graph):
    """
    Run a node with two cameras of either kind, and listen to all that has a stamp.

    There are no sets of one: a stall between the two of a pair would make one.
    """
    shared_graph.shutters = Shutters(shared_graph)
    shared_graph.occany(
        cameras=list(RELIABILITY),
        confidence__recon=1.0,
        publish_tf='odom_to_base',
        sync__min_cameras=2,
    )
    topics = HEADED | {f'{name}/{kind}': Image for name in RELIABILITY for kind in VIEWS}
    shared_graph.said = {
        name: shared_graph.subscribe(kind, f'/occany/{name}') for name, kind in topics.items()
    }
    shared_graph.moved = shared_graph.subscribe(TFMessage, '/tf')
    shared_graph.drawn = shared_graph.subscribe(MarkerArray, '/occany/markers')
    every = {**shared_graph.said, 'tf': shared_graph.moved, 'markers': shared_graph.drawn}
    for name, messages in every.items():
        shared_graph.wait(lambda got=messages: len(got) > 1, f'two messages on {name}')
    return shared_graph


def test_acceptance_04_reliable_and_best_effort_publishers_both_work(running):
    running.wait(
        lambda: all(
            running.figure(f'camera {name}', 'sets') >= 3
            and running.text(f'camera {name}')[0] == 0
            for name in RELIABILITY
        ),
        'both cameras in sets, and no warning',
    )
    for name in RELIABILITY:
        assert running.figure(f'camera {name}', 'qos_mismatch') == 0


def since_first_ns(header):
    return convert.stamp_ns_of(header.stamp) - FIRST_NS


def test_acceptance_13_the_stamp_is_that_of_the_newest_image(running):
    newest_ns = max(APART_NS.values())
    for name in HEADED:
        since_ns = {since_first_ns(item.header) for item in running.said[name]}
        assert {value % PERIOD_NS for value in since_ns} == {newest_ns}, name
        assert 0 <= min(since_ns) <= max(since_ns) < running.shutters.sent * PERIOD_NS, name
        stamps_ns = [since_first_ns(item.header) for item in running.said[name]]
        assert stamps_ns == sorted(set(stamps_ns)), name
    for camera, apart_ns in APART_NS.items():
        for kind in VIEWS:
            for item in running.said[f'{camera}/{kind}']:
                assert since_first_ns(item.header) % PERIOD_NS == apart_ns
                assert item.header.frame_id == f'{camera}_optical'
    headers = [entry.header for message in running.moved for entry in message.transforms]
    headers += [entry.header for message in running.drawn for entry in message.markers]
    assert {since_first_ns(item) % PERIOD_NS for item in headers} == {newest_ns}


def test_acceptance_04_a_late_joiner_gets_costmap_and_labels(running):
    """What is latched comes although the node is paused and says nothing new."""
    assert running.call(SetBool, '/occany/pause', data=True).success
    running.wait(lambda: 'sets in memory' in running.text('memory')[1], 'a report')
    maps = running.subscribe(OccupancyGrid, '/occany/costmap', LATCHED)
    infos = running.subscribe(String, '/occany/grid_info', LATCHED)
    running.wait(lambda: maps and infos, 'costmap and description')
    about = json.loads(infos[0].data)
    assert about['classes'][0] == 'free'
    assert len(about['colors']) == len(about['classes']) > 2
    assert maps[0].info.width * maps[0].info.height == len(maps[0].data) > 0
    if find_spec('vision_msgs') is None:
        assert running.node.count_publishers('/occany/label_info') == 0
        return
    kind = import_module('vision_msgs.msg').LabelInfo
    labels = running.subscribe(kind, '/occany/label_info', LATCHED)
    running.wait(lambda: labels, 'labels')
    names = {item.class_id: item.class_name for item in labels[0].class_map}
    assert names == dict(enumerate(about['classes']))
