"""`~/markers`: where the cameras look, how far the grid reaches, which colour means what."""

from typing import Any, Final

from geometry_msgs.msg import Point
import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec, upper_corner
from occany_ros.pipeline.occupancy_update import CameraView
from occany_ros.ros.messages.scene import Scene
from occany_ros.semantics.classes import ClassSet
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

FRUSTUM_DEPTH: Final = 2.0
"""How far from its camera a frustum ends, metres."""
_LINE: Final = 0.03
_LETTER: Final = 0.8
_WHITE: Final = ColorRGBA(r=1.0, g=1.0, b=1.0, a=0.8)
_CORNERS: Final = ((0, 0), (1, 0), (1, 1), (0, 1))
_BOX_EDGES: Final = tuple(
    (a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b) in (1, 2, 4)
)


def markers(scene: Scene) -> MarkerArray:
    """Frusta of the newest cameras, the edges of the grid, and a legend beside it; no voxels."""
    occupancy = scene.occupancy
    spec = occupancy.grid.spec
    grid_from_base = occupancy.grid_from_base
    poses = [
        view.base_from_camera if grid_from_base is None else grid_from_base @ view.base_from_camera
        for view in occupancy.views
    ]
    shapes = [_frustum(*both) for both in zip(occupancy.views, poses, strict=True)]
    lines = [_lines(scene, 'cameras', index, ends) for index, ends in enumerate(shapes)]
    names = [
        _text(scene, 'camera names', index, view.name, poses[index][:3, 3], _WHITE)
        for index, view in enumerate(occupancy.views)
    ]
    bounds = _lines(scene, 'grid', 0, _box(spec))
    return MarkerArray(markers=[*lines, *names, bounds, *_legend(scene, spec, scene.classes)])


def _frustum(view: CameraView, grid_from_camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """List the ends of the edges of what a camera sees, grid frame, (2 n, 3)."""
    height, width = view.image.shape[:2]
    reach = FRUSTUM_DEPTH / max(view.focal, 1.0)
    corners = np.array(
        [
            ((u - 0.5) * width * reach, (v - 0.5) * height * reach, FRUSTUM_DEPTH)
            for u, v in _CORNERS
        ]
    )
    rotation, centre = grid_from_camera[:3, :3], grid_from_camera[:3, 3]
    outer = corners @ rotation.T + centre
    return np.concatenate(
        [np.stack((centre, corner)) for corner in outer]
        + [np.stack((outer[i], outer[(i + 1) % 4])) for i in range(4)]
    )


def _box(spec: GridSpec) -> NDArray[np.float64]:
    """List the ends of the twelve edges of a grid, (24, 3)."""
    low, high = np.array(spec.origin), upper_corner(spec)
    corners = np.array([[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)])
    return corners[np.array(_BOX_EDGES).ravel()]


def _legend(scene: Scene, spec: GridSpec, classes: ClassSet) -> list[Any]:
    """Write the names of the classes in their colours, in a column beside the grid."""
    corner = upper_corner(spec)
    place = np.array((corner[0], spec.origin[1], spec.origin[2]))
    step = np.array((-1.2 * _LETTER, 0.0, 0.0))
    shown = list(zip(classes.grid_names, classes.grid_colours, strict=True))[1:]
    return [
        _text(scene, 'legend', index, name, place + index * step, _colour(rgb))
        for index, (name, rgb) in enumerate(shown)
    ]


def _colour(rgb: NDArray[np.uint8]) -> ColorRGBA:
    red, green, blue = (float(value) / 255 for value in rgb)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)


def _marker(scene: Scene, group: str, index: int, kind: int) -> Marker:
    marker = Marker(header=scene.head(), ns=group, id=index, type=kind, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.color = _WHITE
    return marker


def _lines(scene: Scene, group: str, index: int, ends: NDArray[np.float64]) -> Marker:
    marker = _marker(scene, group, index, Marker.LINE_LIST)
    marker.scale.x = _LINE
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in ends.tolist()]
    return marker


def _text(
    scene: Scene, group: str, index: int, text: str, place: NDArray[np.float64], colour: ColorRGBA
) -> Marker:
    marker = _marker(scene, group, index, Marker.TEXT_VIEW_FACING)
    marker.scale.z = _LETTER if group == 'legend' else _LETTER / 2
    position = marker.pose.position
    position.x, position.y, position.z = place.tolist()
    marker.text, marker.color = text, colour
    return marker
