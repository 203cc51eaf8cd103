"""What a launch file decides before anything runs; loads neither ROS nor a network."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
import math
from pathlib import Path
from typing import Any, Final

from occany_ros.ros.settings.parameter_inputs import full_topic, IMAGE_TYPES
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.plain_yaml import dotted, plain_yaml, read_plain_yaml

TRUE: Final = ('true', '1', 'yes', 'on')
FALSE: Final = ('false', '0', 'no', 'off')


def full_name(base: str, namespace: str, name: str) -> str:
    """
    Name a node in full, as launch does.

    :param base: namespace that a launch file around ours pushed, or empty.
    :param namespace: of the node; it stands alone where it begins with a slash.
    """
    parts = [namespace] if namespace.startswith('/') else [base, namespace]
    words = [word for part in [*parts, name] for word in part.split('/') if word]
    return '/' + '/'.join(words)


def switch(name: str, value: str) -> bool:
    """
    Understand the value of an argument that is yes or no.

    :raises ValueError: it is neither.
    """
    if value.lower() not in (*TRUE, *FALSE):
        raise ValueError(f'{name}: expected true or false, got {value!r}')
    return value.lower() in TRUE


def speed(value: str) -> str:
    """
    Check the value of ``rate``.

    :raises ValueError: it is no number above 0.
    """
    try:
        good = 0 < float(value) < math.inf
    except ValueError:
        good = False
    if not good:
        raise ValueError(f'rate: expected a number above 0, got {value!r}')
    return value


def camera_names(value: str) -> list[str]:
    """
    Read the value of ``cameras``: ``[front, back]``, ``front,back`` or ``front``.

    :raises ValueError: it is no list of names.
    """
    listed = value if value.strip().startswith('[') else f'[{value}]'
    try:
        names = plain_yaml(listed, 'cameras')
    except ValueError:
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ValueError(f'cameras: expected names, e.g. "[front, back]", got {value!r}')
    return names


def named_values(value: str) -> dict[str, Any]:
    """
    Read the value of ``parameters``: ``{sync.slop: 0.1}``, in braces or without.

    :returns: dotted name -> value.
    :raises ValueError: it is no such list.
    """
    listed = value if value.strip().startswith('{') else f'{{{value}}}'
    tree = plain_yaml(listed, 'parameters')
    if not isinstance(tree, dict) or None in tree.values():
        raise ValueError(f'parameters: expected "{{name: value, ...}}", got {value!r}')
    return dotted(tree)


def parameters_of(path: str | Path, node: str) -> dict[str, Any]:
    """
    Read what a parameter file says to one node, flat: dotted name -> value.

    A file without ``ros__parameters`` is taken as the parameters themselves.

    :param node: its full name; as with ``--params-file``, ``*`` in the file stands for one part
        of a name and ``**`` for any number of them. What is said to other nodes is left out.
    :raises ValueError: the file is none, or not of that form; the message names it.
    :raises OSError: the file cannot be read.
    """
    tree = read_plain_yaml(Path(path).expanduser()) or {}
    expected = f'{path}: expected parameters by name, or nodes with ros__parameters'
    if not isinstance(tree, dict):
        raise ValueError(f'{expected}, got {type(tree).__name__}')
    nodes = list(_nodes(tree))
    values: dict[str, Any] = {}
    for pattern, given in nodes or [('/**', tree)]:
        if not isinstance(given, dict):
            raise ValueError(f'{expected}, got {type(given).__name__} below {pattern}')
        if _means(pattern, node):
            values |= dotted(given)
    return values


def other_nodes(path: str | Path, node: str) -> list[str]:
    """
    Name the nodes that a parameter file speaks to, as it spells them; none if it means ours.

    :raises ValueError: as `parameters_of`.
    :raises OSError: the file cannot be read.
    """
    tree = read_plain_yaml(Path(path).expanduser())
    patterns = [pattern for pattern, _ in _nodes(tree)] if isinstance(tree, dict) else []
    return [] if any(_means(pattern, node) for pattern in patterns) else patterns


def _nodes(tree: Mapping[str, Any], prefix: str = '') -> Iterable[tuple[str, Any]]:
    """List the nodes of a parameter file, in its order: pattern of names, its parameters."""
    for name, value in tree.items():
        if name == 'ros__parameters':
            yield prefix or '/**', {} if value is None else value
        elif isinstance(value, dict):
            yield from _nodes(value, f'{prefix}/{str(name).strip("/")}')


def _means(pattern: str, node: str) -> bool:
    """Tell whether a pattern of a parameter file stands for a node."""
    wanted, words = pattern.strip('/').split('/'), node.strip('/').split('/')

    def fits(i: int, k: int) -> bool:
        if i == len(wanted):
            return k == len(words)
        if wanted[i] == '**':
            return any(fits(i + 1, j) for j in range(k, len(words) + 1))
        return k < len(words) and fnmatchcase(words[k], wanted[i]) and fits(i + 1, k + 1)

    return fits(0, 0)


def only_cameras(values: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Take these cameras, and leave out what is said about the others that were listed."""
    dropped = set(values.get('cameras', ())) - set(wanted)
    kept = {name: value for name, value in values.items() if name.split('.')[0] not in dropped}
    return {**kept, 'cameras': wanted}


def preset_file(share: Path, preset: str) -> Path:
    """
    Find the file of a preset.

    :param share: share directory of the package.
    :raises ValueError: there is none of that name; the message lists those there are.
    """
    path = share / 'config' / f'{preset}.yaml'
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob('*.yaml'))
        near = get_close_matches(preset, known, 1)
        hint = f'; did you mean {near[0]}?' if near else ''
        raise ValueError(f'preset: expected one of {", ".join(known)}, got {preset!r}{hint}')
    return path


def misspelt(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Say which arguments nobody reads although they look like ones of ours."""
    names = list(known)
    near = {name: get_close_matches(name, names, 1, 0.75) for name in given if name not in names}
    return [
        f'the argument {name} is unknown; did you mean {found[0]}?'
        for name, found in near.items()
        if found
    ]


def recording(path: str) -> Path:
    """
    Check the value of ``bag``.

    :raises ValueError: there is nothing.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise ValueError(f'bag: expected a recording or a folder of images, got {path}, which '
                         'does not exist')  # fmt: skip
    return place


def image_topics(parameters: Parameters, bag: Path, node: str) -> list[str]:
    """
    Name the topics of a recording that the node will listen to.

    :param node: full name of the node; topics without a slash lie in its namespace.
    :returns: one for each camera that is in it; none where a recording does not say what it has.
    :raises ValueError: it has images, but of no camera of the node.
    """
    images = _recorded_images(bag / 'metadata.yaml')
    wanted = [
        [full_topic(topic, node) for topic in camera.image_topics] for camera in parameters.camera
    ]
    found = [_recorded(names, images) for names in wanted]
    if images and not any(found):
        first = ' or '.join(names[0] for names in wanted)
        raise ValueError(
            f'bag: expected images on {first}, got a recording of {", ".join(sorted(images))}; '
            'choose another preset, or set <camera>.image_topic'
        )
    return [topic for topic in found if topic]


def _recorded_images(about: Path) -> set[str]:
    """Name the image topics a description tells of; none where it is damaged or missing."""
    try:
        content = read_plain_yaml(about)['rosbag2_bagfile_information']
        topics = [entry['topic_metadata'] for entry in content['topics_with_message_count']]
        return {str(topic['name']) for topic in topics if topic['type'] in IMAGE_TYPES}
    except (OSError, ValueError, LookupError, TypeError):
        return set()  # the player reads the recording itself, and says what is wrong with it


def _recorded(names: list[str], images: set[str]) -> str:
    """Choose the first of a camera's topics that was recorded, raw before compressed."""
    candidates = [*names, *(f'{name}/compressed' for name in names)]
    return next((topic for topic in candidates if topic in images), '')
