"""Message classes for the tools that need them where ROS is not installed."""

from occany_ros.bags.message_classes import provide_message_classes

provide_message_classes()
