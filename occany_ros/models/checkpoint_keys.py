"""
Names of the released weights, and ours; the only place that knows both.

A released file has a section for each network and, in it, one entry for each parameter. Sections
`encoder` and `decoder` make up the reconstruction network; `gen_decoder`, a second decoder with
heads, and `raymap_encoder` render novel views. Part of what these hold is read by nobody at
inference (OccAny spec, sections 1 and 9): such names are known, and have no name of ours.
"""

import re
from typing import Final

RECONSTRUCTION: Final = ('encoder', 'decoder')
RENDERING: Final = ('gen_decoder', 'raymap_encoder')

# (section, released pattern, our pattern); a star stands for a block index. Each pattern names a
# module or a bare parameter; `.weight` and `.bias` follow modules unchanged.
_PAIRS: Final = (
    ('encoder', 'patch_embed.proj', 'encoder.embedding.projection'),
    ('encoder', 'blocks_enc.*.norm1', 'encoder.blocks.*.norm_attention'),
    ('encoder', 'blocks_enc.*.attn.qkv', 'encoder.blocks.*.attention.query_key_value'),
    ('encoder', 'blocks_enc.*.attn.proj', 'encoder.blocks.*.attention.output'),
    ('encoder', 'blocks_enc.*.norm2', 'encoder.blocks.*.norm_mlp'),
    ('encoder', 'blocks_enc.*.mlp.fc1', 'encoder.blocks.*.mlp.expand'),
    ('encoder', 'blocks_enc.*.mlp.fc2', 'encoder.blocks.*.mlp.contract'),
    ('encoder', 'norm_enc', 'encoder.norm'),
    ('decoder', 'feat_embed_enc_to_dec', 'decoder.projection'),
    ('decoder', 'pose_token', 'decoder.pose_token'),
    ('decoder', 'image2_embed', 'decoder.later_view'),
    ('decoder', 'blocks_dec.*.norm1', 'decoder.blocks.*.norm_attention'),
    ('decoder', 'blocks_dec.*.attn.qkv', 'decoder.blocks.*.attention.query_key_value'),
    ('decoder', 'blocks_dec.*.attn.proj', 'decoder.blocks.*.attention.output'),
    ('decoder', 'blocks_dec.*.norm2', 'decoder.blocks.*.norm_query'),
    ('decoder', 'blocks_dec.*.norm_y', 'decoder.blocks.*.norm_memory'),
    ('decoder', 'blocks_dec.*.cross_attn.projq', 'decoder.blocks.*.cross_attention.query'),
    ('decoder', 'blocks_dec.*.cross_attn.projk', 'decoder.blocks.*.cross_attention.key'),
    ('decoder', 'blocks_dec.*.cross_attn.projv', 'decoder.blocks.*.cross_attention.value'),
    ('decoder', 'blocks_dec.*.cross_attn.proj', 'decoder.blocks.*.cross_attention.output'),
    ('decoder', 'blocks_dec.*.norm3', 'decoder.blocks.*.norm_mlp'),
    ('decoder', 'blocks_dec.*.mlp.fc1', 'decoder.blocks.*.mlp.expand'),
    ('decoder', 'blocks_dec.*.mlp.fc2', 'decoder.blocks.*.mlp.contract'),
    ('decoder', 'inject_pose_token.*.0.fc1', 'decoder.blocks.*.injection.expand'),
    ('decoder', 'inject_pose_token.*.0.fc2', 'decoder.blocks.*.injection.contract'),
    ('decoder', 'feedback_norm', 'decoder.feedback_norm'),
    ('decoder', 'feedback_layer.fc1', 'decoder.feedback.expand'),
    ('decoder', 'feedback_layer.fc2', 'decoder.feedback.contract'),
    ('decoder', 'norm_dec', 'decoder.norm'),
    ('decoder', 'pts3d_task_token', 'heads.point_task'),
    ('decoder', 'rgb_task_token', 'heads.colour_task'),
    ('decoder', 'sam_task_token', 'heads.feature_task'),
    ('decoder', 'head_dec.proj', 'heads.point'),
    ('decoder', 'head_rgb.proj.fc1', 'heads.colour.expand'),
    ('decoder', 'head_rgb.proj.fc2', 'heads.colour.contract'),
    ('decoder', 'head_pose.fc1', 'heads.pose.expand'),
    ('decoder', 'head_pose.fc2', 'heads.pose.contract'),
    ('decoder', 'head_sam.proj.fc1', 'heads.feature.projection.expand'),
    ('decoder', 'head_sam.proj.fc2', 'heads.feature.projection.contract'),
    ('decoder', 'head_sam.up1.1', 'heads.feature.middle'),
    ('decoder', 'head_sam.up1.2', 'heads.feature.middle_norm.norm'),
    ('decoder', 'head_sam.up2.1', 'heads.feature.fine'),
)

_RAY_MAP_PAIRS: Final = (
    ('patch_embed_pts3d_local.proj', 'ray_maps.local_points'),
    ('patch_embed_pts3d.proj', 'ray_maps.world_points'),
    ('patch_embed_rgb.proj', 'ray_maps.colour'),
    ('patch_embed_conf.proj', 'ray_maps.confidence'),
    ('patch_embed_sam_256.proj', 'ray_maps.coarse'),
    ('patch_embed_sam_64.proj', 'ray_maps.middle'),
    ('patch_embed_sam_32.proj', 'ray_maps.fine'),
    ('patch_embed_proj', 'ray_maps.mix'),
    ('proj', 'ray_maps.projection'),
    ('norm_enc', 'ray_maps.norm'),
)

# The second decoder writes no memory and its poses are given; the ray-map encoder's transformer,
# and what feeds it, ends in nothing.
_UNUSED: Final = re.compile(
    r'gen_decoder\.(?:blocks_dec\.\d+\.(?:norm_y|cross_attn\.proj[kv])'
    r'|feedback_norm|feedback_layer\.fc[12]|head_pose\.fc[12])\.(?:weight|bias)'
    r'|raymap_encoder\.(?:t_embedder\.mlp\.[02]|proj_mem'
    r'|blocks_enc\.\d+\.(?:attn\.(?:qkv|proj)|mlp\.fc[12]))\.(?:weight|bias)'
)

# What OccAny added to the network it grew from (OccAny spec, section 15).
_SINCE_MUST3R: Final = re.compile(
    r'pose_token|\w+_task_token|inject_pose_token\..*|head_(?:pose|rgb|sam)\..*'
)

_OURS: Final = {
    **{f'{section}.{released}': ours for section, released, ours in _PAIRS},
    **{
        f'gen_decoder.{released}': f'novel_{ours}'
        for section, released, ours in _PAIRS
        if section == 'decoder'
    },
    **{f'raymap_encoder.{released}': ours for released, ours in _RAY_MAP_PAIRS},
}
_RELEASED: Final = {ours: released for released, ours in _OURS.items()}


def ours_from_released(name: str) -> str | None:
    """
    Translate a released name.

    :param name: section and key, e.g. ``decoder.blocks_dec.3.norm1.weight``.
    :returns: the name in `occany_ros.models.occany.OccAny`, None if it has no such parameter.
    """
    return None if is_unused(name) else _translate(name, _OURS)


def is_unused(name: str) -> bool:
    """Tell whether a released name is known and nobody reads its weight at inference."""
    return _UNUSED.fullmatch(name) is not None


def is_since_must3r(name: str) -> bool:
    """Tell whether the weight of a released name is one that plain MUSt3R does not have."""
    section, _, key = name.partition('.')
    return section in RENDERING or _SINCE_MUST3R.fullmatch(key) is not None


def released_from_ours(name: str) -> str | None:
    """Translate a parameter name of `OccAny` into section and key; None if there is none."""
    released = _translate(name, _RELEASED)
    return None if released is None or is_unused(released) else released


def _translate(name: str, table: dict[str, str]) -> str | None:
    module, dot, leaf = name.rpartition('.')
    if leaf not in ('weight', 'bias'):
        module, dot, leaf = name, '', ''
    block = re.search(r'(?<=\.)(?:blocks\w*|inject_pose_token)\.(\d+)(?=\.)', module)
    if block is None:
        target = table.get(module)
        return None if target is None else f'{target}{dot}{leaf}'
    start, end = block.span(1)
    target = table.get(f'{module[:start]}*{module[end:]}')
    return None if target is None else f'{target.replace("*", block[1])}{dot}{leaf}'
