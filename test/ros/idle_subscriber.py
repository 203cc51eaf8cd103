"""A program that subscribes to everything the node sends and never reads: it hangs."""

import sys
import time

from nav_msgs.msg import Path
from occany_ros.msg import SemanticOccupancyGrid
import rclpy
from sensor_msgs.msg import PointCloud2

TOPICS = {
    'occupancy': SemanticOccupancyGrid,
    'voxels': PointCloud2,
    'points': PointCloud2,
    'path': Path,
}


def main():
    rclpy.init()
    node = rclpy.create_node('idle')
    for name, kind in TOPICS.items():
        node.create_subscription(kind, f'/occany/{name}', print, 10)
    sys.stdout.write('subscribed\n')
    sys.stdout.flush()
    time.sleep(600)


if __name__ == '__main__':
    main()
