"""Which topics of a recording are cameras."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from occany_ros.bags.recording import Topic

IMAGE_TYPES: Final = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
GENERIC_NAMES: Final = frozenset(
    {'', 'camera', 'cameras', 'sensing', 'sensors', 'compressed'}
    | {f'image{suffix}' for suffix in ('', '_raw', '_rect', '_color', '_rect_color', '_mono')}
    | {'image_rect_compressed', 'image_raw_compressed', 'image_compressed'}
)


@dataclass(frozen=True, slots=True)
class CameraTopics:
    """
    One camera.

    :param name: what it is called.
    :param image: topic of its images.
    :param type_name: their type, ``sensor_msgs/msg/Image`` or ``…/CompressedImage``.
    :param info: topic of its calibration, or empty.
    """

    name: str
    image: str
    type_name: str
    info: str


def camera_topics(
    topics: Mapping[str, Topic], *, leave_out: str = '/occany/'
) -> tuple[CameraTopics, ...]:
    """
    Find the cameras of a bag.

    A camera is called by the part of its topic that sets it apart: ``/camera/front/image_raw`` is
    ``front``. Of a raw and a compressed topic of the same camera the raw one is taken.

    :param leave_out: beginning of the topics that are output, not cameras.
    :returns: front ones first, and within each left before middle before right.
    """
    found: dict[str, CameraTopics] = {}
    for topic in sorted(topics.values(), key=lambda topic: topic.type_name):
        if topic.type_name not in IMAGE_TYPES or topic.name.startswith(leave_out):
            continue
        parts = [part for part in topic.name.split('/') if part not in GENERIC_NAMES]
        name = '_'.join(parts) or 'camera'
        info = info_beside(topic.name)
        found[name] = CameraTopics(
            name, topic.name, topic.type_name, info if info in topics else ''
        )
    return tuple(sorted(found.values(), key=lambda camera: _viewing_order(camera.name)))


def info_beside(image: str) -> str:
    """Name the CameraInfo topic that goes with an image topic."""
    return f'{image.removesuffix("/compressed").rpartition("/")[0]}/camera_info'


def camera_parameters(cameras: tuple[CameraTopics, ...]) -> dict[str, str | list[str]]:
    """Write the parameters under which the node finds these cameras; one ahead is the first."""
    names = sorted((camera.name for camera in cameras), key=_importance)
    values: dict[str, str | list[str]] = {'cameras': names}
    for camera in cameras:
        values[f'{camera.name}.image_topic'] = camera.image
        if camera.info:
            values[f'{camera.name}.info_topic'] = camera.info
    return values


def _importance(name: str) -> tuple[int, int]:
    """Sort key: the camera that looks straight ahead is the reference, so it comes first."""
    back, side, _ = _viewing_order(name)
    return back, abs(side - 1)


def _viewing_order(name: str) -> tuple[int, int, str]:
    """Sort key: front before back, and within each left, middle, right."""
    name = name.lower()
    back = 'back' in name or 'rear' in name
    side = 0 if 'left' in name else 2 if 'right' in name else 1
    return int(back), side, name
