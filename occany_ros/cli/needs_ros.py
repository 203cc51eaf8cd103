"""A clear word where a subcommand needs ROS and there is none."""

from importlib.util import find_spec


def require_ros() -> None:
    """
    Check that ROS can be imported.

    :raises LookupError: it cannot; the message says what to do.
    """
    missing = [name for name in ('rclpy', 'occany_ros.msg') if find_spec(name) is None]
    if missing:
        raise LookupError(
            f'this needs ROS 2, and Python finds no {" and no ".join(missing)}: '
            'run `make setup` and `source install/setup.bash` first'
        )
