"""The node's parameters: read from YAML and command line, declared, changed at run time."""

from collections.abc import Callable, Sequence
from typing import Any

from occany_ros.ros.settings.parameter_checks import (
    camera_settings,
    changed,
    node_settings,
    own_parameters,
    parameters_from,
)
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import Setting
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter


class ParameterServer:
    """
    Holds the parameters in force.

    The node must have been made with ``automatically_declare_parameters_from_overrides``: that
    is how names nobody knows are noticed.

    :param node: whose parameters they are.
    :param check: called with what the parameters would be after a change at run time; raises
        ValueError to refuse it.
    :param on_change: called with the new parameters and the names that were set after one.
    :raises ValueError: something that was set is unknown or wrong.
    """

    def __init__(
        self,
        node: Node,
        check: Callable[[Parameters], None],
        on_change: Callable[[Parameters, frozenset[str]], None],
    ) -> None:
        everything = node.get_parameters_by_prefix('')
        given = own_parameters({name: item.value for name, item in everything.items()})
        self.current: Parameters = parameters_from(given)
        self._check_more = check
        self._on_change = on_change
        for name in given:
            node.undeclare_parameter(name)
        settings = node_settings()
        for camera in self.current.camera:
            settings |= camera_settings(camera.name)
        for name, entry in settings.items():
            value = entry.checked(given.get(name, entry.default))
            if isinstance(value, tuple):
                value = list(value) or ['']  # the type of an empty list could not be told
            node.declare_parameter(name, value, descriptor(entry), ignore_override=True)
        self._names = frozenset(settings)
        if getattr(node, 'add_post_set_parameters_callback', None):
            node.add_on_set_parameters_callback(self._check)
            node.add_post_set_parameters_callback(self._apply)
        else:  # Humble has no such callback, and asks ours last
            node.add_on_set_parameters_callback(self._check_and_apply)

    def _check(self, parameters: Sequence['Parameter[Any]']) -> SetParametersResult:
        try:
            self._check_more(changed(self.current, self._ours(parameters)))
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _check_and_apply(self, parameters: Sequence['Parameter[Any]']) -> SetParametersResult:
        result = self._check(parameters)
        if result.successful:
            self._apply(parameters)
        return result

    def _apply(self, parameters: Sequence['Parameter[Any]']) -> None:
        changes = self._ours(parameters)
        if changes:
            self.current = changed(self.current, changes)
            self._on_change(self.current, frozenset(changes))

    def _ours(self, parameters: Sequence['Parameter[Any]']) -> dict[str, Any]:
        return {item.name: item.value for item in parameters if item.name in self._names}


def descriptor(entry: Setting) -> ParameterDescriptor:
    """Describe a parameter to tools like rqt."""
    notes = [entry.description]
    if entry.choices:
        notes.append(f'one of {entry.range_text}')
    if entry.unit:
        notes.append(f'unit {entry.unit}')
    result = ParameterDescriptor(
        name=entry.name, description='; '.join(notes), read_only=not entry.runtime
    )
    if entry.low is not None and entry.high is not None:
        if entry.kind is float:
            limits = FloatingPointRange(from_value=float(entry.low), to_value=float(entry.high))
            result.floating_point_range = [limits]
        elif entry.kind is int:
            limits = IntegerRange(from_value=int(entry.low), to_value=int(entry.high), step=1)
            result.integer_range = [limits]
    return result
