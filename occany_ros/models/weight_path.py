"""What stands at the path of a weight file, where that is no weight file at all."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Final

_POINTER: Final = b'version https://git-lfs'
_ENDINGS: Final = ('.pth', '.pt', '.safetensors')
_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Obstacle:
    """
    Why there is nothing to read at a path.

    :param problem: what stands there instead.
    :param remedy: what to do about it.
    """

    problem: str
    remedy: str


def obstacle_at(path: Path, where_to_get_it: str) -> Obstacle | None:
    """
    Say what stands in the way of reading a weight file; None for a file.

    :param where_to_get_it: remedy where nothing near the path is of use.
    :raises OSError: it cannot be looked at.
    """
    if path.is_dir():
        return Obstacle(
            'it is a folder, not a weight file', _use_of(path.resolve()) or where_to_get_it
        )
    if not path.is_file():
        return Obstacle('there is no such file', where_to_get_it)
    return pointer_at(path)


def pointer_at(path: Path) -> Obstacle | None:
    """
    Tell the small text that Git LFS leaves in place of a large file; None for any other file.

    :raises OSError: it cannot be read.
    """
    with path.open('rb') as file:
        if file.read(len(_POINTER)) != _POINTER:
            return None
    return Obstacle(
        'it is a pointer of Git LFS to the weights, not the weights',
        'get the file itself: `git lfs pull` in its folder, or download it',
    )


def _use_of(folder: Path) -> str:
    """Say what of a folder can be used, and for which parameter; empty for nothing."""
    places = [folder, *(place for place in sorted(folder.glob('*')) if place.is_dir())]
    readers = [place for place in places if _reads_labels(place)]
    files = [
        str(file.relative_to(folder))
        for place in places
        if place not in readers
        for file in sorted(place.glob('*'))
        if file.suffix in _ENDINGS
    ]
    uses = []
    if files:
        more = f' and {len(files) - _MOST_NAMES} more' if len(files) > _MOST_NAMES else ''
        uses.append(f'name one of the weight files in it: {", ".join(files[:_MOST_NAMES])}{more}')
    if readers:
        uses.append(
            f'networks that read labels, like {readers[0].name}, are what semantics.weights is '
            f'for: set that to {readers[0].parent}'
        )
    return '; '.join(uses)


def _reads_labels(folder: Path) -> bool:
    """Tell a network of the library `transformers`, as the model hub lays them out."""
    try:
        config = json.loads((folder / 'config.json').read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and 'model_type' in config
