"""Hostile weight files: refused with the one error that says so, or loaded; nothing is run."""

import builtins
import os
from pathlib import Path
import pickle
import struct
import subprocess
import zipfile

from fuzz_bytes import Caller, damaged, lying_safetensors, nested, tensors, torch_archive
from fuzz_tally import tried
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from occany_ros.models.checkpoint_file import CheckpointError, read_released_file
from occany_ros.models.factory import load_model
from peak_memory import added_at_peak
import pytest
from released_files import save_released
from safetensors.torch import save_file
import torch

pytestmark = pytest.mark.fuzz
MIB = 1 << 20


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Name a file that every example writes anew."""
    return tmp_path_factory.mktemp('hostile') / 'weights.pth'


@pytest.fixture(scope='module')
def whole_files(place):
    """Write small files as torch writes them, of both kinds."""
    sections = {'encoder': {'a.weight': torch.ones(3, 4), 'a.bias': torch.zeros(4)}}
    zipped = save_released(place.with_name('whole.pth'), sections).read_bytes()
    torch.save(sections, place, _use_new_zipfile_serialization=False)
    return zipped, place.read_bytes()


def is_read(path, content):
    """Tell whether a file is read, not refused."""
    tried('weight files')
    path.write_bytes(content)
    try:
        released = read_released_file(path)
    except CheckpointError:
        return False
    # Every number can be read, and there are no more of them than the file has bytes.
    for weights in released.sections.values():
        for value in weights.values():
            value.clone()
            assert value.numel() <= len(content)
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(place, whole_files, data):
    is_read(place, data.draw(damaged(whole_files)))


@given(content=tensors)
def test_a_tensor_of_lying_size_is_read_or_refused(place, content):
    is_read(place, content)


@given(content=st.binary(max_size=200).map(lambda data: torch_archive(b'\x80\x02' + data)))
def test_noise_for_a_pickle_is_refused(place, content):
    is_read(place, content)


@settings(max_examples=settings().max_examples // 4)
@given(content=lying_safetensors(('trunk.a', 'head.weight')))
def test_a_safetensors_file_that_lies_is_refused(place, content):
    tried('weight files')
    place.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_model('tiny', checkpoint=place, device='cpu', precision='fp32')


CALLS = [
    (os.system, 'touch HIT'),
    (builtins.exec, "open('HIT', 'w')"),
    (builtins.eval, "open('HIT', 'w')"),
    (Path, 'HIT'),
    (subprocess.run, ['touch', 'HIT']),
]


@pytest.mark.parametrize('protocol', [0, 2, 4])
@pytest.mark.parametrize(('function', 'arguments'), [(call[0], call[1:]) for call in CALLS])
def test_code_is_refused_and_not_run(place, tmp_path, monkeypatch, function, arguments, protocol):
    monkeypatch.chdir(tmp_path)
    call = Caller(function, *arguments)
    content = {'encoder': {'w': torch.ones(2)}, 'args': call}
    data = pickle.dumps({'args': call}, protocol)
    assert not is_read(place, torch_archive(data))
    torch.save(content, place, pickle_protocol=2)
    assert not is_read(place, place.read_bytes())
    torch.save(content, place, _use_new_zipfile_serialization=False)
    assert not is_read(place, place.read_bytes())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('depth', [100, 5_000, 200_000])
def test_deep_nesting_is_refused(place, depth):
    assert not is_read(place, torch_archive(nested(depth)))


def test_a_compressed_bomb_is_refused_before_it_is_unpacked(place):
    with zipfile.ZipFile(place, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('archive/data.pkl', 'w') as file:
            for _ in range(512):
                file.write(bytes(MIB))
        archive.writestr('archive/version', '3\n')
    bomb = place.read_bytes()
    assert len(bomb) < MIB
    answer, added = added_at_peak(lambda: is_read(place, bomb))
    assert not answer
    assert added < 64 * MIB


def test_records_that_overlap_are_refused(place):
    archive = bytearray(torch_archive(b'\x80\x02}.', storage=bytes(4000)))
    first = archive.find(b'PK\x01\x02')
    second = archive.find(b'PK\x01\x02', first + 1)
    (offset,) = struct.unpack_from('<I', archive[first:second], 42)
    while first >= 0:
        # Every entry of the directory gets the sizes and the place of a large one.
        struct.pack_into('<II', archive, first + 20, 3000, 3000)
        struct.pack_into('<I', archive, first + 42, offset)
        first = archive.find(b'PK\x01\x02', first + 1)
    assert not is_read(place, bytes(archive))


@pytest.mark.parametrize('kind', ['folder', 'loop', 'device', 'absent', 'pipe'])
@pytest.mark.parametrize('variant', ['tiny', 'occany'])
def test_what_is_no_file_is_refused(tmp_path, kind, variant):
    path = tmp_path / 'weights'
    if kind == 'folder':
        path.mkdir()
    elif kind == 'loop':
        path.symlink_to(path)
    elif kind == 'device':
        path = Path('/dev/zero')
    elif kind == 'pipe':
        os.mkfifo(path)
    said = 'it is a folder, not a weight file' if kind == 'folder' else 'no such file'
    with pytest.raises(CheckpointError, match=said):
        load_model(variant, checkpoint=path, device='cpu', precision='fp32')


def test_a_link_to_a_good_file_is_followed(tmp_path):
    torch.save({'encoder': {'w': torch.ones(2)}}, tmp_path / 'target.pth')
    (tmp_path / 'link.pth').symlink_to(tmp_path / 'target.pth')
    assert read_released_file(tmp_path / 'link.pth').sections['encoder']['w'].tolist() == [1, 1]


def test_weights_that_would_need_much_memory_are_refused(tmp_path):
    # One byte behind a header that promises 2 TB.
    save_file({'w': torch.ones(1)}, tmp_path / 'w.safetensors')
    text = b'{"w":{"dtype":"F32","shape":[524288,1048576],"data_offsets":[0,2199023255552]}}'
    (tmp_path / 'w.safetensors').write_bytes(struct.pack('<Q', len(text)) + text + b'\0')
    with pytest.raises(CheckpointError):
        load_model('tiny', checkpoint=tmp_path / 'w.safetensors', device='cpu', precision='fp32')
