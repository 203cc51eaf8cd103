"""From released files of OccAny+ or Depth Anything 3 to a network of ours (OccAny+ §1)."""

from dataclasses import replace
import logging
from pathlib import Path
from typing import Final

from occany_ros.models.checkpoint_config import family_of
from occany_ros.models.checkpoint_file import (
    CheckpointError,
    read_released_file,
    ReleasedFile,
    WHERE_TO_GET_IT,
)
from occany_ros.models.checkpoint_manifest import Differences
from occany_ros.models.plus.checkpoint_config import (
    plus_config_of,
    plus_variant_of,
    PlusVariant,
    Role,
    role_of,
    State,
    state_of,
)
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.keys import is_unread, ours_from_released, released_from_ours
from occany_ros.models.plus.network import PlusNetwork
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch
from torch import nn, Tensor

Shape = tuple[int, ...]

NUMBERS: Final = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

# One module stands in four places of a released network. Files of tensors alone hold it once,
# under the name of the first place; we know it by that of the last.
_SHARED: Final = 'model.head.scratch.output_conv2_aux.{}.2.{}'
_SECOND: Final = (
    'set model.render_checkpoint to occany_plus_gen.pth, to which github.com/valeoai/OccAny '
    'leads, or leave it empty, and no novel views are rendered'
)
_GO: Final = {
    'reconstruction': f'it is a reconstruction, which model.checkpoint takes; {_SECOND}',
    'rendering': (
        'it is a rendering stage: set model.render_checkpoint to it, and model.checkpoint to '
        'occany_plus_recon.pth'
    ),
}


def load_plus(
    path: Path,
    render_path: Path | None = None,
    *,
    variant: PlusVariant = 'occany_plus',
    precision: torch.dtype = torch.float32,
) -> OccAnyPlus:
    """
    Build the network of released files.

    Every weight of ours must be in them and fit, and they must hold no weight we do not know;
    those known to be read by nobody are left in the file. What is the same in both files is kept
    once. The blocks that the released code takes from the reconstruction are taken from it.

    :param path: ``occany_plus_recon.pth`` or ``occany_plus_recon_1B.pth``, or the
        ``model.safetensors`` of a Depth Anything 3.
    :param render_path: ``occany_plus_gen.pth``; None for a network that renders no novel views.
    :param variant: what the first must be.
    :param precision: see `OccAnyPlus`.
    :returns: the network, on the CPU, ready for inference.
    :raises CheckpointError: if a file cannot be used; it lists missing and unexpected weights.
    """
    released = read_released_file(path)
    config = checked_config(released, variant, 'reconstruction')
    second = None if render_path is None else _read_second(render_path)
    if second is not None:
        _check_pair(config, checked_config(second, 'occany_plus', 'rendering'), second.path)
        config = replace(config, imagines=True)
    with torch.device('meta'):
        network = OccAnyPlus(config, precision=precision)
    _fill(network.seeing, released)
    if second is not None and network.imagining is not None:
        _fill(network.imagining, second)
        replaced = share(network)
        if replaced:
            logging.getLogger(__name__).warning(
                '%s: %d weights of its blocks from %d on differ from those of the reconstruction, '
                'which are used instead, as by OccAny',
                second.path,
                replaced,
                first_shared(network),
            )
    return network.eval().requires_grad_(requires_grad=False)


def checked_config(released: ReleasedFile, variant: PlusVariant, role: Role) -> PlusConfig:
    """
    Find the sizes of the network in a file that must hold it whole.

    :param variant: what the file must be.
    :param role: what it must do.
    :raises CheckpointError: if it is another file, or lacks weights, or has others.
    """
    found = plus_variant_of(released)
    if found != variant:
        raise CheckpointError(
            released.path,
            f'its weights are not those of the variant {variant}',
            remedy=_instead(found or family_of(released), role),
        )
    if role_of(released) != role:
        raise CheckpointError(
            released.path,
            f'expected a {role} stage, got a {role_of(released)} stage',
            remedy=_GO[role_of(released)],
        )
    config = plus_config_of(released)
    differences = plus_differences(released, plus_manifest(config, role))
    if differences:
        problem = f'its weights are not those of the variant {variant}'
        if differences.misshapen:
            some = ', '.join(differences.misshapen[:5])
            problem += f' ({len(differences.misshapen)} of another shape or type: {some})'
        raise CheckpointError(
            released.path,
            problem,
            missing=differences.missing,
            unexpected=differences.unexpected,
            remedy=_instead(None, role),
        )
    return config


def plus_manifest(config: PlusConfig, role: Role) -> dict[str, Shape]:
    """
    List the weights that a file must hold.

    :returns: shapes by released name, of weights that are read at inference.
    """
    with torch.device('meta'):
        network = PlusNetwork(config, imagines=role == 'rendering')
    is_gated = config.backbone.is_gated
    return {
        str(released_from_ours(name, is_gated=is_gated)): tuple(x.shape)
        for name, x in network.state_dict().items()
    }


def plus_differences(released: ReleasedFile, manifest: dict[str, Shape]) -> Differences:
    """Compare a file with a manifest; known weights that nobody reads may be there or not."""
    weights = _named(released)
    found = {name: tuple(x.shape) for name, x in weights.items()}
    return Differences(
        missing=tuple(name for name in manifest if name not in found),
        unexpected=tuple(name for name in found if name not in manifest and not is_unread(name)),
        misshapen=tuple(
            f'{name} {found[name]} instead of {shape}'
            for name, shape in manifest.items()
            if name in found and found[name] != shape
        )
        + tuple(
            f'{name} {weights[name].dtype} instead of floating-point numbers'
            for name in manifest
            if name in weights and weights[name].dtype not in NUMBERS
        ),
    )


def shared_names(state: State) -> dict[str, str]:
    """Say under which name a file has what we know by another: ours -> the file's."""
    found: dict[str, str] = {}
    for leaf in ('weight', 'bias'):
        known, *others = (_SHARED.format(level, leaf) for level in (3, 0, 1, 2))
        present = [name for name in others if name in state]
        if known not in state and present:
            found[known] = present[0]
    return found


def share(network: OccAnyPlus) -> int:
    """
    Keep once what the network that imagines has of the one that sees.

    Blocks that were never trained for rendering are those of the reconstruction, whatever they
    were before.

    :returns: how many weights were others before.
    """
    if network.imagining is None:
        return 0
    twins = dict(network.seeing.named_parameters())
    replaced = 0
    for name, own in list(network.imagining.named_parameters()):
        twin = twins.get(name)
        if twin is None:
            continue
        is_same = torch.equal(own, twin)
        if is_same or _block(name) >= first_shared(network):
            replaced += not is_same
            _put(network.imagining, name, twin)
    return replaced


def first_shared(network: OccAnyPlus) -> int:
    """Give the index of the first block that was not trained for rendering."""
    return network.config.backbone.first_turned


def _read_second(path: Path) -> ReleasedFile:
    """Read a file of which a user should hear that it is the second one."""
    try:
        return read_released_file(path)
    except CheckpointError as error:
        remedy = _SECOND if error.remedy == WHERE_TO_GET_IT else error.remedy
        raise CheckpointError(path, error.problem, remedy=remedy) from error


def _instead(looks_like: str | None, role: Role) -> str:
    """Say what to do about a file that is none, or that is one of another variant."""
    if role == 'rendering':
        return f'it looks like {looks_like}; {_SECOND}' if looks_like else _SECOND
    if looks_like:
        return f'it looks like {looks_like}: set model.variant to {looks_like}'
    return WHERE_TO_GET_IT


def _check_pair(seeing: PlusConfig, imagining: PlusConfig, path: Path) -> None:
    if seeing.name != imagining.name:
        raise CheckpointError(
            path,
            f'it was made for a {imagining.name} network, and the reconstruction is {seeing.name}',
            remedy='take occany_plus_recon.pth with occany_plus_gen.pth, or leave '
            'model.render_checkpoint empty: there is no rendering stage for the 1B network',
        )


def _fill(network: PlusNetwork, released: ReleasedFile) -> None:
    types = {name: x.dtype for name, x in network.state_dict().items()}
    named = {ours_from_released(name): x for name, x in _named(released).items()}
    ours = {name: x.to(types[name]) for name, x in named.items() if name in types}
    network.load_state_dict(ours, assign=True)


def _named(released: ReleasedFile) -> dict[str, Tensor]:
    """Take the weights of a file, those of the shared module under the name we know it by."""
    weights = dict(state_of(released))
    return weights | {name: weights[other] for name, other in shared_names(weights).items()}


def _block(name: str) -> int:
    """Give the index of the block a parameter belongs to; -1 where to none."""
    words = name.split('.')
    return int(words[2]) if words[:2] == ['backbone', 'blocks'] else -1


def _put(network: nn.Module, name: str, parameter: nn.Parameter) -> None:
    stem, _, leaf = name.rpartition('.')
    setattr(network.get_submodule(stem), leaf, parameter)
