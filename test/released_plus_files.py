"""Files of OccAny+ and Depth Anything 3 made up by tests: names and shapes as released."""

import argparse
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
import math

from safetensors.torch import save_file
import torch

GRID_ENTRIES = 1370
BACKBONE = 'model.backbone.pretrained'


@dataclass(frozen=True)
class Sizes:
    """
    What makes the shapes of one network (OccAny+ spec, section 1).

    :param start: first block with normalised queries.
    :param fused: whether the blocks have a gated feed-forward part.
    :param features: channels of the depth and ray branches, and of each of their four stages.
    :param sam: the same of the semantic head, with the widths of its neck behind.
    :param part: channels of each kind of conditioning map.
    """

    width: int = 384
    depth: int = 12
    start: int = 4
    fused: bool = False
    features: tuple[int, ...] = (64, 48, 96, 192, 384)
    sam: tuple[int, ...] = (256, 256, 512, 1024, 1024, 1024, 256)
    part: int = 256


SMALL = Sizes()
BASE = replace(SMALL, width=768, features=(128, 96, 192, 384, 768))
LARGE = replace(SMALL, width=1024, depth=24, start=8, features=(256, 256, 512, 1024, 1024))
GIANT = replace(LARGE, width=1536, depth=40, start=13, fused=True)


def layer(name, *shape):
    """Name the weight of a shape, and its bias."""
    return {f'{name}.weight': shape, f'{name}.bias': shape[:1]}


def upward(name, inputs, outputs, edge):
    """Name the weights of a transposed convolution, whose first axis is its input."""
    return {f'{name}.weight': (inputs, outputs, edge, edge), f'{name}.bias': (outputs,)}


def block(name, width, *, fused, has_norms):
    hidden = -(-int(8 * width / 3) // 8) * 8 if fused else 4 * width
    parts = layer(f'{name}.norm1', width) | layer(f'{name}.attn.qkv', 3 * width, width)
    if has_norms:
        parts |= layer(f'{name}.attn.q_norm', 64) | layer(f'{name}.attn.k_norm', 64)
    parts |= layer(f'{name}.attn.proj', width, width) | {f'{name}.ls1.gamma': (width,)}
    parts |= layer(f'{name}.norm2', width) | {f'{name}.ls2.gamma': (width,)}
    first, second = ('w12', 'w3') if fused else ('fc1', 'fc2')
    parts |= layer(f'{name}.mlp.{first}', hidden * (2 if fused else 1), width)
    return parts | layer(f'{name}.mlp.{second}', width, hidden)


def backbone(sizes):
    width = sizes.width
    shapes = {
        f'{BACKBONE}.cls_token': (1, 1, width),
        f'{BACKBONE}.camera_token': (1, 2, width),
        f'{BACKBONE}.pos_embed': (1, GRID_ENTRIES, width),
        **layer(f'{BACKBONE}.patch_embed.proj', width, 3, 14, 14),
        **layer(f'{BACKBONE}.norm', width),
    }
    for index in range(sizes.depth):
        has_norms = index >= sizes.start
        name = f'{BACKBONE}.blocks.{index}'
        shapes |= block(name, width, fused=sizes.fused, has_norms=has_norms)
    return shapes


def pyramid(name, inputs, features, stages, chains=('',)):
    shapes = {}
    for index, stage in enumerate(stages):
        shapes |= layer(f'{name}.projects.{index}', stage, inputs, 1, 1)
        shapes[f'{name}.scratch.layer{index + 1}_rn.weight'] = (features, stage, 3, 3)
    shapes |= upward(f'{name}.resize_layers.0', stages[0], stages[0], 4)
    shapes |= upward(f'{name}.resize_layers.1', stages[1], stages[1], 2)
    shapes |= layer(f'{name}.resize_layers.3', stages[3], stages[3], 3, 3)
    for chain in chains:
        for index in range(1, 5):
            fusion = f'{name}.scratch.refinenet{index}{chain}'
            units = ('resConfUnit2',) if index == 4 else ('resConfUnit1', 'resConfUnit2')
            for unit in units:
                for conv in ('conv1', 'conv2'):
                    shapes |= layer(f'{fusion}.{unit}.{conv}', features, features, 3, 3)
            shapes |= layer(f'{fusion}.out_conv', features, features, 1, 1)
    return shapes


def depth_and_ray_head(sizes, name='model.head'):
    features, *stages = sizes.features
    half, scratch = features // 2, f'{name}.scratch'
    shapes = pyramid(name, 2 * sizes.width, features, stages, ('', '_aux'))
    shapes |= layer(f'{name}.norm', 2 * sizes.width)
    shapes |= layer(f'{scratch}.output_conv1', half, features, 3, 3)
    shapes |= layer(f'{scratch}.output_conv2.0', 32, half, 3, 3)
    shapes |= layer(f'{scratch}.output_conv2.2', 2, 32, 1, 1)
    for level in range(4):
        for index in range(5):
            ends = (half, features) if index % 2 == 0 else (features, half)
            shapes |= layer(f'{scratch}.output_conv1_aux.{level}.{index}', *ends, 3, 3)
        shapes |= layer(f'{scratch}.output_conv2_aux.{level}.0', 32, half, 3, 3)
        shapes |= layer(f'{scratch}.output_conv2_aux.{level}.2', 32)
        shapes |= layer(f'{scratch}.output_conv2_aux.{level}.5', 7, 32, 1, 1)
    return shapes


def semantic_head(sizes):
    features, *stages, wide, narrow = sizes.sam
    neck, mid = 'head_sam.neck.convs', wide // 2
    shapes = pyramid('head_sam.proj', 2 * sizes.width, features, stages)
    shapes |= layer('head_sam.proj.final_proj', wide, features, 1, 1)
    shapes |= upward(f'{neck}.0.dconv_2x2_0', wide, mid, 2)
    shapes |= upward(f'{neck}.0.dconv_2x2_1', mid, mid // 2, 2)
    shapes |= upward(f'{neck}.1.dconv_2x2', wide, mid, 2)
    for level, inputs in enumerate((mid // 2, mid, wide, wide)):
        shapes |= layer(f'{neck}.{level}.conv_1x1', narrow, inputs, 1, 1)
        shapes |= layer(f'{neck}.{level}.conv_3x3', narrow, narrow, 3, 3)
    return shapes


def conditioning(sizes):
    narrow = sizes.sam[-1]
    kinds = {'pts3d_local': 3, 'pts3d': 3, 'rgb': 3, 'conf': 1}
    kinds |= {f'sam3_s{level}': narrow for level in range(3)}
    shapes = {}
    for kind, channels in kinds.items():
        name = f'gen_input_encoder.patch_embed_{kind}.proj'
        shapes |= layer(name, sizes.part, channels, 14, 14)
    name = 'gen_input_encoder.patch_embed_proj'
    shapes |= layer(name, sizes.width, len(kinds) * sizes.part)
    return shapes | layer('gen_input_encoder.norm_enc', sizes.width)


def gaussian_head(sizes):
    features, *stages = sizes.features
    name = 'model.gs_head'
    shapes = pyramid(name, 2 * sizes.width, features, stages)
    shapes |= layer(f'{name}.scratch.output_conv1', features // 2, features, 3, 3)
    shapes |= layer(f'{name}.scratch.output_conv2.0', 32, features // 2, 3, 3)
    shapes |= layer(f'{name}.scratch.output_conv2.2', 38, 32, 1, 1)
    widths = (3, 32, 64, 128)
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        shapes |= layer(f'{name}.images_merger.{2 * index}', outputs, inputs, 3, 3)
    return shapes


def distillation_branch(sizes, blocks=6):
    shapes = depth_and_ray_head(sizes, 'aux_head')
    for index in range(blocks):
        shapes |= block(f'aux_blocks.{index}', sizes.width, fused=sizes.fused, has_norms=True)
    return shapes


def camera_modules(sizes):
    width, wide = sizes.width, 2 * sizes.width
    shapes = layer('model.cam_dec.backbone.0', wide, wide)
    shapes |= layer('model.cam_dec.backbone.2', wide, wide)
    shapes |= layer('model.cam_dec.fc_t', 3, wide) | layer('model.cam_dec.fc_qvec', 4, wide)
    shapes |= layer('model.cam_dec.fc_fov.0', 2, wide)
    for index in range(4):
        name = f'model.cam_enc.trunk.{index}'
        shapes |= block(name, width, fused=False, has_norms=False)
    shapes |= layer('model.cam_enc.token_norm', width) | layer('model.cam_enc.trunk_norm', width)
    shapes |= layer('model.cam_enc.pose_branch.fc1', width // 2, 9)
    return shapes | layer('model.cam_enc.pose_branch.fc2', width, width // 2)


def reconstruction_shapes(sizes=SMALL):
    shapes = backbone(sizes) | depth_and_ray_head(sizes) | semantic_head(sizes)
    return shapes | (gaussian_head(sizes) if sizes.fused else {})


def rendering_shapes(sizes=SMALL):
    return backbone(sizes) | depth_and_ray_head(sizes) | semantic_head(sizes) | conditioning(sizes)


def plain_shapes(sizes=SMALL):
    """List what a public file of Depth Anything 3 holds: what is shared stands there once."""
    shapes = backbone(sizes) | depth_and_ray_head(sizes) | camera_modules(sizes)
    shapes |= gaussian_head(sizes) if sizes.fused else {}
    repeated = [f'output_conv2_aux.{level}.2.' for level in (1, 2, 3)]
    return {key: x for key, x in shapes.items() if not any(part in key for part in repeated)}


def drawn(key, shape):
    """Draw a weight from its name, strong enough that images matter (section 15, rule B)."""
    seed = int.from_bytes(sha256(key.encode()).digest()[:7], 'big')
    z = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if len(shape) == 1:
        about = 0.1 if key.endswith('.gamma') else 0.0 if key.endswith('.bias') else 1.0
        return about + 0.02 * z
    is_table = key.endswith(('cls_token', 'camera_token', 'pos_embed'))
    return z * (0.02 if is_table else 1.0 / math.sqrt(math.prod(shape[1:])))


def drawn_state(shapes):
    return {key: drawn(key, shape) for key, shape in shapes.items()}


RECONSTRUCTION_ARGUMENTS = {
    'da3_model_name': 'depth-anything/DA3-LARGE-1.1',
    'sam3_use_dpt_proj': True,
    'projection_features': 'pts3d_local,pts3d,rgb,conf',
    'fine_tune_layers': '18,19,20,21,22,23',
    'img_size': 518,
}
RENDERING_ARGUMENTS = {
    'da3_model_name': 'depth-anything/DA3-LARGE',
    'sam3_use_dpt_proj': True,
    'projection_features': 'pts3d_local,pts3d,rgb,conf,sam3',
    'fine_tune_layers': '0,1,2,3,4,5,6,7',
    'gen_alt_start': 0,
    'img_size': 518,
}


def save_plus(path, state, **arguments):
    """Write a state as the training script does, with what belongs to training."""
    moments = {'step': torch.tensor(1.0), 'exp_avg': torch.ones(2), 'exp_avg_sq': torch.ones(2)}
    content = {
        'model': state,
        'optimizer': {'state': {0: moments}, 'param_groups': [{'lr': 5e-5, 'params': [0]}]},
        'scaler': {'scale': 65536.0, 'growth_factor': 2.0},
        'args': argparse.Namespace(lr=5e-5, epochs=100, **arguments),
        'epoch': 100,
    }
    torch.save(content, path)
    return path


def save_plain(path, state):
    """Write a state as the public model files are written."""
    save_file(state, path, metadata={'format': 'pt'})
    return path


SMALL_IMAGES = {'img_size': 112}
SMALL_RENDERING = RENDERING_ARGUMENTS | SMALL_IMAGES | {'fine_tune_layers': '0,1,2,3'}


def rendering_state(state, sizes, changed):
    """Make the second file's weights of the first one's; those of some blocks differ."""
    second = drawn_state(conditioning(sizes)) | state
    for key in state:
        if key.startswith(tuple(f'{BACKBONE}.blocks.{index}.' for index in changed)):
            second[key] = 0.9 * state[key]
    return second


def write_small_files(folder):
    """
    Write all three kinds of files in the smallest size.

    Their semantic features are made for small images. What was trained for rendering differs from
    the reconstruction, and so does a block that OccAny would not take from the second file.
    """
    state = drawn_state(reconstruction_shapes())
    save_plus(folder / 'recon.pth', state, **(RECONSTRUCTION_ARGUMENTS | SMALL_IMAGES))
    second = rendering_state(state, SMALL, changed=(0, 1, 2, 3, 9))
    save_plus(folder / 'gen.pth', second, **SMALL_RENDERING)
    save_plain(folder / 'model.safetensors', drawn_state(plain_shapes()))


def write_released_files(folder, sizes):
    """Write both files of OccAny+ under their released names."""
    state = drawn_state(reconstruction_shapes(sizes))
    save_plus(folder / 'occany_plus_recon.pth', state, **RECONSTRUCTION_ARGUMENTS)
    second = rendering_state(state, sizes, changed=range(sizes.start))
    save_plus(folder / 'occany_plus_gen.pth', second, **RENDERING_ARGUMENTS)
