"""Networks come from a user's folder alone, whole or not at all."""

from contextlib import suppress
import json
import shutil
import socket
import sys

from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.semantics.network_folder import load_network, load_tokenizer
import pytest
from safetensors.torch import load_file, save_file
from sam3_folders import save_small_sam3, small_sam3
import torch

pytest.importorskip('transformers', reason='the optional extra semantics is not installed')


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    return save_small_sam3(tmp_path_factory.mktemp('released') / 'sam3')


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / 'sam3')


def change_weights(folder, change):
    weights = load_file(folder / 'model.safetensors')
    change(weights)
    save_file(weights, folder / 'model.safetensors', metadata={'format': 'pt'})


def change_config(folder, change):
    config = json.loads((folder / 'config.json').read_text(encoding='utf-8'))
    change(config)
    (folder / 'config.json').write_text(json.dumps(config), encoding='utf-8')


@pytest.mark.parametrize('video', [False, True], ids=['alone', 'in the network for videos'])
def test_every_weight_arrives(tmp_path, video):
    folder = save_small_sam3(tmp_path, video=video, seed=1)
    loaded = load_network('Sam3Model', folder).state_dict()
    whole = small_sam3(video=video, seed=1)
    expected = (whole.detector_model if video else whole).state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_it_is_float32_and_not_to_be_trained(folder):
    change_weights(folder, lambda x: x.update({key: w.half() for key, w in x.items()}))
    network = load_network('Sam3Model', folder)
    assert not network.training
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    assert not any(weight.requires_grad for weight in network.parameters())


def test_settings_of_earlier_releases_of_the_library_are_understood(folder):
    def change(config):
        backbone = config['vision_config']['backbone_config']
        backbone['rope_theta'] = backbone.pop('rope_parameters')['rope_theta']
        config['vision_config'].update(fpn_kernel_size=2, fpn_stride=2, num_feature_levels=3)
        config['detr_decoder_config'].update(box_rpb_mode='log', use_presence_token=True)
        for part in config.values():
            if isinstance(part, dict):
                part |= {'bad_words_ids': None, 'num_beams': 1, 'torch_dtype': None}

    whole = load_network('Sam3Model', folder)
    change_config(folder, change)
    loaded = load_network('Sam3Model', folder)
    pixels = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(2))
    maps, expected = (network.vision_encoder(pixels) for network in (loaded, whole))
    assert torch.equal(maps.fpn_hidden_states[0], expected.fpn_hidden_states[0])


def test_missing_and_unexpected_weights_are_named(folder):
    def change(weights):
        del weights['text_projection.bias']
        weights['stranger'] = torch.zeros(1)

    change_weights(folder, change)
    with pytest.raises(CheckpointError, match='does not fit Sam3Model') as raised:
        load_network('Sam3Model', folder)
    assert raised.value.missing == ('text_projection.bias',)
    assert raised.value.unexpected == ('stranger',)


def test_a_weight_of_another_shape_is_refused(folder):
    change_weights(folder, lambda x: x.update({'text_projection.bias': torch.zeros(3)}))
    with pytest.raises(CheckpointError, match='cannot be read'):
        load_network('Sam3Model', folder)


def test_pickled_weights_are_not_read(folder):
    torch.save(load_file(folder / 'model.safetensors'), folder / 'pytorch_model.bin')
    (folder / 'model.safetensors').unlink()
    with pytest.raises(CheckpointError, match='cannot be read') as raised:
        load_network('Sam3Model', folder)
    assert 'semantics.weights' in str(raised.value)


@pytest.mark.parametrize('lost', [None, 'model.safetensors', 'tokenizer.json'])
def test_nobody_is_called(folder, monkeypatch, lost):
    called = []
    for way in ('connect', 'connect_ex'):
        monkeypatch.setattr(socket.socket, way, lambda _, address: called.append(address))
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *where, **_: called.append(where))
    monkeypatch.delenv('HF_HUB_OFFLINE', raising=False)
    if lost:
        (folder / lost).unlink()
    for load, name in ((load_network, 'Sam3Model'), (load_tokenizer, 'CLIPTokenizer')):
        with suppress(CheckpointError):
            load(name, folder)
    assert called == []


def test_code_in_the_folder_is_not_run(folder):
    (folder / 'trap.py').write_text('raise SystemExit("code of the folder ran")\n')
    classes = {'AutoConfig': 'trap.Sam3Config', 'AutoModel': 'trap.Sam3Model'}
    change_config(folder, lambda config: config.update(auto_map=classes))
    assert type(load_network('Sam3Model', folder)).__module__.startswith('transformers.')


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors'])
@pytest.mark.parametrize('content', [b'', b'{', b'[1, 2]', bytes(range(256))])
def test_a_damaged_file_is_explained(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match='sam3'):
        load_network('Sam3Model', folder)


def test_absurd_sizes_are_explained(folder):
    change_config(folder, lambda config: config['text_config'].update(hidden_size='wide'))
    with pytest.raises(CheckpointError, match='cannot be read'):
        load_network('Sam3Model', folder)


def test_a_folder_that_is_not_there_is_no_name_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for load in (load_network, load_tokenizer):
        with pytest.raises(CheckpointError, match=r'no such folder; set semantics\.weights to'):
            load('Sam3Model', tmp_path / 'facebook' / 'sam3')
    for load, lacks in ((load_network, 'config.json'), (load_tokenizer, 'tokenizer_config.json')):
        with pytest.raises(CheckpointError, match=f'it has no {lacks}'):
            load('Sam3Model', tmp_path)


def test_the_tokenizer_reads_words(folder):
    tokens = load_tokenizer('CLIPTokenizer', folder)(['car', 'a tree'])
    assert [len(ids) for ids in tokens['input_ids']] == [2 + 3, 2 + 1 + 4]


def test_a_tokenizer_without_words_is_explained(folder):
    (folder / 'tokenizer.json').unlink()
    with pytest.raises(CheckpointError, match=r'it has none of tokenizer\.json, vocab\.json'):
        load_tokenizer('CLIPTokenizer', folder)


def test_a_pointer_in_place_of_weights_is_explained(folder):
    pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n'
    (folder / 'model.safetensors').write_text(pointer, encoding='utf-8')
    with pytest.raises(CheckpointError, match=r'pointer of Git LFS .* `git lfs pull`'):
        load_network('Sam3Model', folder)


@pytest.mark.parametrize('content', [b'{', b'{"model": 3}'])
def test_a_damaged_tokenizer_is_explained(folder, content):
    (folder / 'tokenizer.json').write_bytes(content)
    with pytest.raises(CheckpointError, match='CLIPTokenizer cannot be read'):
        load_tokenizer('CLIPTokenizer', folder)


def test_without_the_library_the_remedy_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(ValueError, match='requirements-semantics'):
        load_network('Sam3Model', folder)
