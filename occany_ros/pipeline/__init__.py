"""From stamped images to occupancy and ego motion, without ROS."""
