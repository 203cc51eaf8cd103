"""What network a released weight file was made for (OccAny spec, section 1)."""

from collections.abc import Mapping
import re
from typing import Any, Final, get_args

from occany_ros.models.checkpoint_file import call_settings, CheckpointError, ReleasedFile
from occany_ros.models.checkpoint_keys import RECONSTRUCTION, RENDERING
from occany_ros.models.config import (
    Activation,
    DecoderConfig,
    EncoderConfig,
    Family,
    OccAnyConfig,
    RayMapConfig,
)
from torch import Tensor

# What the parts of a network that have no other size are built for, in the constructor call of
# the decoder and in the arguments of the training run. What a file does not record is as here.
MUST3R_SETTINGS: Final = {'patch_size': 16, 'feedback_type': 'single_mlp', 'memory_mode': 'kv'}
OCCANY_SETTINGS: Final = {'pred_sam_features': True, 'use_multitask_token': True}
RENDERING_SETTINGS: Final = {
    'use_raymap_only_conditioning': False,
    'projection_features': 'pts3d_local,pts3d,rgb,conf,sam',
    'sam_model': 'SAM2',
}
HEAD_WIDTH: Final = 64


def family_of(released: ReleasedFile) -> Family | None:
    """Tell the family of a file by its weights; None if it is neither."""
    if not all(name in released.sections for name in RECONSTRUCTION):
        return None
    encoder, decoder = (released.sections[name] for name in RECONSTRUCTION)
    if 'patch_embed.proj.weight' not in encoder or 'feat_embed_enc_to_dec.weight' not in decoder:
        return None
    added = any(name in decoder for name in ('pose_token', 'head_pose.fc1.weight'))
    return 'occany' if added else 'must3r'


def config_of(released: ReleasedFile, family: Family = 'occany') -> OccAnyConfig:
    """
    Find the sizes of the network in a file.

    Widths are those of the weights; what weights do not show stands in the recorded constructor
    calls, or is as in the released files. A file of the released width must have the released
    depth as well unless it records another one: blocks that are not there are then missed.

    :param family: what the file must be.
    :raises CheckpointError: if it was made for another kind of network.
    """
    absent = tuple(name for name in RECONSTRUCTION if name not in released.sections)
    if absent:
        wanted = ' and '.join(RECONSTRUCTION)
        raise CheckpointError(released.path, f'expected the sections {wanted}', missing=absent)
    try:
        encoder, decoder = (_recorded_call(released, name) for name in RECONSTRUCTION)
        _refuse_others(released, decoder, family)
        width = _weight(released, 'encoder', 'norm_enc.weight').shape[0]
        decoder_width = _weight(released, 'decoder', 'norm_dec.weight').shape[0]
        return OccAnyConfig(
            encoder=EncoderConfig(
                width=width,
                depth=_depth(released.sections['encoder'], encoder, width, EncoderConfig()),
                heads=_heads(encoder, width),
            ),
            decoder=DecoderConfig(
                encoder_width=width,
                width=decoder_width,
                depth=_depth(
                    released.sections['decoder'], decoder, decoder_width, DecoderConfig()
                ),
                heads=_heads(decoder, decoder_width),
                feature_size=int(decoder.get('distill_img_size', 512)),
                activation=_activation(released, decoder, family),
                family=family,
            ),
            ray_maps=_ray_maps(released, width) if family == 'occany' else None,
            image_size=_image_size(decoder),
        )
    except (TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(released.path, f'its settings do not fit: {error}') from error


def _refuse_others(released: ReleasedFile, decoder: Mapping[str, Any], family: Family) -> None:
    """Refuse networks of which the weights would load and mean something else."""
    is_occany = family == 'occany'
    needed = MUST3R_SETTINGS | (OCCANY_SETTINGS if is_occany else {})
    different = _different('decoder', decoder, needed)
    if is_occany and any(name in released.sections for name in RENDERING):
        different += _different('args', released.arguments, RENDERING_SETTINGS)
    if different:
        raise ValueError(', '.join(different))


def _different(owner: str, given: Mapping[str, Any], needed: Mapping[str, object]) -> list[str]:
    def plain(value: object) -> object:
        return value.replace(' ', '').lower() if isinstance(value, str) else value

    return [
        f'{owner}.{name}={given[name]!r} instead of {value!r}'
        for name, value in needed.items()
        if given.get(name) is not None and plain(given[name]) != plain(value)
    ]


def _recorded_call(released: ReleasedFile, name: str) -> dict[str, Any]:
    text = released.arguments.get(name)
    return call_settings(text) if isinstance(text, str) and '(' in text else {}


def _weight(released: ReleasedFile, section: str, key: str) -> Tensor:
    try:
        return released.sections[section][key]
    except KeyError as error:
        name = key if section in released.sections else ''
        missing = (f'{section}.{name}'.rstrip('.'),)
        raise CheckpointError(released.path, 'it is incomplete', missing=missing) from error


def _heads(call: Mapping[str, Any], width: int) -> int:
    """Attention heads as recorded, else of the released width, which weights do not show."""
    if 'num_heads' in call:
        return int(call['num_heads'])
    if width % HEAD_WIDTH:
        raise ValueError(f'num_heads: expected a record of it for tokens {width} wide, got none')
    return width // HEAD_WIDTH


def _depth(
    weights: Mapping[str, Tensor],
    call: Mapping[str, Any],
    width: int,
    usual: EncoderConfig | DecoderConfig,
) -> int:
    """Blocks as recorded, else as released for the released width, else as many as there are."""
    if 'depth' in call:
        return int(call['depth'])
    if width == usual.width:
        return usual.depth
    found = (re.match(r'blocks_\w+\.(\d+)\.', key) for key in weights)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def _activation(released: ReleasedFile, decoder: Mapping[str, Any], family: Family) -> Activation:
    """
    Find how raw numbers become points.

    Both OccAny files are linear. MUSt3R is exponential where nothing else is recorded: the
    decoder's constructor is told where it is to be linear (OccAny spec, section 1).
    """
    given = decoder.get('pointmaps_activation', released.arguments.get('pointmaps_activation'))
    if given is None:
        return 'linear' if family == 'occany' else 'norm_exp'
    name = str(given).lower()
    for choice in get_args(Activation):
        if name == choice:
            return choice
    choices = ' or '.join(get_args(Activation))
    raise ValueError(f'pointmaps_activation: expected {choices}, got {given!r}')


def _ray_maps(released: ReleasedFile, encoder_width: int) -> RayMapConfig | None:
    if not any(name in released.sections for name in RENDERING):
        return None
    part = _weight(released, 'raymap_encoder', 'patch_embed_pts3d.proj.weight')
    mixed = _weight(released, 'raymap_encoder', 'patch_embed_proj.weight')
    return RayMapConfig(
        encoder_width=encoder_width, width=mixed.shape[0], part_width=part.shape[0]
    )


def _image_size(decoder: Mapping[str, Any]) -> int:
    size = decoder.get('img_size', 512)
    return int(max(size) if isinstance(size, (list, tuple)) else size)
