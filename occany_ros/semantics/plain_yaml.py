"""
YAML that a stranger may have written: plain values, of bounded size and depth.

A few lines of YAML can stand for gigabytes (aliases of aliases) or overflow the stack (lists in
lists): such files are refused before any value is made of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

LONGEST: Final = 1 << 20
DEEPEST: Final = 20
MOST_NODES: Final = 50_000


def read_plain_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file says
    """
    Read a YAML file.

    :raises ValueError: as `plain_yaml`, or the file is no plain file, or too long; names it.
    :raises OSError: the file cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f'{path}: expected a file, got something else; name a YAML file')
    with path.open('rb') as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f'{path}: expected at most {LONGEST} bytes of YAML, got more; shorten it')
    try:
        text = content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: expected UTF-8: {error}; save it as such') from error
    return plain_yaml(text, str(path))


def plain_yaml(text: str, what: str) -> Any:  # noqa: ANN401 - whatever the text says
    """
    Read YAML: maps, lists, texts, numbers, truth values.

    :param what: where the text is from, for messages.
    :returns: None for an empty text.
    :raises ValueError: it is malformed, has aliases, or is too long or too deep.
    """
    if len(text) > LONGEST:
        raise ValueError(f'{what}: expected at most {LONGEST} characters of YAML; shorten it')
    try:
        _check_shape(text, what)
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, TypeError, OverflowError) as error:
        if str(error).startswith(f'{what}: '):
            raise
        raise ValueError(f'{what}: expected YAML: {error}; correct it') from error


def _check_shape(text: str, what: str) -> None:
    """Walk through the text token by token; nothing is built, and nothing calls itself."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(
                f'{what}: expected no aliases, got *{event.anchor}; write the value out'
            )
        if depth > DEEPEST or count > MOST_NODES:
            raise ValueError(
                f'{what}: expected at most {DEEPEST} levels and {MOST_NODES} values, got more; '
                'simplify it'
            )


def dotted(tree: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn the tree of a parameter file into dotted names."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        deeper = isinstance(value, Mapping)
        result |= dotted(value, f'{prefix}{name}.') if deeper else {f'{prefix}{name}': value}
    return result
