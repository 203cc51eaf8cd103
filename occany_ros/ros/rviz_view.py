"""Fitting an RViz file to a node: its name, its frames, its voxels and its cameras."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Final

from occany_ros.ros.settings.grids import grid_spec
from occany_ros.ros.settings.parameters import Parameters

OWN_NODE: Final = '/occany'
"""Name of the node that the files in ``config/`` show."""
OWN_CAMERA: Final = 'front'
"""Camera whose image tiles stand for those of every camera in these files."""
GAP: Final = 0.001
"""What boxes are smaller than voxels, metres: faces that coincide flicker."""


def fitted_view(view: Mapping[str, Any], parameters: Parameters, node: str) -> dict[str, Any]:
    """
    Make an RViz file show another node.

    Topics get the node's name, boxes the size of its voxels, the robot's frame is that of the
    node, and each image tile of the camera ``front`` becomes one for every camera: shown for the
    first camera, or where it tells of classes.

    :param view: content of a file in ``config/``.
    :param parameters: of the node.
    :param node: its full name, e.g. ``/robot/occany``.
    """
    result: dict[str, Any] = deepcopy(dict(view))
    manager = result['Visualization Manager']
    edge = grid_spec(parameters).resolution - GAP
    displays = list(_every_camera(manager['Displays'], parameters.cameras))
    for display in displays:
        for topic in (display.get('Topic'), display.get('Update Topic')):
            if topic is not None:
                topic['Value'] = node + topic['Value'].removeprefix(OWN_NODE)
        if display.get('Style') == 'Boxes':
            display['Size (m)'] = round(edge, 6)
    manager['Displays'] = displays
    manager['Global Options']['Fixed Frame'] = parameters.base_frame
    manager['Views']['Current']['Target Frame'] = parameters.base_frame
    return result


def _every_camera(
    displays: Iterable[dict[str, Any]], cameras: tuple[str, ...]
) -> Iterable[dict[str, Any]]:
    """Repeat the displays of one camera for all of them, tile by tile."""
    own = f'{OWN_NODE}/{OWN_CAMERA}/'
    for display in displays:
        value = display.get('Topic', {}).get('Value', '')
        if not value.startswith(own):
            yield display
            continue
        for camera in cameras:
            tile = deepcopy(display)
            tile['Topic']['Value'] = f'{OWN_NODE}/{camera}/{value.removeprefix(own)}'
            tile['Name'] = f'{camera} {display["Name"].removeprefix(OWN_CAMERA).strip()}'
            shown = camera == cameras[0] or value.endswith('/semantic_color')
            tile['Enabled'] = tile['Value'] = shown and display['Enabled']
            yield tile
