"""Message classes without ROS behave as the generated ones, down to the bytes."""

from array import array
import subprocess
import sys

import numpy as np
from occany_ros.bags.message_classes import message_bytes, type_name_of
from occany_ros.bags.messages import image_message, packed, transforms_message
import pytest

WITHOUT_ROS = """
import sys
from occany_ros.bags.message_classes import message_bytes, provide_message_classes
provide_message_classes()
provide_message_classes()
sys.meta_path.insert(0, sys.meta_path.pop())  # ask ours first, as if there were no ROS
from array import array
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import Header
from geometry_msgs.msg import Pose
from occany_ros.msg import SemanticOccupancyGrid
assert PointField.FLOAT32 == 7
assert SemanticOccupancyGrid.UNKNOWN == 255
image = Image(header=Header(frame_id='eye'), width=2, data=array('B', [1, 2]))
image.header.stamp.sec = 5
assert (image.header.stamp.sec, image.height, image.encoding) == (5, 0, '')
assert Image().header is not Image().header
try:
    Image(no_such_field=3)
except TypeError as error:
    assert 'no_such_field' in str(error)
else:
    raise AssertionError
try:
    from sensor_msgs.msg import NoSuchThing
except ImportError:
    pass
else:
    raise AssertionError
cloud = PointCloud2(fields=[PointField(name='x', count=1)])
print(message_bytes(image, 'sensor_msgs/msg/Image').hex())
print(message_bytes(cloud, 'sensor_msgs/msg/PointCloud2').hex())
"""


def test_import_without_ros():
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT_ROS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    image, cloud = done.stdout.split()
    assert bytes.fromhex(image).startswith(b'\x00\x01\x00\x00\x05\x00\x00\x00')
    assert b'x\x00' in bytes.fromhex(cloud)


def test_bytes_are_those_of_rosbags():
    image = image_message(np.arange(24, dtype=np.uint8).reshape(2, 4, 3), 7, 'eye')
    assert message_bytes(image, image.__msgtype__) == packed(image)
    tree = transforms_message({('a', 'b'): np.eye(4)}, 7)
    assert message_bytes(tree, tree.__msgtype__) == packed(tree)


def test_bytes_are_those_of_ros():
    serialization = pytest.importorskip(
        'rclpy.serialization', reason='needs ROS 2: source install/setup.bash'
    )
    from geometry_msgs.msg import PoseStamped
    from nav_msgs.msg import OccupancyGrid, Odometry, Path
    from occany_ros.msg import SemanticOccupancyGrid
    from sensor_msgs.msg import Image, PointCloud2, PointField

    grid = SemanticOccupancyGrid(class_names=['free', 'car'], labels=array('B', [0, 1, 255]))
    grid.header.frame_id = 'base_link'
    odometry = Odometry(child_frame_id='base')
    odometry.pose.covariance[7] = 2.5
    values = [
        grid,
        odometry,
        Image(data=array('B', range(11)), width=3, encoding='rgb8'),
        PointCloud2(fields=[PointField(name='x'), PointField(name='rgb', offset=12)]),
        OccupancyGrid(data=array('b', [-1, 0, 100])),
        Path(poses=[PoseStamped(), PoseStamped()]),
    ]
    for value in values:
        data = message_bytes(value, type_name_of(value))
        assert serialization.deserialize_message(data, type(value)) == value
        # ROS leaves gaps between fields as they happen to be, so only the length can be equal
        assert len(data) == len(serialization.serialize_message(value))
