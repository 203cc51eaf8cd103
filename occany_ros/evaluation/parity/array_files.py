"""Golden files about labels: arrays of numpy, and tables in JSON."""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from occany_ros.evaluation.parity.fixture import Fixture
import torch
from torch import Tensor


def read_arrays(path: Path) -> Fixture:
    """
    Read a file of arrays whole.

    :param path: ends in ``.npz``.
    :returns: numbers as tensors; texts as metadata, each written in JSON.
    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not in numpy's format, or holds anything but numbers and texts.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (BadZipFile, EOFError, ValueError) as error:
        raise ValueError(f'{path.name}: expected arrays of numpy: {error}') from error
    texts = {name for name, value in arrays.items() if value.dtype.kind == 'U'}
    return Fixture(
        path=path,
        tensors={
            name: torch.from_numpy(value) for name, value in arrays.items() if name not in texts
        },
        metadata={name: json.dumps(arrays[name].tolist()) for name in texts},
    )


def read_table(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """
    Read a table.

    :param path: ends in ``.json``.
    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path.name}: expected JSON: {error}') from error


def bits(fixture: Fixture, name: str) -> Tensor:
    """Unpack an array of truth values, which files hold with its shape beside it."""
    shape = fixture.tensors[f'{name}_shape'].tolist()
    count = int(np.prod(shape))
    flat = np.unpackbits(fixture.tensors[name].numpy(), count=count)
    return torch.from_numpy(flat.reshape(shape).astype(bool))
