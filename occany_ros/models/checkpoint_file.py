"""
Reading released weight files without running anything in them (OccAny spec, section 1).

A `torch.save` file is a pickle, and a pickle may name any code. Here only tensors, plain values
and inert stand-ins for the few classes of the released files are built; a file that names
anything else is refused. A safetensors file holds nothing but tensors.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
import pickle
import re
import struct
from typing import Any, Final
import zipfile

from occany_ros.models.weight_path import obstacle_at
from safetensors import SafetensorError
from safetensors.torch import load_file
import torch
from torch import Tensor

WHERE_TO_GET_IT: Final = (
    'get the file of your model.variant and set model.checkpoint to its path: for occany '
    'occany.pth or occany_recon.pth and for occany_plus occany_plus_recon.pth, to which '
    'github.com/valeoai/OccAny leads; for must3r the 512-pixel checkpoint, to which '
    'github.com/naver/must3r leads; for da3 the model.safetensors of a model that '
    'github.com/ByteDance-Seed/Depth-Anything-3 lists'
)
STATE: Final = 'model'
"""Section of files that hold one network; a file that is nothing but weights is one, too."""


class CheckpointError(ValueError):
    """
    A weight file that cannot be used.

    :param path: the file.
    :param problem: what is wrong with it.
    :param missing: names of weights it should hold and does not.
    :param unexpected: names of weights it holds and should not.
    :param remedy: what to do about it.
    """

    def __init__(
        self,
        path: Path,
        problem: str,
        *,
        missing: tuple[str, ...] = (),
        unexpected: tuple[str, ...] = (),
        remedy: str = WHERE_TO_GET_IT,
    ) -> None:
        self.path = path
        self.problem = problem
        self.missing = missing
        self.unexpected = unexpected
        self.remedy = remedy
        parts = [f'checkpoint {path}: {problem}']
        for title, names in (('missing', missing), ('unexpected', unexpected)):
            if names:
                more = f' and {len(names) - 5} more' if len(names) > 5 else ''
                parts.append(f'{len(names)} {title}: {", ".join(names[:5])}{more}')
        parts.append(remedy)
        super().__init__('; '.join(parts))


_NO_WEIGHTS: Final = 'it is no weight file, or damaged'


@dataclass(frozen=True, slots=True, eq=False)
class ReleasedFile:
    """
    What a released weight file holds.

    :param path: the file.
    :param sections: weights by section and key.
    :param arguments: arguments of the training run by name; constructor calls among them are
        read as well, see `call_settings`.
    """

    path: Path
    sections: Mapping[str, Mapping[str, Tensor]]
    arguments: Mapping[str, Any]


class _Inert:
    """
    Takes the place of a class named in a file: keeps what it is given and does nothing.

    :param values: what its constructor is given.
    """

    def __init__(self, *values: object) -> None:
        self.values = values


def _stand_in(module: str, name: str) -> type:
    return type(name, (_Inert,), {'__module__': module})


STAND_INS: Final = (
    _stand_in('argparse', 'Namespace'),
    _stand_in('occany.model.must3r_blocks.head', 'ActivationType'),
    _stand_in('occany.must3r_blocks.head', 'ActivationType'),
    # Some Pythons write an enum member as a look-up of its name; nothing is looked up here.
    _stand_in('builtins', 'getattr'),
)


def read_released_file(path: Path) -> ReleasedFile:
    """
    Read a weight file.

    :param path: a file written by `torch.save`, or one whose name ends in ``.safetensors``.
    :returns: its weights, on the CPU; large ones are read from disk when they are used.
    :raises CheckpointError: if it is missing, damaged, or names code.
    """
    obstacle = obstacle_at(path, WHERE_TO_GET_IT)
    if obstacle is not None:
        raise CheckpointError(path, obstacle.problem, remedy=obstacle.remedy)
    if path.suffix == '.safetensors':
        return ReleasedFile(path=path, sections={STATE: _safe_tensors(path)}, arguments={})
    is_zip = _is_plain_archive(path)
    content = _unpickled(path, is_zip=is_zip)
    if not isinstance(content, dict):
        raise CheckpointError(path, f'expected a dictionary, got {type(content).__name__}')
    parts = {STATE: content} if _is_weights(content) else content
    sections = {
        str(name): dict(section) for name, section in parts.items() if _is_weights(section)
    }
    _check_storage(path, sections)
    arguments = content.get('args')
    known = {name: _plain(value) for name, value in getattr(arguments, '__dict__', {}).items()}
    return ReleasedFile(path=path, sections=sections, arguments=known)


def _safe_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise CheckpointError(path, f'{_NO_WEIGHTS} ({error})') from error


def call_settings(text: str) -> dict[str, Any]:
    """
    Read the keyword arguments of a constructor call from its text, without running it.

    :param text: e.g. ``Decoder(depth=12, activation=Kind.LINEAR)``.
    :returns: literals by keyword; of a dotted name, its last word.
    :raises ValueError: if it is not a call of a name with literal arguments.
    """
    try:
        tree = ast.parse(text.strip(), mode='eval').body
    except SyntaxError as error:
        raise ValueError(f'constructor call: expected one, got {text!r}') from error
    if not isinstance(tree, ast.Call):
        raise ValueError(f'constructor call: expected one, got {text!r}')
    return {item.arg: _argument(item.value) for item in tree.keywords if item.arg}


def _argument(node: ast.expr) -> object:
    if isinstance(node, ast.Attribute):
        return node.attr
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise ValueError(
            f'constructor call: expected literal arguments, got {ast.unparse(node)!r}'
        ) from error


def _is_plain_archive(path: Path) -> bool:
    """
    Tell a ZIP archive, as torch writes it, from the older form without one.

    :raises CheckpointError: an archive that would unpack to more than it is: torch packs nothing.
    """
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OSError) as error:
        raise CheckpointError(path, f'{_NO_WEIGHTS} ({error})') from error
    is_packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if is_packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise CheckpointError(
            path, 'its entries are packed or overlap, so that it unpacks to more than it is'
        )
    return True


def _unpickled(path: Path, *, is_zip: bool, stand_ins: tuple[type, ...] = STAND_INS) -> object:
    """
    Load with torch's restricted unpickler, which builds tensors, values and stand-ins only.

    The enumeration of the released files has moved between modules; it may live in any.
    """
    try:
        with torch.serialization.safe_globals(list(stand_ins)):
            return torch.load(  # noqa: TID251 (this is the place that may)
                path, map_location='cpu', weights_only=True, mmap=is_zip
            )
    except pickle.UnpicklingError as error:
        named = re.search(r'GLOBAL (\S+)', str(error))
        module, _, name = named[1].rpartition('.') if named else ('', '', '')
        if name == 'ActivationType' and module not in {kind.__module__ for kind in stand_ins}:
            more = (*stand_ins, _stand_in(module, name))
            return _unpickled(path, is_zip=is_zip, stand_ins=more)
        problem = (
            f'it names {named[1]}, which is not a weight; it was refused and nothing of it was run'
            if named
            else _NO_WEIGHTS
        )
        raise CheckpointError(path, problem) from error
    except Exception as error:  # a damaged file makes torch raise anything
        raise CheckpointError(path, f'{_NO_WEIGHTS} ({error})') from error


def _check_storage(path: Path, sections: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Refuse weights that repeat few stored numbers: they need more memory than the file is."""
    repeated = tuple(
        f'{section}.{key}'
        for section, weights in sections.items()
        for key, value in weights.items()
        if value.layout != torch.strided
        or value.numel() * value.element_size() > value.untyped_storage().nbytes()
    )
    if repeated:
        raise CheckpointError(
            path, f'{repeated[0]} has more numbers than are stored for it; the file lies'
        )


def _is_weights(section: object) -> bool:
    return (
        isinstance(section, dict)
        and bool(section)
        and all(isinstance(value, Tensor) for value in section.values())
    )


def _plain(value: object) -> object:
    """
    Replace an enum member's stand-in by its value.

    Where it was looked up by name only that is in the file; the released ones are their values
    in capitals.
    """
    given: tuple[object, ...] = getattr(value, 'values', ()) if isinstance(value, _Inert) else ()
    if not given:
        return value
    return given[-1].lower() if isinstance(given[-1], str) else given[-1]
