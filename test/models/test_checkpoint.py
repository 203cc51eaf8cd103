"""Released files load strictly, and never run anything."""

import argparse
from dataclasses import replace
import os
from pathlib import Path
import sys

from occany_ros.models.checkpoint import load_occany
from occany_ros.models.checkpoint_file import call_settings, CheckpointError, read_released_file
from occany_ros.models.checkpoint_keys import ours_from_released
from occany_ros.models.checkpoint_manifest import released_weights
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
import pytest
from released_files import (
    enum_of_released_files,
    save_released,
    SMALL,
    SMALL_CALLS,
    SMALL_RENDERING,
)
from safetensors.torch import save_file
import torch


@pytest.fixture
def written(tmp_path, small_sections):
    """Write the small file, changed."""

    def write(drop=(), add=(), name='changed.pth', **arguments):
        sections = {
            section: {key: x for key, x in keys.items() if f'{section}.{key}' not in drop}
            for section, keys in small_sections.items()
            if section not in drop
        }
        for full_name, value in dict(add).items():
            section, _, key = full_name.partition('.')
            sections.setdefault(section, {})[key] = value
        return save_released(tmp_path / name, sections, **(SMALL_CALLS | arguments))

    return write


def test_both_stages_load(released_file, small_sections):
    network = load_occany(released_file)
    assert network.config == SMALL_RENDERING
    assert not network.training
    assert 'occany' not in sys.modules
    read = set()
    for section, keys in small_sections.items():
        for key, value in keys.items():
            name = ours_from_released(f'{section}.{key}')
            if name is not None:
                read.add(name)
                assert torch.equal(network.get_parameter(name), value)
    assert read == set(network.state_dict())
    assert not any(x.requires_grad or x.is_meta for x in network.parameters())


def test_weights_nobody_reads_are_not_kept(released_file, small_sections):
    network = load_occany(released_file)
    unread = ('norm_y', 'projk', 'projv', 'feedback', 'head_pose')
    for key, value in small_sections['gen_decoder'].items():
        kept = any(torch.equal(value, x) for x in network.parameters() if x.shape == value.shape)
        assert kept is not any(word in key for word in unread)
    kept = sum(x.numel() for x in network.parameters())
    held = sum(x.numel() for keys in small_sections.values() for x in keys.values())
    assert kept < held


def test_weights_nobody_reads_may_be_absent(written, small_sections):
    unread = [
        f'{section}.{key}'
        for section, keys in small_sections.items()
        for key in keys
        if ours_from_released(f'{section}.{key}') is None
    ]
    assert len(unread) > 60
    assert load_occany(written(drop=unread)).config == SMALL_RENDERING


def test_float32_weights_are_mapped_not_copied(released_file):
    network = load_occany(released_file)
    mapped = [
        tuple(int(end, 16) for end in line.split()[0].split('-'))
        for line in Path('/proc/self/maps').read_text().splitlines()
        if line.endswith(f' {released_file}')
    ]
    for parameter in network.parameters():
        assert any(first <= parameter.data_ptr() < last for first, last in mapped)


def test_half_precision_file_is_widened(written, small_sections):
    halves = {
        f'{section}.{key}': x.bfloat16()
        for section, keys in small_sections.items()
        for key, x in keys.items()
    }
    network = load_occany(written(add=halves))
    assert {x.dtype for x in network.parameters()} == {torch.float32}


def test_old_file_format_is_read_too(tmp_path, small_sections):
    path = tmp_path / 'old.pth'
    content = {**small_sections, 'args': argparse.Namespace(**SMALL_CALLS)}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    assert load_occany(path).config == SMALL_RENDERING


def test_safetensors_hold_one_network(tmp_path):
    weights = {'a.weight': torch.ones(2, 3), 'b': torch.zeros(1)}
    save_file(weights, tmp_path / 'model.safetensors')
    released = read_released_file(tmp_path / 'model.safetensors')
    assert released.sections.keys() == {'model'}
    assert torch.equal(released.sections['model']['a.weight'], weights['a.weight'])
    (tmp_path / 'cut.safetensors').write_bytes(b'nothing of the kind')
    with pytest.raises(CheckpointError, match='it is no weight file, or damaged'):
        read_released_file(tmp_path / 'cut.safetensors')


def test_weights_alone_are_one_network(tmp_path):
    torch.save({'a.weight': torch.ones(2, 3)}, tmp_path / 'bare.pth')
    released = read_released_file(tmp_path / 'bare.pth')
    assert released.sections['model'].keys() == {'a.weight'}
    assert released.arguments == {}


def test_reconstruction_file(written):
    network = load_occany(written(drop=('gen_decoder', 'raymap_encoder')))
    assert network.config == SMALL
    assert network.novel_decoder is network.ray_maps is network.novel_heads is None


def test_file_without_arguments(tmp_path, small_occany):
    path = tmp_path / 'occany_recon.pth'
    torch.save({**released_weights(small_occany), 'args': None}, path)
    with pytest.raises(CheckpointError, match='num_heads: expected a record of it for tokens 48'):
        load_occany(path)
    assert set(read_released_file(path).sections) == {'encoder', 'decoder'}
    wide = DecoderConfig(encoder_width=64, width=64, depth=1, heads=1)
    config = OccAnyConfig(encoder=EncoderConfig(width=64, depth=1, heads=1), decoder=wide)
    torch.save(released_weights(OccAny(config)), path)
    assert load_occany(path).config == config


@pytest.mark.parametrize(
    'name',
    [
        'encoder.norm_enc.bias',
        'decoder.blocks_dec.1.cross_attn.projq.bias',
        'decoder.norm_dec.weight',
        'decoder.head_sam.up1.2.weight',
        'gen_decoder.blocks_dec.1.cross_attn.projq.bias',
        'raymap_encoder.patch_embed_sam_64.proj.weight',
        'raymap_encoder.patch_embed_proj.weight',
    ],
)
def test_missing_weight_is_named(written, name):
    path = written(drop=(name,))
    with pytest.raises(CheckpointError) as caught:
        load_occany(path)
    assert caught.value.missing == (name,)
    assert caught.value.unexpected == ()
    assert f'missing: {name}' in str(caught.value)
    assert str(path) in str(caught.value)
    assert 'github.com/valeoai/OccAny' in str(caught.value)


def test_missing_block_is_missed_where_the_depth_is_known(written, small_sections):
    gone = [f'encoder.{key}' for key in small_sections['encoder'] if '.1.' in key]
    assert load_occany(written(drop=gone)).config.encoder.depth == 1
    call = SMALL_CALLS['encoder'].replace('num_heads=2', 'num_heads=2, depth=2')
    with pytest.raises(CheckpointError) as caught:
        load_occany(written(drop=gone, encoder=call))
    assert caught.value.missing == tuple(gone)


def test_missing_block_of_the_released_size_is_missed():
    from occany_ros.models.checkpoint_config import config_of
    from occany_ros.models.checkpoint_file import ReleasedFile
    from occany_ros.models.checkpoint_manifest import differences, manifest_of

    full = {
        section: {key: torch.empty(shape, device='meta') for key, shape in keys.items()}
        for section, keys in manifest_of('must3r').items()
    }
    gone = [key for key in full['encoder'] if key.startswith('blocks_enc.23.')]
    for key in gone:
        del full['encoder'][key]
    released = ReleasedFile(path=Path('cut.pth'), sections=full, arguments={})
    config = config_of(released, 'must3r')
    missing = differences(released, manifest_of('must3r', config)).missing
    assert missing == tuple(f'encoder.{key}' for key in gone)


def test_unexpected_weights_are_named(written):
    strangers = ('teacher', 'encoder.cls_token', 'raymap_encoder.blocks_enc.0.norm1.weight')
    with pytest.raises(CheckpointError) as caught:
        load_occany(
            written(
                add={'teacher.a': torch.zeros(1)} | dict.fromkeys(strangers[1:], torch.zeros(1))
            )
        )
    assert caught.value.missing == ()
    assert caught.value.unexpected == strangers


def test_wrong_shape_is_named(written):
    path = written(add={'decoder.head_pose.fc2.weight': torch.zeros(8, 192)})
    with pytest.raises(CheckpointError, match=r'head_pose\.fc2\.weight \(8, 192\) instead of'):
        load_occany(path)


@pytest.mark.parametrize('section', ['encoder', 'decoder', 'gen_decoder', 'raymap_encoder'])
def test_missing_section_is_named(written, section):
    with pytest.raises(CheckpointError) as caught:
        load_occany(written(drop=(section,)))
    assert caught.value.missing
    assert all(name.partition('.')[0] == section for name in caught.value.missing)


@pytest.mark.parametrize(
    'arguments',
    [
        {'decoder': 'Decoder(num_heads=4, distill_img_size=64, feedback_type="linear")'},
        {'decoder': 'Decoder(num_heads=4, distill_img_size=64, memory_mode="norm_y")'},
        {'use_raymap_only_conditioning': True},
        {'projection_features': 'pts3d_local,pts3d,rgb,conf,sam,raymap'},
        {'sam_model': 'SAM3'},
    ],
)
def test_another_kind_of_network_is_refused(written, arguments):
    with pytest.raises(CheckpointError, match=r'its settings do not fit: .* instead of '):
        load_occany(written(**arguments))


def test_settings_as_released_are_accepted(written):
    path = written(
        use_raymap_only_conditioning=False,
        projection_features='pts3d_local, pts3d, rgb, conf, sam',
        sam_model='SAM2',
    )
    assert load_occany(path).config == SMALL_RENDERING


def test_call_in_a_decoder_string_is_not_run(written, tmp_path):
    call = f'Decoder(num_heads=print({str(tmp_path)!r}))'
    with pytest.raises(CheckpointError, match='expected literal arguments'):
        load_occany(written(decoder=call))


class LookedUp:
    """An enum member as some Pythons write it, or any other look-up."""

    def __init__(self, owner, name):
        self.look_up = owner, name

    def __reduce__(self):
        return getattr, self.look_up


def test_enum_members_that_are_looked_up_by_name_are_read(tmp_path, small_sections):
    path = tmp_path / 'looked_up.pth'
    with enum_of_released_files('occany.model.must3r_blocks.head') as kind:
        arguments = argparse.Namespace(pointmaps_activation=LookedUp(kind, 'NORM_EXP'))
        torch.save({**small_sections, 'args': arguments}, path)
    assert read_released_file(path).arguments['pointmaps_activation'] == 'norm_exp'


def test_nothing_is_really_looked_up(tmp_path, small_sections):
    path = tmp_path / 'looked_up.pth'
    arguments = argparse.Namespace(extra=LookedUp(argparse.Namespace, 'no_such_attribute'))
    torch.save({**small_sections, 'args': arguments}, path)
    assert read_released_file(path).arguments['extra'] == 'no_such_attribute'


class MakesFolder:
    """A pickle of this runs code where a careless reader loads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize('is_zip', [True, False])
def test_code_in_a_file_is_refused_and_not_run(tmp_path, small_sections, is_zip):
    path, trap = tmp_path / 'evil.pth', tmp_path / 'trap'
    arguments = argparse.Namespace(**SMALL_CALLS, extra=MakesFolder(trap))
    torch.save({**small_sections, 'args': arguments}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(CheckpointError, match=r'it names (posix|nt)\.mkdir'):
        load_occany(path)
    assert not trap.exists()


def test_unknown_class_is_named(written):
    with pytest.raises(CheckpointError, match=r'it names pathlib\.\S+'):
        load_occany(written(extra=Path('somewhere')))


def test_damaged_and_absent_files_are_explained(tmp_path, released_file):
    with pytest.raises(CheckpointError, match='there is no such file'):
        load_occany(tmp_path / 'nowhere.pth')
    for name, content in (
        ('empty.pth', b''),
        ('text.pth', b'not a pickle'),
        ('cut.pth', released_file.read_bytes()[:2000]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match=r'no weight file, or damaged|expected a dict'):
            load_occany(tmp_path / name)
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(CheckpointError, match='expected a dictionary, got list'):
        load_occany(tmp_path / 'list.pth')


@pytest.mark.parametrize(
    ('module', 'activation', 'expected'),
    [
        ('occany.model.must3r_blocks.head', 'NORM_EXP', 'norm_exp'),
        ('occany.must3r_blocks.head', 'LINEAR', 'linear'),
        ('some.other.place', 'NORM_EXP', 'norm_exp'),
        ('some.other.place', None, 'linear'),
    ],
)
def test_activation_is_read_from_the_arguments(written, module, activation, expected):
    path = written(
        decoder='Decoder(num_heads=4, distill_img_size=64)', module=module, activation=activation
    )
    assert load_occany(path).config.decoder.activation == expected


def test_image_size_is_read_from_the_constructor_call(written):
    call = SMALL_CALLS['decoder'].replace('(512, 512)', '(224, 224)')
    assert load_occany(written(decoder=call)).config == replace(SMALL_RENDERING, image_size=224)
    with pytest.raises(CheckpointError, match='image_size: expected a multiple of 16'):
        load_occany(written(decoder=SMALL_CALLS['decoder'].replace('(512, 512)', '(500, 500)')))


def test_call_settings_reads_literals_and_names():
    text = "Net(size=(1, 2), kind=pkg.Kind.LINEAR, on=True, name='a')"
    assert call_settings(text) == {'size': (1, 2), 'kind': 'LINEAR', 'on': True, 'name': 'a'}
    for bad in ('Net', 'a b', ''):
        with pytest.raises(ValueError, match='constructor call: expected one'):
            call_settings(bad)
