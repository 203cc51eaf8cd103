"""Golden files: their tensors, their metadata, and the files beside them."""

import ast
from dataclasses import dataclass
from pathlib import Path
import re

from safetensors import safe_open, SafetensorError
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Fixture:
    """
    One golden file.

    :param path: where it lies.
    :param tensors: everything it holds, by name.
    :param metadata: the strings of its header.
    """

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str]

    @property
    def stem(self) -> str:
        """Name of the file without its ending, e.g. ``dec_small_mono``."""
        return self.path.stem

    @property
    def family(self) -> str:
        """Second word of the name, shared by files of one configuration, e.g. ``small``."""
        return [*self.stem.split('_'), ''][1]


def read_fixture(path: Path) -> Fixture:
    """
    Read a golden file whole.

    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not in the safetensors format.
    """
    try:
        with safe_open(str(path), framework='pt') as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return Fixture(path=path, tensors=tensors, metadata=dict(file.metadata() or {}))
    except SafetensorError as error:
        raise ValueError(f'{path.name}: expected a safetensors file: {error}') from error


def relatives(fixture: Fixture, kind: str) -> list[Fixture]:
    """
    Find files that share inputs or sizes with a file.

    :param fixture: the file.
    :param kind: first word of the names wanted, e.g. ``enc``.
    :returns: files of that kind and the same family beside it, variants of it first.
    """
    words = fixture.stem.split('_')
    stems = ['_'.join([kind, *words[1:end]]) for end in range(len(words), 0, -1)]
    paths = [fixture.path.with_name(f'{stem}.safetensors') for stem in stems[:-1]]
    return [read_fixture(path) for path in paths if path != fixture.path and path.exists()]


def settings(text: str) -> dict[str, object]:
    """
    Read the arguments of a recorded configuration.

    :param text: a constructor call or a dictionary, as written in the metadata; nothing of it is
        executed.
    :returns: arguments by name; literals as such, anything else as its text.
    :raises ValueError: if it is neither.
    """
    try:
        tree = ast.parse(text, mode='eval').body
    except SyntaxError:
        return _unquoted_settings(text)
    if isinstance(tree, ast.Call):
        return {item.arg: _literal(item.value) for item in tree.keywords if item.arg}
    if isinstance(tree, ast.Dict):
        literal = ast.literal_eval(tree)
        return {str(name): _reread(value) for name, value in literal.items()}
    raise ValueError(f'configuration: expected a call or a dictionary, got {text!r}')


def _unquoted_settings(text: str) -> dict[str, object]:
    """Read a call in which text stands without quotes, e.g. ``Net(size=(2,3),parts=a,b)``."""
    call = re.fullmatch(r'\s*\w+\((.*)\)\s*', text, re.DOTALL)
    if call is None:
        raise ValueError(f'configuration: expected a call or a dictionary, got {text!r}')
    pairs = re.split(r',?\s*\b(\w+)\s*=', call[1])[1:]
    return {name: _reread(value) for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _reread(value: object) -> object:
    """Give a value that was recorded as a string its own type again."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
