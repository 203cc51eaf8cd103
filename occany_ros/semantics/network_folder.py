"""
Networks and tokenizers from a folder of the user, laid out as the public model hub does.

Nothing is fetched, and nothing in the folder is run: weights come from safetensors files only,
code from the installed library only.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.models.weight_path import pointer_at
import torch
from torch import nn

WHERE_TO_GET_IT: Final = (
    'set semantics.weights to the folder that holds the folders you downloaded from the model '
    'hub, each whole: sam3 (facebook/sam3) for occany_plus and da3; grounding-dino-base '
    '(IDEA-Research/grounding-dino-base) and sam2.1-hiera-large (facebook/sam2.1-hiera-large) '
    'for the others'
)
HOW_TO_INSTALL: Final = (
    'on Python 3.11 or newer: pip install -r requirements-semantics.txt, '
    'or install this package with its extra [semantics]'
)

_WORDS: Final = ('tokenizer.json', 'vocab.json', 'vocab.txt')


def load_network(
    name: str, folder: Path, attention: str | Mapping[str, str] = 'sdpa'
) -> nn.Module:
    """
    Build a network and fill it with the weights of a folder.

    :param name: class of the library `transformers`.
    :param folder: holds ``config.json`` and ``model.safetensors``, or an index of several files.
    :param attention: which of the library's ways to attend, or one for each part by the name of
        its configuration, with that of the whole under an empty name.
    :returns: the network, float32, on the CPU, not to be trained.
    :raises CheckpointError: if a file is missing or damaged, or does not fit the network.
    :raises ValueError: if the library is not installed.
    """
    network, report = _loaded(
        name,
        folder,
        'config.json',
        output_loading_info=True,
        use_safetensors=True,
        attn_implementation=attention,
        dtype=torch.float32,
    )
    missing, unexpected = sorted(report['missing_keys']), sorted(report['unexpected_keys'])
    if missing or unexpected:
        raise CheckpointError(
            folder,
            f'it does not fit {name}',
            missing=tuple(missing),
            unexpected=tuple(unexpected),
            remedy=WHERE_TO_GET_IT,
        )
    return network.eval().requires_grad_(requires_grad=False)


def load_tokenizer(name: str, folder: Path) -> Callable[..., Any]:
    """
    Read the tokenizer that lies beside a network.

    :param name: class of the library `transformers`.
    :param folder: holds ``tokenizer.json`` and ``tokenizer_config.json``.
    :returns: the library's tokenizer.
    :raises CheckpointError: if a file is missing or damaged.
    :raises ValueError: if the library is not installed.
    """
    tokenizer = _loaded(name, folder, 'tokenizer_config.json')
    # Without its words the library makes one that knows none.
    if not any((folder / words).is_file() for words in _WORDS):
        raise CheckpointError(
            folder, f'it has none of {", ".join(_WORDS)}', remedy=WHERE_TO_GET_IT
        )
    return tokenizer


def _loaded(name: str, folder: Path, needed: str, **options: object) -> Any:  # noqa: ANN401
    """Let a class of the library read a folder, and say in one way what is wrong with it."""
    library = _library()
    if not folder.is_dir():
        raise CheckpointError(folder, 'there is no such folder', remedy=WHERE_TO_GET_IT)
    if not (folder / needed).is_file():
        raise CheckpointError(folder, f'it has no {needed}', remedy=WHERE_TO_GET_IT)
    for path in folder.glob('*.safetensors'):
        pointer = pointer_at(path)
        if pointer is not None:
            raise CheckpointError(path, pointer.problem, remedy=pointer.remedy)
    try:
        return getattr(library, name).from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **options
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        first = str(error).strip().partition('\n')[0]
        raise CheckpointError(
            folder, f'{name} cannot be read from it ({first})', remedy=WHERE_TO_GET_IT
        ) from error


def _library() -> Any:  # noqa: ANN401 - a module without types
    """Import the library that builds the networks, and keep its progress bars out of logs."""
    try:
        import transformers
    except ImportError as error:
        raise ValueError(
            f'semantics.weights: expected the library transformers, got none; {HOW_TO_INSTALL}'
        ) from error
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    return transformers
