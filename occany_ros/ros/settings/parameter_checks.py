"""Parameters from what somebody set: unknown names, wrong types and ranges are refused."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
import math
import re
from typing import Any, Final

from occany_ros.ros.settings.class_choice import check_class_names
from occany_ros.ros.settings.parameter_inputs import CameraParameters
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import (
    built,
    ParameterError,
    problems_of,
    Setting,
    settings_of,
    unknown_name,
)

OF_EVERY_NODE: Final = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')
"""Beginnings of the names that every ROS node declares by itself."""
MOST_VOXELS: Final = 32_000_000
"""Voxels of a grid at most: some arrays of this size are needed at once."""
_NAME: Final = re.compile(r'[A-Za-z][A-Za-z0-9_]*')


def own_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what every ROS node declares by itself, such as ``use_sim_time``."""
    return {name: value for name, value in values.items() if not name.startswith(OF_EVERY_NODE)}


def node_settings() -> dict[str, Setting]:
    """Every parameter but the cameras', by name."""
    return settings_of(Parameters)


def camera_settings(name: str) -> dict[str, Setting]:
    """Every parameter of one camera, by name."""
    return settings_of(CameraParameters, f'{name}.')


def parameters_from(values: Mapping[str, Any]) -> Parameters:
    """
    Check what somebody set, and fill in the rest.

    :param values: dotted name -> value.
    :raises ParameterError: unknown names, with the nearest known one; wrong types; values out of
        range; or, where there is nothing of that, values that do not fit together. All problems
        are in the one message.
    :raises ValueError: ``cameras`` is no list of names.
    """
    known = node_settings()
    names = known['cameras'].checked(values.get('cameras', known['cameras'].default))
    problems = _camera_problems(names, known)
    for name in names:
        known |= camera_settings(name)
    checked = {}
    for name, value in values.items():
        if name not in known:
            problems.append(unknown_name(name, known))
            continue
        try:
            checked[name] = known[name].checked(value)
        except ValueError as error:
            problems.append(str(error))
    problems += [mistake for name in names for mistake in _mistakes(name, checked)]
    if problems:
        raise ParameterError(problems)
    cameras = tuple(_camera(name, checked) for name in names)
    parameters: Parameters = built(Parameters, checked, camera=cameras)
    _check_together(parameters)
    check_class_names(parameters)
    return parameters


def changed(parameters: Parameters, changes: Mapping[str, Any]) -> Parameters:
    """
    Parameters after a change at run time.

    :param changes: dotted name -> value.
    :raises ValueError: as `parameters_from`, or for one that is fixed while the node runs.
    """
    known = node_settings()
    for camera in parameters.camera:
        known |= camera_settings(camera.name)
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(unknown_name(name, known))
        if not known[name].runtime:
            raise ValueError(f'{name}: fixed while the node runs; set it at start')
        values[name] = known[name].checked(value)
    result = parameters
    for name, value in values.items():
        result = _with(result, name, value)
    _check_together(result)
    if any(name.startswith('semantics.') for name in values):
        check_class_names(result)
    return result


def _with(parameters: Parameters, name: str, value: Any) -> Parameters:
    group, _, leaf = name.rpartition('.')
    if not group:
        return replace(parameters, **{leaf: value})
    return replace(parameters, **{group: replace(getattr(parameters, group), **{leaf: value})})


def _camera_problems(names: tuple[str, ...], known: Mapping[str, Setting]) -> list[str]:
    groups = {name.split('.')[0] for name in known}
    problems = [
        f'cameras: {name!r} is no usable name; take letters, digits and _, and no parameter group'
        for name in names
        if not _NAME.fullmatch(name) or name in groups
    ]
    if len(set(names)) < len(names) or not names:
        problems.append(f'cameras: expected different names, at least one, got {list(names)}')
    return problems


def _camera(name: str, checked: Mapping[str, Any]) -> CameraParameters:
    camera: CameraParameters = built(CameraParameters, checked, f'{name}.', name=name)
    return camera


def _mistakes(name: str, checked: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what is wrong with a camera, although each value is of its type and in its range."""
    try:
        _camera(name, checked)
    except ValueError as error:
        return problems_of(error)
    return ()


def _check_together(parameters: Parameters) -> None:
    problems = [*_disordered(parameters), *_oversized(parameters)]
    if problems:
        raise ParameterError(problems)


def _disordered(parameters: Parameters) -> Iterator[str]:
    """Say which values contradict each other."""
    for name in ('costmap', 'obstacles'):
        group = getattr(parameters, name)
        if group.z_min >= group.z_max:
            yield (
                f'{name}.z_min: expected less than {name}.z_max = {group.z_max:g}, '
                f'got {group.z_min:g}'
            )
    if parameters.sync.min_cameras > len(parameters.cameras):
        yield (
            f'sync.min_cameras: expected at most {len(parameters.cameras)}, the number of '
            f'cameras, got {parameters.sync.min_cameras}'
        )
    if parameters.grid.frame in (parameters.odom_frame, parameters.map_frame):
        yield (
            f'grid.frame: expected a frame that moves with the robot, e.g. base_footprint, got '
            f'{parameters.grid.frame!r}; the costmap is in {parameters.odom_frame} wherever /tf '
            'has it'
        )


def _oversized(parameters: Parameters) -> Iterator[str]:
    """Say what is wrong with a grid of one's own."""
    for name, entries in (('size', parameters.grid.size), ('origin', parameters.grid.origin)):
        if len(entries) != 3:
            yield f'grid.{name}: expected 3 numbers, got {len(entries)}'
    voxels = math.prod(parameters.grid.size)
    if parameters.grid.preset == 'custom' and voxels > MOST_VOXELS:
        yield (
            f'grid.size: expected at most {MOST_VOXELS} voxels in all, got {voxels}; raise '
            'grid.resolution, or make the grid smaller'
        )
