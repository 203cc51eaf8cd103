"""Why nothing comes out: causes and remedies, from facts; knows no ROS."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from occany_ros.ros.settings.parameter_inputs import IMAGE_TYPES

_NOTABLE_S: Final = 1.0
"""A set that takes less is no news."""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """
    What was seen of one camera.

    :param name: the camera.
    :param topics: topics that were looked for, with the types their publishers send.
    :param subscribed: the topic that is subscribed to, empty while there is none.
    :param transport: its parameter.
    :param received: images so far.
    :param is_refused: its publisher's quality of service does not match.
    :param zero_stamps: images without a stamp.
    :param undecodable: images that could not be decoded.
    :param last_error: of decoding.
    :param silent_s: time since its last image, 0 before the first.
    """

    name: str
    topics: tuple[tuple[str, tuple[str, ...]], ...] = ()
    subscribed: str = ''
    transport: str = 'auto'
    received: int = 0
    is_refused: bool = False
    zero_stamps: int = 0
    undecodable: int = 0
    last_error: str = ''
    silent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What was seen of the node.

    :param problem: why it could not be configured, empty where it could.
    :param state: of the life cycle.
    :param is_paused: by the service.
    :param clock_stands: whether ``use_sim_time`` is set and ``/clock`` does not tick.
    :param cameras: each of them.
    :param image_topics: image topics there are in the graph.
    :param sets: sets that were handed to the worker.
    :param too_few: images that waited in vain for enough cameras.
    :param min_cameras: the parameter.
    :param slop_s: the parameter, seconds.
    :param policy: the parameter.
    :param busy_s: how long the worker has been at the present set, 0 while it is idle.
    :param patience_s: after this long, silence is worth a word, seconds.
    :param failures: sets that failed.
    :param last_failure: what the last one said.
    """

    problem: str = ''
    state: str = 'active'
    is_paused: bool = False
    clock_stands: bool = False
    cameras: tuple[CameraFacts, ...] = ()
    image_topics: tuple[str, ...] = ()
    sets: int = 0
    too_few: int = 0
    min_cameras: int = 1
    slop_s: float = 0.05
    policy: str = 'deadline'
    busy_s: float = 0.0
    patience_s: float = 10.0
    failures: int = 0
    last_failure: str = ''


def causes(facts: Facts) -> tuple[str, ...]:
    """
    Explain silence, the likeliest cause first; every sentence names the remedy.

    :returns: at least one sentence.
    """
    found = [*_of_the_node(facts)]
    if not (facts.problem or facts.is_paused or facts.state != 'active'):
        found += [text for camera in facts.cameras for text in _of_a_camera(camera, facts)]
        found += _of_the_sets(facts)
    return tuple(found) or (
        'nothing is wrong that could be seen; call the service ~/status for the figures',
    )


def _of_the_node(facts: Facts) -> Iterator[str]:
    if facts.problem:
        yield facts.problem
    elif facts.state != 'active':
        yield (
            f'the node is {facts.state}; activate it with ros2 lifecycle set, '
            'or start it with autostart'
        )
    if facts.is_paused:
        yield 'the node is paused; call the service ~/pause with data: false'
    if facts.clock_stands:
        yield (
            'use_sim_time is true but /clock does not tick; play the bag with --clock, '
            'start the simulator, or set use_sim_time to false'
        )


def _of_a_camera(camera: CameraFacts, facts: Facts) -> Iterator[str]:
    start = f'camera {camera.name}: '
    if camera.received == 0:
        yield start + _why_never(camera, facts)
    elif camera.is_refused and camera.silent_s > facts.patience_s:
        yield start + _why_refused(camera)
    elif camera.silent_s > facts.patience_s:
        yield f'{start}silent for {camera.silent_s:.0f} s; check the driver, or play the bag again'
    elif camera.undecodable >= camera.received:
        yield f'{start}no image could be decoded: {camera.last_error}'


def _of_the_sets(facts: Facts) -> Iterator[str]:
    speaking = [camera for camera in facts.cameras if camera.received]
    if facts.failures:
        yield f'{facts.failures} of {facts.sets} sets failed: {facts.last_failure}'
    elif facts.busy_s >= _NOTABLE_S:
        yield (
            f'the network has been at one set for {facts.busy_s:.0f} s; wait, take a smaller '
            'model.variant or a faster model.device'
        )
    elif facts.sets == 0 and 0 < len(speaking) < facts.min_cameras:
        yield (
            f'{len(speaking)} of {len(facts.cameras)} cameras speak, sync.min_cameras asks for '
            f'{facts.min_cameras}; start the others or lower it'
        )
    elif facts.sets == 0 and speaking and facts.too_few:
        yield (
            f'stamps of different cameras are never within sync.slop = {facts.slop_s:g} s; '
            'synchronise the clocks of the drivers, or raise sync.slop'
        )
    if facts.policy != 'deadline':
        yield from _of_the_policy(facts, speaking)
    blank = [camera.name for camera in speaking if camera.zero_stamps >= camera.received]
    if blank:
        yield (
            f'images of {", ".join(blank)} have no stamp, the time of receipt stands in; '
            'let the driver fill header.stamp'
        )


def _of_the_policy(facts: Facts, speaking: list[CameraFacts]) -> Iterator[str]:
    """Tell what message_filters cannot do without."""
    quiet = [
        camera.name
        for camera in facts.cameras
        if not camera.received or camera.silent_s > facts.patience_s
    ]
    start = f'sync.policy {facts.policy} '
    if quiet:
        yield (
            f'{start}makes no set without {", ".join(quiet)}; start them, or set sync.policy to '
            'deadline, which goes on with the others'
        )
    elif not facts.sets and len(speaking) > 1:
        need = 'equal' if facts.policy == 'exact_time' else f'within {facts.slop_s:g} s'
        yield (
            f'{start}found no set: the stamps of all cameras are never {need}; synchronise their '
            'drivers, raise sync.slop with approximate_time, or set sync.policy to deadline'
        )


def _why_never(camera: CameraFacts, facts: Facts) -> str:
    published = {kind for _, kinds in camera.topics for kind in kinds}
    names = ', '.join(topic for topic, _ in camera.topics if not topic.endswith('/compressed'))
    sent = f'{names} is published as {", ".join(sorted(published))}'
    if camera.is_refused:
        return _why_refused(camera)
    if not published:
        return f'nobody publishes {names}; {_remedy(camera, facts)}'
    if not published & set(IMAGE_TYPES):
        return f'{sent}, not as an image; set {camera.name}.image_topic to an image topic'
    if not camera.subscribed or not _sends_wanted(camera, published):
        return f'{sent}, but {camera.name}.transport is {camera.transport}; set it to auto'
    return (
        f'{camera.subscribed} has a publisher but sent no image; check the driver, and the DDS '
        'settings for large messages (config/fastdds.xml)'
    )


def _why_refused(camera: CameraFacts) -> str:
    return (
        f'the publisher of {camera.subscribed} is not reliable and qos.image_reliability asks for '
        'it; set it to best_effort'
    )


def _sends_wanted(camera: CameraFacts, published: set[str]) -> bool:
    wanted = {'raw': {IMAGE_TYPES[0]}, 'compressed': {IMAGE_TYPES[1]}}
    return bool(published & wanted.get(camera.transport, set(IMAGE_TYPES)))


def _remedy(camera: CameraFacts, facts: Facts) -> str:
    if not facts.image_topics:
        return (
            'there are no image topics at all: start the driver or the bag, or check ROS_DOMAIN_ID'
        )
    asked = camera.topics[0][0] if camera.topics else ''
    near = get_close_matches(asked, facts.image_topics, 1, 0.3)
    hint = f'to {near[0]}, for example' if near else f'to one of {", ".join(facts.image_topics)}'
    return f'set {camera.name}.image_topic {hint}, or start the driver'
