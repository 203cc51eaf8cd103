"""Every released name is ours, or known to be read by nobody."""

import json
import math

from occany_ros.models.checkpoint_keys import (
    is_since_must3r,
    is_unused,
    ours_from_released,
    released_from_ours,
)
import pytest


@pytest.fixture(scope='module')
def manifest(shared):
    sections = json.loads((shared / 'manifests' / 'occany.json').read_text())
    return {
        f'{section}.{key}': math.prod(shape)
        for section, entries in sections.items()
        if not section.startswith('_')
        for key, shape in entries.items()
    }


def test_released_names_translate_both_ways_or_are_unused(manifest):
    counts = {True: 0, False: 0}
    for name, size in manifest.items():
        ours = ours_from_released(name)
        assert (ours is None) == is_unused(name)
        assert ours is None or released_from_ours(ours) == name
        counts[is_unused(name)] += size
    assert counts == {False: 585_745_095, True: 44_083_968 + 21_300_487}


def test_must3r_is_what_occany_grew_from(manifest):
    grown = {name: size for name, size in manifest.items() if is_since_must3r(name)}
    decoder = sum(size for name, size in grown.items() if name.startswith('decoder.'))
    assert decoder == sum(
        size
        for name, size in manifest.items()
        if name.startswith('decoder.')
        and any(word in name for word in ('pose', 'token', 'head_rgb', 'head_sam'))
    )
    rendering = ('gen_decoder.', 'raymap_encoder.')
    assert all(name in grown for name in manifest if name.startswith(rendering))
    assert not any(name.startswith('encoder.') for name in grown)


@pytest.mark.parametrize(
    ('released', 'ours'),
    [
        ('decoder.blocks_dec.3.norm_y.bias', 'decoder.blocks.3.norm_memory.bias'),
        ('gen_decoder.blocks_dec.3.norm3.weight', 'novel_decoder.blocks.3.norm_mlp.weight'),
        ('gen_decoder.pts3d_task_token', 'novel_heads.point_task'),
        ('gen_decoder.blocks_dec.3.norm_y.bias', None),
        ('raymap_encoder.blocks_enc.5.mlp.fc1.weight', None),
        ('encoder.blocks_enc.0.norm9.weight', None),
        ('encoder.blocks_enc.0', None),
        ('teacher.weight', None),
    ],
)
def test_names(released, ours):
    assert ours_from_released(released) == ours
    if ours is not None:
        assert released_from_ours(ours) == released


def test_no_name_of_ours_stands_for_an_unused_weight():
    assert released_from_ours('novel_decoder.feedback.expand.weight') is None
    assert released_from_ours('novel_heads.pose.expand.weight') is None
    assert (
        released_from_ours('decoder.feedback.expand.weight') == 'decoder.feedback_layer.fc1.weight'
    )
    assert released_from_ours('decoder.blocks.0') is None


@pytest.mark.parametrize(
    'name',
    [
        'gen_decoder.blocks_dec.3.norm_z.bias',
        'gen_decoder.feedback_layer.fc3.weight',
        'raymap_encoder.blocks_enc.0.attn.qkv.lora',
        'decoder.head_pose.fc1.weight',
    ],
)
def test_only_listed_names_are_unused(name):
    assert not is_unused(name)
