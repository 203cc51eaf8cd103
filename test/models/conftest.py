"""A small OccAny network and a released-style file of its weights."""

import argparse
from dataclasses import replace
import enum
import sys
import types

from occany_ros.models.checkpoint import released_weights
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
import pytest
import torch

SMALL = OccAnyConfig(
    encoder=EncoderConfig(width=64, depth=2, heads=2),
    decoder=DecoderConfig(encoder_width=64, width=48, depth=3, heads=4, feature_size=64),
)
DECODER_CALL = (
    'Decoder(img_size=(512, 512), enc_embed_dim=64, embed_dim=48, num_heads=4, '
    'distill_img_size=64, pointmaps_activation=ActivationType.LINEAR, pred_sam_features=True, '
    "feedback_type='single_mlp', memory_mode='kv', ray_map_encoder_depth=6, "
    'use_multitask_token=True)'
)
ENCODER_CALL = 'Encoder(img_size=(512, 512), embed_dim=64, num_heads=2)'


def randomised(network, seed=9):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


@pytest.fixture(scope='session')
def small_occany():
    return randomised(OccAny(SMALL))


@pytest.fixture(scope='session')
def small_must3r():
    return randomised(OccAny(replace(SMALL, decoder=replace(SMALL.decoder, family='must3r'))))


@pytest.fixture(
    params=['occany.model.must3r_blocks.head', 'occany.must3r_blocks.head'],
    ids=['current', 'older'],
)
def activation_type(request, monkeypatch):
    """Provide the enumeration of the released files while one is written."""
    kind = enum.Enum('ActivationType', {'NORM_EXP': 'norm_exp', 'LINEAR': 'linear'})
    kind.__module__ = request.param
    words = request.param.split('.')
    for end in range(1, len(words) + 1):
        name = '.'.join(words[:end])
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules[request.param].ActivationType = kind
    return kind


@pytest.fixture
def released_content(small_occany, activation_type):
    """Make up a released file of the small network, training state included."""
    sections = released_weights(small_occany)
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))])
    arguments = argparse.Namespace(
        encoder=ENCODER_CALL,
        decoder=DECODER_CALL,
        pointmaps_activation=activation_type.LINEAR,
        lr=7e-5,
        output_dir=None,
    )
    return {
        **sections,
        'gen_decoder': sections['decoder'],
        'raymap_encoder': {'proj.weight': torch.zeros(3, 2)},
        'optimizer': optimizer.state_dict(),
        'scaler': {'scale': 65536.0},
        'args': arguments,
        'epoch': 99,
    }
