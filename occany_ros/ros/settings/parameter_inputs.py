"""Groups of parameters about what comes in: cameras, synchronisation, transforms."""

from dataclasses import dataclass
import re
from typing import Final

from occany_ros.ros.settings.mounting import mounting_from_text
from occany_ros.ros.settings.setting import ParameterError, setting

_TOPIC: Final = re.compile(r'(~?/)?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')
LONGEST_TOPIC: Final = 200
"""Signs of a topic's name; ROS takes some 50 more, among them those that are put behind it."""
IMAGE_TYPES: Final = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
"""Messages of ``transport`` raw and compressed."""


def full_topic(topic: str, node: str) -> str:
    """
    Name a topic in full, as ROS does.

    :param topic: one without a slash in front lies in the node's namespace, ``~`` is the node.
    :param node: its full name.
    """
    if topic.startswith('/'):
        return topic
    if topic.startswith('~/'):
        return f'{node}{topic[1:]}'
    return f'{node.rpartition("/")[0]}/{topic}'


def topic_problem(topic: str, name: str) -> str:
    """
    Say why ROS would refuse the name of a topic; empty where it would not.

    :param name: of the parameter, for the message.
    """
    if len(topic) <= LONGEST_TOPIC and _TOPIC.fullmatch(topic):
        return ''
    shown = topic if len(topic) <= LONGEST_TOPIC else f'{topic[:LONGEST_TOPIC]}...'
    return (
        f'{name}: expected a topic such as /camera/front/image_raw, words of letters, digits and '
        f'_ that begin with no digit, {LONGEST_TOPIC} signs at most, got {shown!r}'
    )


@dataclass(frozen=True, slots=True)
class CameraParameters:
    """One camera; its parameters are named after it, e.g. ``front.image_topic``."""

    name: str
    image_topic: str = setting(
        '',
        'Topic of the images; several separated by | are tried in turn, the first one that is '
        'published is taken; empty means /camera/<name>/image_raw',
    )
    info_topic: str = setting(
        '', 'Topic of the CameraInfo; empty means camera_info beside the image topic'
    )
    transport: str = setting(
        'auto',
        'Type of the image messages; auto asks the graph',
        choices=('auto', 'raw', 'compressed'),
    )
    frame_id: str = setting(
        '', 'Optical frame; empty takes it from the images, or else CameraInfo'
    )
    rotate: int = setting(
        0,
        'Turns the images clockwise before use, for cameras not mounted upright',
        unit='deg',
        choices=(0, 90, 180, 270),
    )
    mask_file: str = setting(
        '',
        'PNG or JPEG of the shape of the images as delivered: where it is black they are not '
        'used, e.g. the bonnet; empty uses all of them',
    )
    mounting: str = setting(
        '',
        "Where the camera sits on base_frame, 'x y z roll pitch yaw' in metres and radians as in "
        'URDF, looking along its x axis; it goes before /tf, empty asks /tf',
    )

    def __post_init__(self) -> None:
        """
        Check what a type cannot.

        :raises ParameterError: a topic has a name that ROS refuses, or ``mounting`` is not six
            numbers.
        """
        found = [topic_problem(topic, f'{self.name}.image_topic') for topic in self._own_topics]
        if self.info_topic:
            found.append(topic_problem(self.info_topic, f'{self.name}.info_topic'))
        try:
            if self.mounting:
                mounting_from_text(self.mounting, f'{self.name}.mounting')
        except ValueError as error:
            found.append(str(error))
        if any(found):
            raise ParameterError(filter(None, found))

    @property
    def image_topics(self) -> tuple[str, ...]:
        """Image topics to try, in order."""
        return self._own_topics or (f'/camera/{self.name}/image_raw',)

    @property
    def _own_topics(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.image_topic.split('|') if name.strip())


@dataclass(frozen=True, slots=True)
class QosParameters:
    """Quality of service of the topics."""

    image_reliability: str = setting(
        'best_effort',
        'Reliability asked of the image publishers; best_effort matches all of them',
        choices=('best_effort', 'reliable'),
    )
    image_depth: int = setting(2, 'Images kept per camera while the node is busy', limits=(1, 100))
    output_reliability: str = setting(
        'reliable', 'Reliability of the outputs', choices=('best_effort', 'reliable')
    )


@dataclass(frozen=True, slots=True)
class SyncParameters:
    """How images of several cameras become a set."""

    policy: str = setting(
        'deadline',
        'Rule that makes sets; deadline is our own, the other two are those of message_filters, '
        'which must be installed and whose sets always hold every camera',
        choices=('deadline', 'exact_time', 'approximate_time'),
    )
    slop: float = setting(
        0.05, 'Largest difference of stamps in a set', unit='s', limits=(0.0, 10.0), runtime=True
    )
    min_cameras: int = setting(1, 'Fewest cameras in a set', limits=(1, 64), runtime=True)
    max_wait: float = setting(
        0.10,
        'Longest wait for the missing cameras of a set; longer for a recording that is played '
        'slower than it was made',
        unit='s',
        limits=(0.0, 10.0),
        runtime=True,
    )
    stale_after: float = setting(
        1.0,
        'A camera is not waited for once the stamps of the others are this much further on than '
        'when it spoke last',
        unit='s',
        limits=(0.01, 60.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class TransformParameters:
    """Reading /tf."""

    timeout: float = setting(
        0.05, 'Longest wait for a transform', unit='s', limits=(0.0, 10.0), runtime=True
    )
