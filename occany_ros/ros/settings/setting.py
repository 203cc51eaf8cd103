"""One parameter: its type, default, unit, range, choices and description."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, MISSING
from difflib import get_close_matches
import math
from typing import Any, Final, get_type_hints

_KEY: Final = 'setting'
_LEAST: Final = -(1 << 63)
_LONGEST: Final = 80
_OFF: Final = 'off'
"""A choice that needs no quotes in YAML, although YAML has another meaning for it."""


class ParameterError(ValueError):
    """
    Parameters that cannot be used.

    :param problems: what is wrong with them, one sentence each, with its remedy.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__('; '.join(self.problems))


def problems_of(error: ValueError) -> tuple[str, ...]:
    """Tell apart the problems of a `ParameterError`; any other error is one."""
    return error.problems if isinstance(error, ParameterError) else (str(error),)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """
    Everything said about one parameter.

    :param name: dotted, as in a YAML file.
    :param kind: ``bool``, ``int``, ``float``, ``str``, or a tuple of one of them.
    :param default: of that type.
    :param description: one sentence, without unit and range.
    :param unit: SI unit, empty where there is none.
    :param low: smallest value allowed, for numbers.
    :param high: largest value allowed, for numbers.
    :param choices: the only values allowed.
    :param runtime: whether it can be changed while the node runs.
    """

    name: str
    kind: Any
    default: Any
    description: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str | int, ...]
    runtime: bool

    def checked(self, value: object) -> Any:
        """
        Value in this parameter's type.

        YAML reads a bare off as false: where off is a choice, false means it.

        :raises ValueError: wrong type, out of range or not one of the choices.
        """
        result = _converted(self.kind, _OFF if value is False and _OFF in self.choices else value)
        if result is None:
            is_switch = self.kind is str and isinstance(value, bool)
            hint = '; YAML reads a bare on or off as that: put it in quotes' if is_switch else ''
            raise ValueError(f'{self.name}: expected {self.kind_name}, got {_shown(value)}{hint}')
        for entry in result if isinstance(result, tuple) else (result,):
            self._check_entry(entry)
        return result

    @property
    def kind_name(self) -> str:
        """Name the type as users know it, e.g. ``string[]``."""
        names = {bool: 'bool', int: 'int', float: 'float', str: 'string'}
        entry = _entry_kind(self.kind)
        return names[self.kind] if entry is None else f'{names[entry]}[]'

    @property
    def range_text(self) -> str:
        """Describe the allowed values, e.g. ``0 … 2`` or ``none / tf``."""
        if self.choices:
            return ' / '.join(map(str, self.choices))
        if self.low is None:
            return '' if self.high is None else f'≤ {self.high:g}'
        return f'≥ {self.low:g}' if self.high is None else f'{self.low:g} … {self.high:g}'

    def _check_entry(self, value: Any) -> None:
        if self.choices and value not in self.choices:
            allowed = [str(choice) for choice in self.choices]
            hint = nearest(str(value), allowed)
            raise ValueError(
                f'{self.name}: expected one of {", ".join(allowed)}, got {_shown(value)}{hint}'
            )
        if isinstance(value, bool | str):
            return
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= value <= high:  # also refuses NaN
            unit = f' {self.unit}' if self.unit else ''
            raise ValueError(f'{self.name}: expected {self.range_text}{unit}, got {value:g}')


def setting(
    default: Any,
    description: str,
    *,
    unit: str = '',
    limits: tuple[float | None, float | None] = (None, None),
    choices: tuple[str | int, ...] = (),
    runtime: bool = False,
) -> Any:
    """Dataclass field with everything said about a parameter; see `Setting`."""
    about = {
        'default': default,
        'description': description,
        'unit': unit,
        'low': limits[0],
        'high': limits[1],
        'choices': choices,
        'runtime': runtime,
    }
    return field(default=default, metadata={_KEY: about})


def settings_of(group: type, prefix: str = '') -> dict[str, Setting]:
    """
    Every parameter of a dataclass and of the dataclasses in it, by dotted name.

    :param prefix: put before the names, with its dot.
    """
    hints = get_type_hints(group)
    result = {}
    for entry in fields(group):
        name = prefix + entry.name
        if _KEY in entry.metadata:
            result[name] = Setting(name=name, kind=hints[entry.name], **entry.metadata[_KEY])
        elif is_dataclass(hints[entry.name]):
            result |= settings_of(hints[entry.name], f'{name}.')
    return result


def built(group: type, values: Mapping[str, Any], prefix: str = '', **others: Any) -> Any:
    """
    Make a dataclass, and the dataclasses in it, from dotted names.

    :param values: dotted name -> checked value; missing ones keep their default.
    :param prefix: as in `settings_of`.
    :param others: fields that are no parameters.
    """
    hints = get_type_hints(group)
    arguments = dict(others)
    for entry in fields(group):
        name = prefix + entry.name
        if _KEY in entry.metadata:
            arguments[entry.name] = values.get(name, entry.default)
        elif entry.name not in others and is_dataclass(hints[entry.name]):
            arguments[entry.name] = built(hints[entry.name], values, f'{name}.')
        elif entry.name not in others and entry.default is MISSING:
            raise LookupError(f'{name}: expected a value, got none')
    return group(**arguments)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Say that a parameter does not exist, and which one may have been meant."""
    return f'{name}: there is no such parameter{nearest(name, known)}'


def nearest(name: str, known: Iterable[str]) -> str:
    """Guess what was meant; empty where nothing is near."""
    near = get_close_matches(name, list(known), 1, 0.4)
    return f'; did you mean {near[0]!r}?' if near else ''


def _entry_kind(kind: Any) -> Any:
    """Type of a tuple type's entries, or None for a plain type."""
    return kind.__args__[0] if hasattr(kind, '__args__') else None


def _converted(kind: Any, value: object) -> Any:
    entry = _entry_kind(kind)
    if entry is not None:
        if isinstance(value, str) or not isinstance(value, Iterable):
            return None
        entries = tuple(_converted(entry, item) for item in value)
        return None if None in entries else tuple(item for item in entries if item != '')
    if isinstance(value, bool) or kind is bool:
        return value if isinstance(value, bool) and kind is bool else None
    if isinstance(value, int) and not _LEAST <= value < -_LEAST:
        return None
    if kind is float and isinstance(value, int | float):
        return float(value)
    return value if isinstance(value, kind) else None


def _shown(value: object) -> str:
    """Show what somebody set, whatever it is, in at most one line."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out very long numbers
        text = 'a number of too many digits'
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'
