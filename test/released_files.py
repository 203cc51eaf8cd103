"""Released weight files made up by tests: their names, shapes and classes, drawn numbers."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
import enum
import sys
import types

from occany_ros.evaluation.parity.deterministic import drawn_weight
from occany_ros.models.checkpoint_manifest import manifest_of, RELEASED_SIZE
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
import torch

SMALL = OccAnyConfig(
    encoder=EncoderConfig(width=64, depth=2, heads=2),
    decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
)
SMALL_RENDERING = replace(SMALL, ray_maps=RayMapConfig(encoder_width=64, width=40, part_width=16))
SMALL_CALLS = {
    'encoder': 'Encoder(img_size=(512, 512), embed_dim=64, num_heads=2)',
    'decoder': (
        'Decoder(img_size=(512, 512), enc_embed_dim=64, embed_dim=48, num_heads=4, '
        'distill_img_size=64, pointmaps_activation=ActivationType.LINEAR, '
        "pred_sam_features=True, feedback_type='single_mlp', memory_mode='kv', "
        'ray_map_encoder_depth=6, use_multitask_token=True)'
    ),
}
DIT_BLOCKS = 6
FULL_SIZE_SCALE = 0.12  # spreads points over metres, where 0.02 leaves them within one
ENUM_MODULES = ('occany.model.must3r_blocks.head', 'occany.must3r_blocks.head')


def all_shapes(config=RELEASED_SIZE):
    """List every weight of a file with both stages, those that nobody reads among them."""
    sections = {name: dict(keys) for name, keys in manifest_of('occany', config).items()}
    for name, shape in unread_shapes(config):
        section, _, key = name.partition('.')
        sections[section][key] = shape
    return sections


def unread_shapes(config) -> Iterator[tuple[str, tuple[int, ...]]]:
    width = config.decoder.width
    for index in range(config.decoder.depth):
        block = f'gen_decoder.blocks_dec.{index}'
        yield f'{block}.norm_y.weight', (width,)
        yield f'{block}.norm_y.bias', (width,)
        yield from linear(f'{block}.cross_attn.projk', width, width)
        yield from linear(f'{block}.cross_attn.projv', width, width)
    yield 'gen_decoder.feedback_norm.weight', (width,)
    yield 'gen_decoder.feedback_norm.bias', (width,)
    for name, end in (('feedback_layer', width), ('head_pose', 7)):
        yield from linear(f'gen_decoder.{name}.fc1', width, 4 * width)
        yield from linear(f'gen_decoder.{name}.fc2', 4 * width, end)
    width = config.ray_maps.width
    yield from linear('raymap_encoder.t_embedder.mlp.0', 256, width)
    yield from linear('raymap_encoder.t_embedder.mlp.2', width, width)
    yield from linear('raymap_encoder.proj_mem', config.encoder.width, width)
    for index in range(DIT_BLOCKS):
        block = f'raymap_encoder.blocks_enc.{index}'
        yield from linear(f'{block}.attn.qkv', width, 3 * width)
        yield from linear(f'{block}.attn.proj', width, width)
        yield from linear(f'{block}.mlp.fc1', width, 4 * width)
        yield from linear(f'{block}.mlp.fc2', 4 * width, width)


def linear(name, inputs, outputs):
    yield f'{name}.weight', (outputs, inputs)
    yield f'{name}.bias', (outputs,)


def drawn_sections(shapes, scale=0.02):
    return {
        section: {
            key: drawn_weight(f'{section}.{key}', shape, scale) for key, shape in keys.items()
        }
        for section, keys in shapes.items()
    }


def training_state():
    """Make up what a file holds beside weights."""
    moments = {'step': torch.tensor(1.0), 'exp_avg': torch.ones(2), 'exp_avg_sq': torch.ones(2)}
    optimizer = {'state': {0: moments}, 'param_groups': [{'lr': 7e-5, 'params': [0]}]}
    return {'optimizer': optimizer, 'scaler': {'scale': 65536.0}, 'epoch': 99}


@contextmanager
def enum_of_released_files(module):
    """Provide the enumeration of the released files while one is written."""
    kind = enum.Enum('ActivationType', {'NORM_EXP': 'norm_exp', 'LINEAR': 'linear'})
    kind.__module__ = module
    words = module.split('.')
    names = ['.'.join(words[:end]) for end in range(1, len(words) + 1)]
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: types.ModuleType(name) for name in names})
    sys.modules[module].ActivationType = kind
    try:
        yield kind
    finally:
        for name, old in before.items():
            del sys.modules[name]
            if old is not None:
                sys.modules[name] = old


RELEASED_CALLS = {
    'encoder': 'Dust3rEncoder(img_size=(512, 512), embed_dim=1024)',
    'decoder': (
        'Decoder(img_size=(512, 512), enc_embed_dim=1024, embed_dim=768, '
        'pointmaps_activation=ActivationType.LINEAR, pred_sam_features=True, '
        "feedback_type='single_mlp', memory_mode='kv', ray_map_encoder_depth=6, "
        'use_multitask_token=True)'
    ),
}


def save_released(path, sections, *, module=ENUM_MODULES[0], activation='LINEAR', **arguments):
    """
    Write weights as the released files hold them, training state included.

    :param arguments: of the training run, beside or instead of the usual ones.
    """
    with enum_of_released_files(module) as kind:
        given = {**RELEASED_CALLS, 'lr': 7e-5, 'output_dir': None, **arguments}
        if activation is not None:
            given['pointmaps_activation'] = kind[activation]
        content = {**sections, **training_state(), 'args': argparse.Namespace(**given)}
        torch.save(content, path)
    return path
