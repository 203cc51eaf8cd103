"""
Class sets somebody wrote into a file: names, colours, and which classes of a network they gather.

A planner rarely wants eighteen classes. The file says what it wants; everything behind the
network then sees the new set only, so voxels, pictures and messages agree.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np
from occany_ros.semantics.classes import ClassSet, NO_CLASS
from occany_ros.semantics.plain_yaml import read_plain_yaml

CUSTOM: Final = 'custom'
MOST_CLASSES: Final = 200
LONGEST_NAME: Final = 64
_RESERVED: Final = ('free', 'unknown')
_NEEDED: Final = ('name', 'colour', 'gathers')
_FLAGS: Final = ('traversable', 'dynamic')
_OTHER_COLOUR: Final = (128, 128, 128)
_EMPTY_COLOUR: Final = (0, 0, 0)


def read_class_set(path: Path, network: ClassSet) -> ClassSet:
    """
    Read a class set from a YAML file.

    The file holds a list ``classes``; each entry has a ``name``, a ``colour`` (red, green, blue,
    0 to 255), the classes of the network it ``gathers``, and may be ``traversable`` or
    ``dynamic``. Classes of the network that nobody gathers are ``other``, which may be listed too
    to give it a colour. Free space stays free.

    :param network: the classes the network answers in.
    :raises ValueError: the file is malformed; the message names the file, the entry, what was
        expected, what was found and the remedy.
    :raises OSError: it cannot be read.
    """
    entries = _entries(path, read_plain_yaml(path))
    names = [_name(path, number, entry) for number, entry in enumerate(entries, 1)]
    _check_twice(path, names)
    table = _gathered(path, names, entries, network)
    all_names = ('free', *names)
    colours = [_EMPTY_COLOUR]
    colours += [_colour(path, name, entry) for name, entry in zip(names, entries, strict=True)]
    if 'other' not in names:
        colours.append(_OTHER_COLOUR)
    traversable, dynamic = (
        frozenset(
            number
            for number, entry in enumerate(entries, 1)
            if _flag(path, names[number - 1], entry, flag)
        )
        for flag in _FLAGS
    )
    _check_flags(path, [all_names[index] for index in sorted(traversable & dynamic)])
    return ClassSet(
        name=CUSTOM,
        names=all_names,
        colours=np.array(colours, np.uint8),
        empty=0,
        other=all_names.index('other') if 'other' in names else len(all_names),
        prompts=tuple(_prompts(table, network, index) for index in range(len(all_names))),
        superclass_names=all_names,
        superclasses=tuple(range(len(all_names))),
        superclass_empty=0,
        traversable=traversable,
        dynamic=dynamic,
        native_from_network=table,
    )


def class_names_in(path: Path) -> tuple[str, ...]:
    """
    List the names of the classes of a file, without asking what they gather.

    :raises ValueError: as `read_class_set`.
    :raises OSError: it cannot be read.
    """
    entries = _entries(path, read_plain_yaml(path))
    return tuple(_name(path, number, entry) for number, entry in enumerate(entries, 1))


def _entries(path: Path, tree: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - read from a file
    found = tree.get('classes') if isinstance(tree, Mapping) else None
    if not isinstance(found, list) or not found or set(tree) != {'classes'}:
        got = sorted(map(str, tree)) if isinstance(tree, Mapping) else type(tree).__name__
        raise ValueError(
            f'{path}: expected one list named classes, got {got}; see config/classes/planner.yaml'
        )
    if len(found) > MOST_CLASSES:
        raise ValueError(
            f'{path}: expected at most {MOST_CLASSES} classes, got {len(found)}; gather more'
        )
    for number, entry in enumerate(found, 1):
        if not isinstance(entry, Mapping):
            kind = type(entry).__name__
            raise ValueError(
                f'{path}: class {number}: expected name, colour and gathers, got {kind}; '
                'write one mapping a class'
            )
        known = (*_NEEDED, *_FLAGS)
        unknown = [str(key) for key in entry if key not in known]
        missing = [key for key in _NEEDED if key not in entry]
        if unknown or missing:
            raise ValueError(
                f'{path}: class {number}: expected the entries {", ".join(known)}, of which the '
                f'first three must be there, got unknown {unknown} and missing {missing}; '
                'correct them'
            )
    return found


def _name(path: Path, number: int, entry: Mapping[str, Any]) -> str:
    name = entry['name']
    is_name = isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()
    if not is_name or name in _RESERVED or name != name.strip():
        raise ValueError(
            f'{path}: class {number}: name: expected up to {LONGEST_NAME} printable characters, '
            f'not {" or ".join(_RESERVED)}, got {str(name)[:LONGEST_NAME]!r}; choose another'
        )
    return str(name)


def _check_twice(path: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'{path}: expected different names, got {twice} twice; rename one')


def _colour(path: Path, name: str, entry: Mapping[str, Any]) -> tuple[int, int, int]:
    given = entry['colour']
    is_list = isinstance(given, list) and len(given) == 3
    if not is_list or any(type(part) is not int or not 0 <= part <= 255 for part in given):
        raise ValueError(
            f'{path}: class {name}: colour: expected red, green and blue from 0 to 255, got '
            f'{str(given)[:80]}; write for example [255, 158, 0]'
        )
    return given[0], given[1], given[2]


def _flag(path: Path, name: str, entry: Mapping[str, Any], flag: str) -> bool:
    value = entry.get(flag, False)
    if not isinstance(value, bool):
        raise ValueError(
            f'{path}: class {name}: {flag}: expected true or false, got {str(value)[:80]!r}; '
            'write one of them'
        )
    return value


def _check_flags(path: Path, names: Sequence[str]) -> None:
    if names:
        raise ValueError(
            f'{path}: class {names[0]}: expected traversable or dynamic, got both; ground does '
            'not move: drop one'
        )


def _gathered(
    path: Path,
    names: Sequence[str],
    entries: Sequence[Mapping[str, Any]],
    network: ClassSet,
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Native id of every id of the network, (256,)."""
    free = network.names[network.empty]
    known = [name for name in network.names if name != free]
    owner: dict[str, int] = {}
    for index, (name, entry) in enumerate(zip(names, entries, strict=True), 1):
        gathers = entry['gathers']
        if not isinstance(gathers, list) or not all(isinstance(one, str) for one in gathers):
            raise ValueError(
                f'{path}: class {name}: gathers: expected a list of class names, got '
                f'{str(gathers)[:80]}; an empty one is []'
            )
        for one in gathers:
            if one not in known:
                near = get_close_matches(one, known, 1, 0.4)
                hint = f'did you mean {near[0]!r}?' if near else f'choose from {", ".join(known)}'
                raise ValueError(
                    f'{path}: class {name}: gathers: expected classes of {network.name}, got '
                    f'{one[:LONGEST_NAME]!r}; {hint}'
                )
            if one in owner:
                raise ValueError(
                    f'{path}: class {name}: gathers: expected each class of {network.name} once, '
                    f'got {one!r}, which {names[owner[one] - 1]} has; drop it from one of them'
                )
            owner[one] = index
    other = names.index('other') + 1 if 'other' in names else len(names) + 1
    table = np.full(256, NO_CLASS, np.uint8)
    for number, name in enumerate(network.names):
        table[number] = owner.get(name, other)
    table[network.other] = owner.get('other', other)
    table[network.empty] = 0
    return table


def _prompts(table: np.ndarray[Any, Any], network: ClassSet, index: int) -> tuple[str, ...]:
    """List the words that mean a class: those of every class it gathers."""
    groups = (group for number, group in enumerate(network.prompts) if table[number] == index)
    return tuple(word for group in groups for word in group)
