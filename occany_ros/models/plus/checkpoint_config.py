"""What network a released file of OccAny+ or Depth Anything 3 was made for (OccAny+ §1)."""

from collections.abc import Mapping
import re
from typing import Any, Final, Literal

from occany_ros.models.checkpoint_file import CheckpointError, ReleasedFile, STATE
from occany_ros.models.plus.config import BackboneName, BACKBONES, PATCH, PlusConfig
from torch import Tensor

PlusVariant = Literal['occany_plus', 'da3']
Role = Literal['reconstruction', 'rendering']
State = Mapping[str, Tensor]

_WIDTH_OF: Final = 'model.backbone.pretrained.cls_token'
_FEATURES: Final = 'head_sam.'
_ENCODER: Final = 'gen_input_encoder.'
_USUAL_SIZE: Final = 518
# Settings of the training run that change the network, as they are in the released files; a file
# may be silent about them.
_SETTINGS: Final[dict[str, tuple[object, ...]]] = {'sam3_use_dpt_proj': (True,)}
_RENDERING_SETTINGS: Final[dict[str, tuple[object, ...]]] = _SETTINGS | {
    'projection_features': ('pts3d_local,pts3d,rgb,conf,sam3',),
    'gen_alt_start': (0,),
}


def state_of(released: ReleasedFile) -> State:
    """Take the weights of a file; none for a file of another family."""
    return released.sections.get(STATE, {})


def plus_variant_of(released: ReleasedFile) -> PlusVariant | None:
    """Tell which of the two families a file belongs to by its weights; None if to neither."""
    state = state_of(released)
    if _WIDTH_OF not in state:
        return None
    return 'occany_plus' if any(name.startswith(_FEATURES) for name in state) else 'da3'


def role_of(released: ReleasedFile) -> Role:
    """Tell whether a file is a second one, which renders novel views."""
    renders = any(name.startswith(_ENCODER) for name in state_of(released))
    return 'rendering' if renders else 'reconstruction'


def plus_config_of(released: ReleasedFile) -> PlusConfig:
    """
    Find the sizes of the network in a file.

    :param released: a file of one of the two families, whatever its role.
    :raises CheckpointError: if it was made for another kind of network.
    """
    try:
        role, variant = role_of(released), plus_variant_of(released)
        if variant == 'occany_plus':
            _refuse_others(released.arguments, role)
        name = _backbone(state_of(released))
        if role == 'rendering':
            _refuse_other_split(released.arguments, name)
        return PlusConfig(
            name=name,
            feature_size=None if variant == 'da3' else _feature_size(released.arguments),
            imagines=role == 'rendering',
            is_plain=variant == 'da3',
        )
    except (TypeError, ValueError) as error:
        raise CheckpointError(released.path, f'its settings do not fit: {error}') from error


def _backbone(state: State) -> BackboneName:
    width = state[_WIDTH_OF].shape[-1]
    for name, size in BACKBONES.items():
        if size.width == width:
            return name
    known = ', '.join(str(size.width) for size in BACKBONES.values())
    raise ValueError(f'width of a token: expected one of {known}, got {width}')


def _feature_size(arguments: Mapping[str, Any]) -> int:
    """Take the size of images as recorded; the released code goes by the images, so by 518."""
    size = arguments.get('img_size')
    return size if isinstance(size, int) and size > 0 and not size % PATCH else _USUAL_SIZE


def _refuse_others(arguments: Mapping[str, Any], role: Role) -> None:
    """Refuse networks of which the weights would load and mean something else."""
    needed = _RENDERING_SETTINGS if role == 'rendering' else _SETTINGS
    different = [
        f'{name}={arguments[name]!r} instead of {choices[0]!r}'
        for name, choices in needed.items()
        if arguments.get(name) is not None and _plain(arguments[name]) not in choices
    ]
    if different:
        raise ValueError(', '.join(different))


def _refuse_other_split(arguments: Mapping[str, Any], name: BackboneName) -> None:
    """Refuse a rendering stage whose own blocks are others than those before the split."""
    given = arguments.get('fine_tune_layers')
    if given is None:
        return
    numbers = [int(number) for number in re.findall(r'\d+', str(given))]
    last = BACKBONES[name].first_turned - 1
    if not numbers or max(numbers) != last:
        raise ValueError(f'fine_tune_layers={given!r} instead of those up to {last}')


def _plain(value: object) -> object:
    return value.replace(' ', '') if isinstance(value, str) else value
