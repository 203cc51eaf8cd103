"""From a released weight file to a network of ours, strictly (OccAny spec, section 1)."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
import re
from typing import Any, Final, get_args

from occany_ros.models.checkpoint_file import (
    call_settings,
    CheckpointError,
    read_released_file,
    ReleasedFile,
)
from occany_ros.models.checkpoint_keys import (
    ours_from_released,
    RECONSTRUCTION,
    released_from_ours,
    RENDERING,
)
from occany_ros.models.config import Activation, DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
import torch
from torch import Tensor

# What the parts of the network that have no other size are built for.
REQUIRED_SETTINGS: Final = {
    'patch_size': 16,
    'feedback_type': 'single_mlp',
    'memory_mode': 'kv',
    'pred_sam_features': True,
    'use_multitask_token': True,
}
HEAD_WIDTH: Final = 64


def load_occany(path: Path, *, precision: torch.dtype = torch.float32) -> OccAny:
    """
    Build the reconstruction network of a released file.

    Sizes come from the file. Every weight of ours must be in it and fit, and it must hold no
    weight we do not know; weights of novel-view rendering are left aside.

    :param path: ``occany.pth``, ``occany_recon.pth`` or one made like them.
    :param precision: see `OccAny`.
    :returns: the network, on the CPU, ready for inference.
    :raises CheckpointError: if the file cannot be used; it lists missing and unexpected weights.
    """
    released = read_released_file(path)
    weights = our_weights(released)
    with torch.device('meta'):
        network = OccAny(config_of(released), precision=precision)
    expected = network.state_dict()
    wrong = [
        f'{released_from_ours(name)} {tuple(weights[name].shape)} instead of {tuple(x.shape)}'
        for name, x in expected.items()
        if name in weights and weights[name].shape != x.shape
    ]
    missing = [str(released_from_ours(name)) for name in expected if name not in weights]
    unexpected = [str(released_from_ours(name)) for name in weights if name not in expected]
    if wrong or missing or unexpected:
        problem = 'its weights do not fit the network'
        if wrong:
            problem += f' ({len(wrong)} of another shape: {", ".join(wrong[:5])})'
        raise CheckpointError(path, problem, missing=tuple(missing), unexpected=tuple(unexpected))
    network.load_state_dict({name: x.float() for name, x in weights.items()}, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def our_weights(released: ReleasedFile) -> dict[str, Tensor]:
    """
    Name the reconstruction weights of a file as we do.

    :raises CheckpointError: if a section is missing, or holds a key nobody knows.
    """
    absent = tuple(name for name in RECONSTRUCTION if name not in released.sections)
    if absent:
        raise CheckpointError(
            released.path, f'expected the sections {", ".join(RECONSTRUCTION)}', missing=absent
        )
    known = (*RECONSTRUCTION, *RENDERING)
    unexpected = [name for name in released.sections if name not in known]
    weights = {}
    for section in RECONSTRUCTION:
        for key, value in released.sections[section].items():
            ours = ours_from_released(f'{section}.{key}')
            if ours is None:
                unexpected.append(f'{section}.{key}')
            else:
                weights[ours] = value
    if unexpected:
        raise CheckpointError(
            released.path, 'it holds weights of another network', unexpected=tuple(unexpected)
        )
    return weights


def released_weights(network: OccAny) -> dict[str, dict[str, Tensor]]:
    """Name the weights of a network as the released files do, by section and key."""
    sections: dict[str, dict[str, Tensor]] = {name: {} for name in RECONSTRUCTION}
    for name, value in network.state_dict().items():
        section, _, key = str(released_from_ours(name)).partition('.')
        sections[section][key] = value
    return sections


def config_of(released: ReleasedFile) -> OccAnyConfig:
    """
    Find the sizes of the network in a file.

    Widths and depths are those of the weights; what weights do not show stands in the recorded
    constructor calls, or is as in the released files.

    :raises CheckpointError: if the file was made for another kind of network.
    """
    weights = our_weights(released)
    try:
        encoder, decoder = (_recorded_call(released, name) for name in RECONSTRUCTION)
        different = [
            f'{name}={decoder[name]!r} instead of {needed!r}'
            for name, needed in REQUIRED_SETTINGS.items()
            if decoder.get(name, needed) != needed
        ]
        if different:
            raise ValueError('decoder: ' + ', '.join(different))
        width, decoder_width = (weights[f'{name}.norm.weight'].numel() for name in RECONSTRUCTION)
        return OccAnyConfig(
            encoder=EncoderConfig(
                width=width,
                depth=_depth(weights, 'encoder'),
                heads=_heads(encoder, width),
            ),
            decoder=DecoderConfig(
                encoder_width=width,
                width=decoder_width,
                depth=_depth(weights, 'decoder'),
                heads=_heads(decoder, decoder_width),
                feature_size=int(decoder.get('distill_img_size', 512)),
                activation=_activation(released, decoder),
            ),
        )
    except KeyError as error:
        name = str(released_from_ours(error.args[0]))
        raise CheckpointError(released.path, 'it is incomplete', missing=(name,)) from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(released.path, f'its settings do not fit: {error}') from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _recorded_call(released: ReleasedFile, name: str) -> dict[str, Any]:
    text = released.arguments.get(name)
    return call_settings(text) if isinstance(text, str) and '(' in text else {}


def _heads(call: Mapping[str, Any], width: int) -> int:
    """Attention heads as recorded, else of the released width, which weights do not show."""
    if 'num_heads' in call:
        return int(call['num_heads'])
    if width % HEAD_WIDTH:
        raise ValueError(f'num_heads: expected a record of it for tokens {width} wide, got none')
    return width // HEAD_WIDTH


def _activation(released: ReleasedFile, decoder: Mapping[str, Any]) -> Activation:
    given = decoder.get('pointmaps_activation', released.arguments.get('pointmaps_activation'))
    name = 'linear' if given is None else str(given).lower()
    for choice in get_args(Activation):
        if name == choice:
            return choice
    choices = ' or '.join(get_args(Activation))
    raise ValueError(f'pointmaps_activation: expected {choices}, got {given!r}')


def _depth(weights: Mapping[str, Tensor], part: str) -> int:
    found = (re.match(rf'{part}\.blocks\.(\d+)\.', name) for name in weights)
    return 1 + max((int(match[1]) for match in found if match), default=-1)
