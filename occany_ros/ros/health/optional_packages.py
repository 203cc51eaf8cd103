"""ROS packages that are used where they are installed, and what stands in for them elsewhere."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

STAND_INS: Final = {
    'tf2_ros': 'our own transform buffer stands in',
    'tf_transformations': 'our own Euler angles stand in',
    'cv_bridge': 'the encodings of our own decoder remain',
    'message_filters': 'our own synchroniser remains',
    'sensor_msgs_py': 'our own readers remain',
    'vision_msgs': '~/grid_info has the class names',
}


def is_installed(name: str) -> bool:
    """Tell whether a package can be found; it is not imported."""
    return find_spec(name) is not None


def packages_text(is_there: Callable[[str], bool] = is_installed) -> str:
    """Tell in one line which optional packages were found."""
    found = [name for name in STAND_INS if is_there(name)]
    missing = [f'{name} ({what})' for name, what in STAND_INS.items() if name not in found]
    text = f'found {", ".join(found) or "none"}'
    return text + (f'; without {", ".join(missing)}' if missing else '')
