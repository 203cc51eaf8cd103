"""One camera, one node: every output, and the services, in one running graph."""

import math
import signal

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry, Path
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from sensor_msgs.msg import Image, PointCloud2
from std_srvs.srv import Trigger

TOPICS = {
    'occupancy': SemanticOccupancyGrid,
    'voxels': PointCloud2,
    'voxels_surface': PointCloud2,
    'points': PointCloud2,
    'obstacles': PointCloud2,
    'ground': PointCloud2,
    'odom': Odometry,
    'pose': PoseStamped,
    'path': Path,
    'front/depth': Image,
    'front/semantic': Image,
    'front/semantic_color': Image,
}


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node with one camera, and keep everything it says."""
    shared_graph.cameras()
    shared_graph.occany(confidence__recon=1.0)
    shared_graph.said = {
        name: shared_graph.subscribe(kind, f'/occany/{name}') for name, kind in TOPICS.items()
    }
    shared_graph.wait(lambda: all(shared_graph.said.values()), 'a message on every topic')
    return shared_graph


@pytest.mark.parametrize(
    ('name', 'frame'),
    [
        ('occupancy', 'base_link'),
        ('voxels', 'base_link'),
        ('obstacles', 'base_link'),
        ('odom', 'occany_odom'),
        ('path', 'occany_odom'),
        ('front/depth', 'front_optical'),
    ],
)
def test_frames(running, name, frame):
    assert running.said[name][-1].header.frame_id == frame


def newest_together(running, *names):
    """Find the newest messages of these topics with one stamp."""

    def common():
        by_name = [
            {convert.stamp_ns_of(item.header.stamp): item for item in running.said[name]}
            for name in names
        ]
        shared = set.intersection(*(set(found) for found in by_name))
        return [found[max(shared)] for found in by_name] if shared else None

    return running.wait(common, f'{names} of one stamp')


def test_the_surface_and_the_obstacles_are_part_of_the_voxels(running):
    voxels, *parts = newest_together(running, 'voxels', 'voxels_surface', 'obstacles', 'ground')
    everything = {tuple(r)[:3] for r in convert.records_from_message(voxels).tolist()}
    for part in parts:
        assert {tuple(r)[:3] for r in convert.records_from_message(part).tolist()} <= everything


def test_odometry_pose_and_path_agree(running):
    odom, pose, path = newest_together(running, 'odom', 'pose', 'path')
    assert odom.child_frame_id == 'base_link'
    assert odom.pose.pose == pose.pose == path.poses[-1].pose
    q = odom.pose.pose.orientation
    assert math.isclose(q.x**2 + q.y**2 + q.z**2 + q.w**2, 1.0, rel_tol=1e-6)


def test_camera_images(running):
    depth, labels, colours = newest_together(
        running, 'front/depth', 'front/semantic', 'front/semantic_color'
    )
    assert (depth.encoding, labels.encoding, colours.encoding) == ('32FC1', 'mono8', 'rgb8')
    values = np.frombuffer(depth.data, np.float32)
    assert values.size == depth.height * depth.width
    assert np.nanmin(values) > 0
    assert len(labels.data) * 3 == len(colours.data)


def test_parameters_change_only_where_they_may(running):
    def change(name, value):
        request = [Parameter(name=name, value=value)]
        return running.call(SetParameters, '/occany/set_parameters', parameters=request).results[0]

    double, whole = ParameterType.PARAMETER_DOUBLE, ParameterType.PARAMETER_INTEGER
    assert change('sync.slop', ParameterValue(type=double, double_value=0.02)).successful
    refused = change('sync.slop', ParameterValue(type=double, double_value=99.0))
    assert not refused.successful
    assert 'sync.slop' in refused.reason
    refused = change('costmap.z_min', ParameterValue(type=double, double_value=3.0))
    assert 'costmap.z_max' in refused.reason
    assert not change('qos.image_depth', ParameterValue(type=whole, integer_value=5)).successful
    running.wait_for_outputs()
    described = running.call(
        DescribeParameters, '/occany/describe_parameters', names=['sync.slop']
    ).descriptors[0]
    assert 'unit s' in described.description
    assert described.floating_point_range[0].to_value == 10.0


def test_reset_begins_anew(running):
    paths = running.said['path']
    running.wait(lambda: len(paths[-1].poses) > 3, 'a path')
    before_ns = convert.stamp_ns_of(paths[-1].header.stamp)
    resets = running.figure('memory', 'restarts: reset')
    answer = running.call(Trigger, '/occany/reset')
    assert answer.success

    def new_start():
        first = paths[-1].poses[0]
        return first if convert.stamp_ns_of(first.header.stamp) > before_ns else None

    first = running.wait(new_start, 'a path that begins later').pose
    assert (first.position.x, first.orientation.w) == (0.0, 1.0)
    running.wait(lambda: running.figure('memory', 'restarts: reset') == resets + 1, 'the counter')


def test_what_nobody_listens_to_is_not_made(running):
    running.wait(lambda: running.figure('output', 'published ~/points') > 3, 'points')
    for kept in [s for s in running.node.subscriptions if s.topic_name == '/occany/points']:
        running.node.destroy_subscription(kept)
    running.wait(lambda: running.figure('output', 'subscribers ~/points') == 0, 'no listener')
    made = running.figure('output', 'published ~/points')
    running.wait_for_outputs(3)
    assert running.figure('output', 'published ~/points') <= made + 1


def test_status_tells_everything(running):
    text = running.call(Trigger, '/occany/status').message
    for word in ('camera front', 'sync', 'inference', 'memory', 'tf', 'output', 'latency_ms_p95'):
        assert word in text
    assert 'weights = synthetic' in text
    assert running.text('inference')[0] == 1
    assert 'synthetic' in running.text('inference')[1]


def test_an_interrupt_ends_the_node(running):
    status, _ = running.processes[1].stop(signal.SIGINT)
    assert status == 0, running.processes[1].text
