"""One scene out of a data set that holds several."""

from collections.abc import Sequence
from pathlib import Path


def chosen(path: Path, what: str, names: Sequence[str], wanted: str) -> str:
    """
    Name the scene that is meant.

    :param path: of the data set, for the message.
    :param what: what such a data set calls its scenes.
    :param names: of the scenes; at least one.
    :param wanted: by the user; empty means the first.
    :raises LookupError: there is no such scene.
    """
    if not wanted:
        return names[0]
    if wanted in names:
        return wanted
    shown = ', '.join(names[:12]) + (f' and {len(names) - 12} more' if len(names) > 12 else '')
    raise LookupError(f'{path}: expected --scene with a {what} out of {shown}, got {wanted!r}')
