"""The real node with networks of the released size, on a CPU and on real images."""

import cv2
from nav_msgs.msg import Odometry
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2

pytestmark = pytest.mark.slow

PATIENCE_S = 500.0
FIRST_NS = 1_700_000_000_000_000_000
STEP_NS = 500_000_000
SIX = ['front', 'front_right', 'front_left', 'back', 'back_left', 'back_right']


def frames(shared, name, count):
    """Read real images, or skip the test."""
    paths = sorted((shared / 'data' / name).glob('*.png'))[:count]
    if len(paths) < count:
        pytest.skip(f'needs {count} images in data/{name} of the folder of sample data')
    return [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths]


class Drive:
    """A node with the weights of a file, and one set of images after another for it."""

    def __init__(self, graph, weights, cameras, **parameters):
        self.graph = graph
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        self.images = [
            graph.node.create_publisher(Image, f'/camera/{name}/image_raw', qos)
            for name in cameras
        ]
        self.said = {
            topic: graph.subscribe(kind, f'/occany/{topic}')
            for topic, kind in {
                'occupancy': SemanticOccupancyGrid,
                'points': PointCloud2,
                'odom': Odometry,
            }.items()
        }
        graph.occany(
            cameras=cameras,
            model__checkpoint=str(weights),
            model__image_size=0,
            model__threads=2,
            memory__frames=5,
            qos__image_reliability='reliable',
            sync__max_wait=5.0,
            sync__stale_after=60.0,
            level__camera_height=1.65,
            **parameters,
        )
        self.sets = 0
        graph.wait(
            lambda: all(item.get_subscription_count() for item in self.images),
            'a node that listens',
            PATIENCE_S,
        )

    def see(self, *pictures):
        """Send a set and wait for the grid, the points and the pose it gives."""
        stamp_ns = FIRST_NS + self.sets * STEP_NS
        self.sets += 1
        for publisher, picture in zip(self.images, pictures, strict=True):
            head = convert.header(stamp_ns, 'unknown_optical')
            publisher.publish(convert.image_message(picture, 'rgb8', head))

        def newest():
            found = {
                topic: next(
                    (x for x in messages if convert.stamp_ns_of(x.header.stamp) == stamp_ns), None
                )
                for topic, messages in self.said.items()
            }
            return found if all(found.values()) else None

        return self.graph.wait(newest, f'outputs of set {self.sets}', PATIENCE_S)

    def figure(self, key):
        return self.graph.figure('inference', key)

    def change(self, name, value):
        given = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
        request = [Parameter(name=name, value=given)]
        answer = self.graph.call(SetParameters, '/occany/set_parameters', parameters=request)
        assert answer.results[0].successful, answer.results[0].reason


def check(outputs):
    """Hold outputs to what they promise; gives the number of occupied voxels."""
    grid = convert.grid_from_message(outputs['occupancy'])
    known = grid.labels[grid.labels != 255]
    occupied = int((known > 0).sum())
    assert grid.labels.shape == (200, 200, 24)
    assert known.max() < len(grid.class_names)
    assert 100 < occupied < grid.labels.size
    records = convert.records_from_message(outputs['points'])
    assert len(records) > 1000
    assert all(np.isfinite(records[axis]).all() for axis in 'xyz')
    pose = convert.matrix_from_pose(outputs['odom'].pose.pose)
    assert np.isfinite(pose).all()
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-6)
    return occupied


def test_a_drive_with_and_without_novel_views(graph, shared, full_size_file):
    pictures = frames(shared, 'kitti_08_1390', 5)
    drive = Drive(
        graph, full_size_file, ['front'], model__variant='occany', grid__preset='demo', mode='fast'
    )
    for picture in pictures:
        check(drive.see(picture))
    graph.wait(lambda: drive.figure('outputs') == 5, 'five outputs in the diagnostics')
    assert drive.figure('novel_views') == 0
    assert graph.figure('memory', 'frames') == 5
    values = {item.key: item.value for item in graph.status['inference'].values}
    assert values['weights'] == full_size_file.name
    assert 'non-commercial' in values['licence']

    drive.change('mode', 'balanced')
    check(drive.see(pictures[-1]))
    graph.wait(lambda: drive.figure('outputs') == 6, 'six outputs in the diagnostics')
    assert drive.figure('novel_views') == 5 * 3
    assert drive.figure('failures') == 0
    # The weights of the file are mapped, not copied: 2.3 GB of them are read in these modes.
    assert 2000 < graph.figure('memory', 'rss_peak_mb') < 5000


def test_six_cameras_at_once(graph, shared, full_size_file):
    pictures = frames(shared, 'nuscenes_scene-0039', 6)
    drive = Drive(
        graph, full_size_file, SIX, model__variant='occany', grid__preset='demo', mode='fast'
    )
    check(drive.see(*pictures))
    for name in SIX:
        graph.wait(
            lambda name=name: graph.figure(f'camera {name}', 'sets') == 1, f'a set of {name}'
        )


def test_a_reconstruction_file_asked_for_novel_views_says_so(graph, shared, full_size_recon_file):
    picture = frames(shared, 'kitti_08_1390', 1)[0]
    drive = Drive(
        graph,
        full_size_recon_file,
        ['front'],
        model__variant='occany',
        grid__preset='demo',
        mode='balanced',
    )
    check(drive.see(picture))
    graph.wait(lambda: drive.figure('outputs') == 1, 'an output in the diagnostics')
    assert drive.figure('novel_views') == 0
    assert graph.text('inference')[0] == 1


def test_occany_plus_sees_and_imagines(graph, shared, full_size_plus_files):
    pictures = frames(shared, 'kitti_08_1390', 2)
    drive = Drive(
        graph,
        full_size_plus_files / 'occany_plus_recon.pth',
        ['front'],
        model__variant='occany_plus',
        model__render_checkpoint=str(full_size_plus_files / 'occany_plus_gen.pth'),
        grid__preset='demo',
        confidence__recon=1.0,
        confidence__render=1.0,
        mode='balanced',
    )
    for picture in pictures:
        check(drive.see(picture))
    graph.wait(lambda: drive.figure('outputs') == 2, 'two outputs in the diagnostics')
    assert drive.figure('novel_views') == 2 * 3
    assert drive.figure('failures') == 0
    values = {item.key: item.value for item in graph.status['inference'].values}
    assert values['weights'] == 'occany_plus_recon.pth'
    assert values['render_weights'] == 'occany_plus_gen.pth'
    assert 1000 < graph.figure('memory', 'rss_peak_mb') < 8000
