"""Names of the released weights of OccAny+, and ours; the only place that knows both."""

import re
from typing import Final

_BACKBONE: Final = 'model.backbone.pretrained'
_SURFACES: Final = 'model.head'
_FEATURES: Final = 'head_sam'
_ENCODER: Final = 'gen_input_encoder'


def _head(released: str, ours: str) -> tuple[tuple[str, str], ...]:
    """Pair the parts that both pyramid heads have."""
    return (
        (f'{released}.projects.#', f'{ours}.reassembly.projections.#'),
        (f'{released}.resize_layers.#', f'{ours}.reassembly.resizes.#'),
    )


def _chain(released: str, ours: str, suffix: str = '') -> tuple[tuple[str, str], ...]:
    """Pair the fusion steps of one chain; the released count them from 1."""
    pairs = []
    for level in range(4):
        step = f'{released}.scratch.refinenet{level + 1}{suffix}'
        for part, name in (('resConfUnit1', 'lateral'), ('resConfUnit2', 'refine')):
            for conv, order in (('conv1', 'first'), ('conv2', 'second')):
                pairs.append((f'{step}.{part}.{conv}', f'{ours}.steps.{level}.{name}.{order}'))
        pairs.append((f'{step}.out_conv', f'{ours}.steps.{level}.output'))
    return tuple(pairs)


def _narrow(released: str, ours: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f'{released}.scratch.layer{level + 1}_rn', f'{ours}.reassembly.narrow.{level}')
        for level in range(4)
    )


# (released, ours) of a network; # stands for a number. Each names a module, whose `.weight` and
# `.bias` follow unchanged, or a bare parameter.
_NETWORK: Final = (
    (f'{_BACKBONE}.cls_token', 'backbone.class_token'),
    (f'{_BACKBONE}.camera_token', 'backbone.camera_tokens'),
    (f'{_BACKBONE}.pos_embed', 'backbone.places'),
    (f'{_BACKBONE}.patch_embed.proj', 'backbone.embedding.projection'),
    (f'{_BACKBONE}.blocks.#.norm1', 'backbone.blocks.#.norm_attention'),
    (f'{_BACKBONE}.blocks.#.attn.qkv', 'backbone.blocks.#.attention.query_key_value'),
    (f'{_BACKBONE}.blocks.#.attn.q_norm', 'backbone.blocks.#.attention.query_norm'),
    (f'{_BACKBONE}.blocks.#.attn.k_norm', 'backbone.blocks.#.attention.key_norm'),
    (f'{_BACKBONE}.blocks.#.attn.proj', 'backbone.blocks.#.attention.output'),
    (f'{_BACKBONE}.blocks.#.ls1.gamma', 'backbone.blocks.#.scale_attention'),
    (f'{_BACKBONE}.blocks.#.norm2', 'backbone.blocks.#.norm_mlp'),
    (f'{_BACKBONE}.blocks.#.mlp.fc1', 'backbone.blocks.#.mlp.expand'),
    (f'{_BACKBONE}.blocks.#.mlp.fc2', 'backbone.blocks.#.mlp.contract'),
    (f'{_BACKBONE}.blocks.#.ls2.gamma', 'backbone.blocks.#.scale_mlp'),
    (f'{_BACKBONE}.norm', 'backbone.norm'),
    (f'{_SURFACES}.norm', 'surfaces.norm'),
    *_head(_SURFACES, 'surfaces'),
    *_narrow(_SURFACES, 'surfaces'),
    *_chain(_SURFACES, 'surfaces.depth.chain'),
    *_chain(_SURFACES, 'surfaces.ray.chain', '_aux'),
    (f'{_SURFACES}.scratch.output_conv1', 'surfaces.depth.neck'),
    (f'{_SURFACES}.scratch.output_conv2.0', 'surfaces.depth.hidden'),
    (f'{_SURFACES}.scratch.output_conv2.2', 'surfaces.depth.output'),
    (f'{_SURFACES}.scratch.output_conv1_aux.3.#', 'surfaces.ray.neck.#'),
    (f'{_SURFACES}.scratch.output_conv2_aux.3.0', 'surfaces.ray.hidden'),
    (f'{_SURFACES}.scratch.output_conv2_aux.3.2', 'surfaces.ray.norm.norm'),
    (f'{_SURFACES}.scratch.output_conv2_aux.3.5', 'surfaces.ray.output'),
    *_head(f'{_FEATURES}.proj', 'features'),
    *_narrow(f'{_FEATURES}.proj', 'features'),
    *_chain(f'{_FEATURES}.proj', 'features.chain'),
    (f'{_FEATURES}.proj.final_proj', 'features.projection'),
    (f'{_FEATURES}.neck.convs.0.dconv_2x2_0', 'features.levels.0.enlarge.0'),
    (f'{_FEATURES}.neck.convs.0.dconv_2x2_1', 'features.levels.0.enlarge.1'),
    (f'{_FEATURES}.neck.convs.1.dconv_2x2', 'features.levels.1.enlarge.0'),
    *(
        (f'{_FEATURES}.neck.convs.{level}.{conv}', f'features.levels.{level}.{name}')
        for level in range(3)
        for conv, name in (('conv_1x1', 'narrow'), ('conv_3x3', 'smooth'))
    ),
    *(
        (f'{_ENCODER}.patch_embed_{released}.proj', f'encoder.{ours}')
        for released, ours in (
            ('pts3d_local', 'local_points'),
            ('pts3d', 'world_points'),
            ('rgb', 'colour'),
            ('conf', 'confidence'),
            ('sam3_s0', 'fine'),
            ('sam3_s1', 'middle'),
            ('sam3_s2', 'coarse'),
        )
    ),
    (f'{_ENCODER}.patch_embed_proj', 'encoder.projection'),
    (f'{_ENCODER}.norm_enc', 'encoder.norm'),
)
# A gated MLP keeps both halves of its first layer in one weight, under names of their own.
_GATED: Final = (
    (f'{_BACKBONE}.blocks.#.mlp.w12', 'backbone.blocks.#.mlp.expand'),
    (f'{_BACKBONE}.blocks.#.mlp.w3', 'backbone.blocks.#.mlp.contract'),
)
_OURS: Final = dict(_NETWORK) | dict(_GATED)
_RELEASED: Final = {ours: released for released, ours in _NETWORK}
_GATED_RELEASED: Final = _RELEASED | {ours: released for released, ours in _GATED}

_UNREAD: Final = re.compile(
    r'aux_blocks\..*|aux_head\..*|model\.gs_(head|adapter)\..*|model\.cam_(enc|dec)\..*'
    r'|head_sam\.neck\.convs\.3\..*'
    r'|model\.head\.scratch\.output_conv[12]_aux\.[012]\..*'
    r'|(model\.head|head_sam\.proj)\.scratch\.refinenet4(_aux)?\.resConfUnit1\..*'
)


def is_unread(released: str) -> bool:
    """Tell whether a released weight is known to be read by nobody at inference."""
    return _UNREAD.fullmatch(released) is not None


def ours_from_released(released: str) -> str | None:
    """Translate a released name; None for names nobody knows or reads."""
    return None if is_unread(released) else _translated(released, _OURS)


def released_from_ours(name: str, *, is_gated: bool = False) -> str | None:
    """
    Translate a parameter name of ours; None if it has no released counterpart.

    :param name: within one network, seeing or imagining.
    :param is_gated: see `occany_ros.models.plus.config.BackboneConfig`.
    """
    return _translated(name, _GATED_RELEASED if is_gated else _RELEASED)


def _translated(name: str, table: dict[str, str]) -> str | None:
    """Look a name up as it is, without its leaf, and with its block number as a star."""
    module, _, leaf = name.rpartition('.')
    candidates = [(name, '')]
    if leaf in ('weight', 'bias'):
        candidates.append((module, f'.{leaf}'))
    for stem, ending in candidates:
        if stem in table:
            return table[stem] + ending
        for number in re.finditer(r'(?<=\.)\d+(?=\.|$)', stem):
            start, end = number.span()
            target = table.get(f'{stem[:start]}#{stem[end:]}')
            if target is not None:
                return target.replace('#', number[0]) + ending
    return None
