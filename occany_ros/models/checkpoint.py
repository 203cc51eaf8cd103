"""From a released weight file to a network of ours, strictly (OccAny spec, section 1)."""

from hashlib import sha256
from pathlib import Path

from occany_ros.models.checkpoint_config import config_of, family_of
from occany_ros.models.checkpoint_file import (
    CheckpointError,
    read_released_file,
    ReleasedFile,
    WHERE_TO_GET_IT,
)
from occany_ros.models.checkpoint_keys import ours_from_released
from occany_ros.models.checkpoint_manifest import differences, manifest_of
from occany_ros.models.config import Family, OccAnyConfig
from occany_ros.models.occany import OccAny
from occany_ros.models.plus.checkpoint_config import plus_variant_of
import torch


def load_occany(
    path: Path, *, family: Family = 'occany', precision: torch.dtype = torch.float32
) -> OccAny:
    """
    Build the network of a released file.

    Sizes and stage come from the file. Every weight of ours must be in it and fit, and it must
    hold no weight we do not know; those known to be read by nobody are left in the file. Weights
    in float32 are not copied: they are read from the file when they are first used.

    :param path: ``occany.pth``, ``occany_recon.pth``, a checkpoint of plain MUSt3R, or one made
        like them.
    :param family: what it must be.
    :param precision: see `OccAny`.
    :returns: the network, on the CPU, ready for inference.
    :raises CheckpointError: if the file cannot be used; it lists missing and unexpected weights.
    """
    released = read_released_file(path)
    other = plus_variant_of(released)
    if other is not None:
        problem = f'its weights are not those of the variant {family}'
        remedy = f'it looks like {other}: set model.variant to {other}'
        raise CheckpointError(path, problem, remedy=remedy)
    config = config_of(released, family)
    check(released, config)
    with torch.device('meta'):
        network = OccAny(config, precision=precision)
    named = {
        ours_from_released(f'{section}.{key}'): value
        for section, weights in released.sections.items()
        for key, value in weights.items()
    }
    types = {name: weight.dtype for name, weight in network.state_dict().items()}
    ours = {name: value.to(types[name]) for name, value in named.items() if name in types}
    network.load_state_dict(ours, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def check(released: ReleasedFile, config: OccAnyConfig) -> None:
    """
    Compare the weights of a file with those of a network.

    :raises CheckpointError: if they differ.
    """
    family = config.decoder.family
    found = differences(released, manifest_of(family, config))
    if not found:
        return
    problem = f'its weights are not those of the variant {family}'
    if found.misshapen:
        some = ', '.join(found.misshapen[:5])
        problem += f' ({len(found.misshapen)} of another shape: {some})'
    looks_like = family_of(released)
    remedy = WHERE_TO_GET_IT
    if looks_like not in (None, family):
        remedy = f'it looks like {looks_like}: set model.variant to {looks_like}'
    raise CheckpointError(
        released.path,
        problem,
        missing=found.missing,
        unexpected=found.unexpected,
        remedy=remedy,
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
