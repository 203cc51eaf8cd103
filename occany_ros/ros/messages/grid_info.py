"""What a grid is: sizes, classes, colours and the network behind it, for ``~/grid_info``."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
import json
from typing import Any, Final

from occany_ros.occupancy.grid import FREE, UNKNOWN
from occany_ros.ros.messages.outputs import traversable
from occany_ros.ros.settings.class_choice import label_rules
from occany_ros.ros.settings.grids import grid_spec
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.classes import ClassSet

_LABEL_PACKAGE: Final = 'vision_msgs'


def grid_info(
    parameters: Parameters, classes: ClassSet, model: Mapping[str, str], frame_id: str = ''
) -> dict[str, Any]:
    """
    Describe the grid and the network.

    With it ``~/voxels`` gives the dense grid back.

    :param model: variant, weights, sha256 of the weights, licence and where labels come from.
    :param frame_id: frame the grid hangs on; empty for the one the parameters ask for.
    """
    spec = grid_spec(parameters)
    return {
        'frame': frame_id or parameters.grid.frame or parameters.base_frame,
        'size': list(spec.shape),
        'resolution': spec.resolution,
        'origin': list(spec.origin),
        'order': 'x fastest: index = x + size_x * (y + size_y * z)',
        'free': FREE,
        'unknown': UNKNOWN,
        'class_set': classes.name,
        'classes': list(classes.grid_names),
        'colors': classes.grid_colours.tolist(),
        'palette': parameters.palette,
        'traversable': list(traversable(classes, parameters.semantics.traversable)),
        'dynamic': list(classes.grid_labels(label_rules(parameters, classes).moving_in(classes))),
        'model': dict(model),
    }


def grid_info_text(info: Mapping[str, Any]) -> str:
    """Write `grid_info` as JSON."""
    return json.dumps(info, separators=(',', ':'))


def label_info_type() -> Any:
    """Look ``vision_msgs/LabelInfo`` up; None where vision_msgs is not installed."""
    if find_spec(_LABEL_PACKAGE) is None:
        return None
    return import_module(f'{_LABEL_PACKAGE}.msg').LabelInfo


def label_info(kind: Any, names: Sequence[str], frame_id: str) -> Any:
    """
    Name the labels of grid, clouds and pictures, for ``~/label_info``.

    It holds for all times, so its stamp is zero. 255 is not in it: vision_msgs too calls that
    unlabelled.

    :param kind: from `label_info_type`.
    :param names: index = label.
    """
    entry = import_module(f'{_LABEL_PACKAGE}.msg').VisionClass
    message = kind(threshold=0.0)
    message.header.frame_id = frame_id
    message.class_map = [
        entry(class_id=label, class_name=name) for label, name in enumerate(names)
    ]
    return message
