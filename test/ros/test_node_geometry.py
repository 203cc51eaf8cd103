"""Mounting, mask, level, scale and the grid's frame over the node, with real transforms."""

from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from node_harness import LATCHED
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage


def fixed(graph, parent, child, *, x=0.0, z=0.0):
    """Publish a static transform from the tests' node."""
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.transform.translation.x, message.transform.translation.z = x, z
    message.transform.rotation.w = 1.0
    publisher = graph.node.create_publisher(TFMessage, '/tf_static', LATCHED)
    publisher.publish(TFMessage(transforms=[message]))


def values(graph, status='tf'):
    entry = graph.status.get(status)
    return {item.key: item.value for item in entry.values} if entry else {}


def test_mask_mounting_and_the_grids_frame(graph, tmp_path):
    import cv2

    mask = np.zeros((32, 64), np.uint8)
    mask[:, :32] = 255
    assert cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    fixed(graph, 'base_link', 'base_footprint', x=-0.5, z=-0.25)
    graph.cameras(tf=False, odom=True)
    graph.occany(
        front__mask_file=str(tmp_path / 'mask.png'),
        front__mounting='0.5 0 1.6 0 0 0',
        grid__frame='base_footprint',
        level__mode='ground_plane',
        scale__source='odom',
        confidence__recon=1.0,
    )
    said = {
        name: graph.subscribe(kind, f'/occany/{name}', *qos)
        for name, kind, *qos in (
            ('occupancy', SemanticOccupancyGrid),
            ('points', PointCloud2),
            ('obstacles', PointCloud2),
            ('odom', Odometry),
            ('front/depth', Image),
            ('front/semantic', Image),
            ('costmap', OccupancyGrid, LATCHED),
            ('grid_info', String, LATCHED),
        )
    }
    graph.wait(lambda: all(said.values()), 'a message on every topic')
    hung = 'base_footprint'
    frames = {'occupancy': hung, 'points': hung, 'obstacles': 'base_link', 'costmap': 'odom'}

    def is_hung():
        return {name: said[name][-1].header.frame_id for name in frames} == frames

    graph.wait(is_hung, 'everything in its frame')
    assert said['odom'][-1].child_frame_id == 'base_link'
    late = graph.subscribe(String, '/occany/grid_info', LATCHED)
    graph.wait(lambda: late and '"frame":"base_footprint"' in late[-1].data, 'grid_info')
    depth = np.frombuffer(said['front/depth'][-1].data, np.float32).reshape(64, -1)
    labels = np.frombuffer(said['front/semantic'][-1].data, np.uint8).reshape(64, -1)
    right = depth.shape[1] // 2 + 1
    assert np.isnan(depth[:, right:]).all()
    assert (labels[:, right:] == 255).all()
    assert np.isfinite(depth[:, : right - 2]).any()
    points = convert.records_from_message(said['points'][-1])
    assert (points['y'] > -0.3).all()

    def is_told():
        known = {'grid_frame': hung, 'external_odometry': 'odom <- base_link'}
        return known.items() <= values(graph).items() and 'moved less' in graph.text('tf')[1]

    graph.wait(is_told, 'the tf status, and why there is no scale')
    told = values(graph)
    assert told['extrinsics front'] == 'mounting'
    assert (told['level.mode'], told['scale.source']) == ('ground_plane', 'odom')
    assert float(told['scale']) == 1.0  # the odometry says that the robot stands
    assert any(key.startswith('scale_refused') for key in told)


def test_without_its_transform_the_grid_hangs_on_the_base_frame_until_it_comes(graph):
    graph.cameras()
    graph.occany(
        grid__frame='base_footprint',
        scale__source='camera_height',
        level__mode='none',
        confidence__recon=1.0,
    )
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    info = graph.subscribe(String, '/occany/grid_info', LATCHED)
    graph.wait(lambda: grids and 'hangs on base_link' in graph.text('tf')[1], 'the explanation')
    assert grids[-1].header.frame_id == 'base_link'
    graph.wait(lambda: info and '"frame":"base_link"' in info[-1].data, 'grid_info in base_link')

    def is_told():
        known = {'level': 'axis swap', 'extrinsics front': 'tf'}
        return known.items() <= values(graph).items() and 'no ground plane' in graph.text('tf')[1]

    graph.wait(is_told, 'the mounting, and why there is no scale')
    told = values(graph)
    assert told['scale_in_use'] == 'model'  # grey pictures show no road
    fixed(graph, 'base_link', 'base_footprint', z=-0.25)
    graph.wait(lambda: grids[-1].header.frame_id == 'base_footprint', 'the other frame')
    graph.wait(lambda: '"frame":"base_footprint"' in info[-1].data, 'grid_info in it')
    graph.wait(lambda: 'hangs on' not in graph.text('tf')[1], 'an end of the warning')


def test_a_wrong_mask_is_told_at_the_start(graph, tmp_path):
    (tmp_path / 'mask.png').write_bytes(b'no picture at all')
    graph.occany(front__mask_file=str(tmp_path / 'mask.png'))
    graph.wait(lambda: 'front.mask_file' in graph.text('output')[1], 'the error in /diagnostics')
    assert 'front.mask_file: expected' in graph.processes[-1].text


def test_a_mask_of_another_shape_drops_the_images_and_says_why(graph, tmp_path):
    import cv2

    assert cv2.imwrite(str(tmp_path / 'mask.png'), np.full((50, 50), 255, np.uint8))
    graph.cameras()
    graph.occany(front__mask_file=str(tmp_path / 'mask.png'))
    graph.wait(
        lambda: 'expected the shape of the images, 128x64' in graph.text('camera front')[1],
        'the explanation',
    )
