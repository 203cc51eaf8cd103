"""Released files load strictly, and never run anything."""

import json
import os
from pathlib import Path
import sys

from occany_ros.cli import checkpoint as command
from occany_ros.models.checkpoint import file_digest, load_occany, released_weights
from occany_ros.models.checkpoint_file import call_settings, CheckpointError, read_released_file
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
import pytest
import torch

MANIFEST = Path(__file__).parents[3] / 'shared' / 'manifests' / 'occany.json'


@pytest.fixture
def released_file(tmp_path, released_content, monkeypatch):
    path = tmp_path / 'occany.pth'
    torch.save(released_content, path)
    for name in [name for name in sys.modules if name.split('.')[0] == 'occany']:
        monkeypatch.delitem(sys.modules, name)
    return path


def save_without(content, path, section, key):
    pruned = {**content, section: {k: x for k, x in content[section].items() if k != key}}
    torch.save(pruned, path)


def test_released_file_gives_the_same_network(released_file, small_occany):
    network = load_occany(released_file)
    assert network.config == small_occany.config
    assert not network.training
    ours = small_occany.state_dict()
    loaded = network.state_dict()
    assert loaded.keys() == ours.keys()
    assert all(torch.equal(loaded[name], ours[name]) for name in ours)
    assert not any(x.is_meta for x in loaded.values())


def test_old_file_format_is_read_too(tmp_path, released_content):
    path = tmp_path / 'old.pth'
    torch.save(released_content, path, _use_new_zipfile_serialization=False)
    assert load_occany(path).config.decoder.depth == 3


def test_reconstruction_file_without_arguments_or_novel_views(tmp_path, small_occany):
    path = tmp_path / 'occany_recon.pth'
    sections = released_weights(small_occany)
    torch.save({**sections, 'args': None}, path)
    with pytest.raises(CheckpointError, match='num_heads: expected a record of it for tokens 48'):
        load_occany(path)
    assert set(read_released_file(path).sections) == {'encoder', 'decoder'}
    wide = DecoderConfig(encoder_width=64, width=64, depth=1, heads=1)
    config = OccAnyConfig(encoder=EncoderConfig(width=64, depth=1, heads=1), decoder=wide)
    torch.save(released_weights(OccAny(config)), path)
    assert load_occany(path).config == config


def test_missing_weight_is_named(tmp_path, released_content):
    path = tmp_path / 'short.pth'
    save_without(released_content, path, 'decoder', 'blocks_dec.1.cross_attn.projq.bias')
    with pytest.raises(CheckpointError) as caught:
        load_occany(path)
    assert caught.value.missing == ('decoder.blocks_dec.1.cross_attn.projq.bias',)
    assert caught.value.unexpected == ()
    assert str(path) in str(caught.value)
    assert 'github.com/valeoai/OccAny' in str(caught.value)
    save_without(released_content, path, 'decoder', 'norm_dec.weight')
    with pytest.raises(CheckpointError, match=r'missing: decoder\.norm_dec\.weight'):
        load_occany(path)


def test_unexpected_weights_are_named(tmp_path, released_content):
    path = tmp_path / 'long.pth'
    released_content['encoder'] = {**released_content['encoder'], 'cls_token': torch.zeros(1)}
    released_content['teacher'] = {'a': torch.zeros(1)}
    torch.save(released_content, path)
    with pytest.raises(CheckpointError) as caught:
        load_occany(path)
    assert caught.value.unexpected == ('teacher', 'encoder.cls_token')


def test_wrong_shape_is_named(tmp_path, released_content):
    path = tmp_path / 'wide.pth'
    wide = {**released_content['decoder'], 'head_pose.fc2.weight': torch.zeros(8, 192)}
    torch.save({**released_content, 'decoder': wide}, path)
    with pytest.raises(CheckpointError, match=r'head_pose\.fc2\.weight \(8, 192\) instead of'):
        load_occany(path)


def test_missing_section_is_named(tmp_path, released_content):
    path = tmp_path / 'half.pth'
    del released_content['decoder']
    torch.save(released_content, path)
    with pytest.raises(CheckpointError) as caught:
        load_occany(path)
    assert caught.value.missing == ('decoder',)


@pytest.mark.parametrize('value', ['feedback_type="linear"', 'memory_mode="norm_y"'])
def test_another_kind_of_decoder_is_refused(tmp_path, released_content, value):
    path = tmp_path / 'other.pth'
    released_content['args'].decoder = f'Decoder(num_heads=4, distill_img_size=64, {value})'
    torch.save(released_content, path)
    with pytest.raises(CheckpointError, match=value.split('=')[0]):
        load_occany(path)


def test_call_in_a_decoder_string_is_not_run(tmp_path, released_content):
    path = tmp_path / 'call.pth'
    released_content['args'].decoder = f'Decoder(num_heads=print({str(tmp_path)!r}))'
    torch.save(released_content, path)
    with pytest.raises(CheckpointError, match='expected literal arguments'):
        load_occany(path)


class MakesFolder:
    """A pickle of this runs code where a careless reader loads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize('is_zip', [True, False])
def test_code_in_a_file_is_refused_and_not_run(tmp_path, released_content, is_zip):
    path, trap = tmp_path / 'evil.pth', tmp_path / 'trap'
    released_content['args'].extra = MakesFolder(trap)
    torch.save(released_content, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(CheckpointError, match=r'it names (posix|nt)\.mkdir'):
        load_occany(path)
    assert not trap.exists()


def test_unknown_class_is_named(tmp_path, released_content):
    path = tmp_path / 'odd.pth'
    released_content['args'].extra = Path('somewhere')
    torch.save(released_content, path)
    with pytest.raises(CheckpointError, match=r'it names pathlib\.\S+'):
        load_occany(path)


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


def test_norm_exp_is_read_from_the_arguments(tmp_path, released_content, activation_type):
    path = tmp_path / 'exp.pth'
    released_content['args'].decoder = 'Decoder(num_heads=4, distill_img_size=64)'
    released_content['args'].pointmaps_activation = activation_type.NORM_EXP
    torch.save(released_content, path)
    assert load_occany(path).config.decoder.activation == 'norm_exp'


@pytest.mark.skipif(not MANIFEST.exists(), reason='manifests are not beside the checkout')
def test_full_size_names_and_shapes_are_those_of_the_manifest():
    manifest = json.loads(MANIFEST.read_text())
    with torch.device('meta'):
        network = OccAny(OccAnyConfig())
    sections = released_weights(network)
    for name in ('encoder', 'decoder'):
        shapes = {key: list(x.shape) for key, x in sections[name].items()}
        assert shapes == manifest[name]
    assert sum(x.numel() for x in network.parameters()) == 303_098_880 + 139_027_175


def test_call_settings_reads_literals_and_names():
    text = "Net(size=(1, 2), kind=pkg.Kind.LINEAR, on=True, name='a')"
    assert call_settings(text) == {'size': (1, 2), 'kind': 'LINEAR', 'on': True, 'name': 'a'}
    for bad in ('Net', 'a b', ''):
        with pytest.raises(ValueError, match='constructor call: expected one'):
            call_settings(bad)


def test_command_describes_a_file(released_file, capsys):
    class Arguments:
        file = released_file

    assert command.run(Arguments) == 0
    text = capsys.readouterr().out
    assert file_digest(released_file) in text
    assert 'section   decoder: ' in text
    assert 'none unexpected' in text
