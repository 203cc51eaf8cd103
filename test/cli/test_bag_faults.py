"""`occany bag` on damaged input, on a full disk, and killed: what there is is kept and told."""

import itertools
import re
import signal
import subprocess
import sys

import numpy as np
from occany_ros.bags.messages import stamp_ns_of
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.street import write_drive
from occany_ros.cli.main import main
from occany_ros.models.tiny import load_tiny, TinyOccAny
from occany_ros.ros.bag_outputs import BagOutputs
from occany_ros.synthetic.drive import make_drive
import pytest
from safetensors.torch import save_file
from small_disks import short_files, tiny_disk
import torch

STEPS = 8
GRIDS = '/occany/occupancy'


@pytest.fixture(scope='module')
def network(tmp_path_factory):
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return ['-p', f'model.checkpoint:={path}', '-p', 'model.image_size:=128', '--no-input']


@pytest.fixture(scope='module', params=['mcap', 'sqlite3'])
def street(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / 'street'
    write_drive(make_drive(3, steps=STEPS, size=(64, 128)), path, storage=request.param)
    return path


def grids(path):
    with BagReader(path) as bag:
        found = [decoded(raw) for raw in bag.messages({GRIDS})]
        return [stamp_ns_of(grid) for grid in found], bag.damage


def storage_of(path):
    (file,) = (file for file in path.iterdir() if file.suffix != '.yaml')
    return file


def damaged(street, path, damage):
    """Copy a recording and spoil the copy."""
    path.mkdir()
    for file in street.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    damage(path)
    return path


def cut_off(path):
    file = storage_of(path)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 6 // 10])


def overwrite(path):
    file = storage_of(path)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    end = middle + 30_000
    data[middle:end] = bytes([0xFF]) * 30_000
    file.write_bytes(data)


def lose_metadata(path):
    (path / 'metadata.yaml').unlink()


@pytest.mark.parametrize('damage', [cut_off, overwrite, lose_metadata])
def test_damaged_input_is_mapped_up_to_the_damage(street, network, tmp_path, damage, capsys):
    path = damaged(street, tmp_path / 'in', damage)
    assert main(['bag', str(path), '-o', str(tmp_path / 'out'), *network]) == 0
    errors = capsys.readouterr().err
    stamps, fine = grids(tmp_path / 'out')
    assert fine == ''
    assert 1 <= len(stamps) <= STEPS
    assert len(stamps) == STEPS or damage is not lose_metadata
    assert str(path) in errors
    assert 'kept' in errors


@pytest.mark.parametrize('limit', [short_files, tiny_disk])
def test_a_full_disk_ends_it_with_a_remedy_and_keeps_what_fits(
    street, network, tmp_path, limit, capsys
):
    place = tmp_path / 'small'
    place.mkdir()
    storage = 'sqlite3' if storage_of(street).suffix == '.db3' else 'mcap'
    with limit(place):
        words = ['bag', str(street), '-o', str(place / 'out'), '--storage', storage, *network]
        assert main(words) == 1
        errors = capsys.readouterr().err
        assert f'occany bag: {place / "out"}: cannot be written' in errors
        assert 'MB free' in errors
        assert 'free some space' in errors
        stamps, damage = grids(place / 'out')
        assert 'messages kept' in damage
    assert 1 <= len(stamps) < STEPS


def failing(monkeypatch, owner, name, error, turns):
    """Let a function raise at some of its calls, counted from 1."""
    whole, count = getattr(owner, name), itertools.count(1)

    def fails(*given, **named):
        if next(count) in turns:
            raise error
        return whole(*given, **named)

    monkeypatch.setattr(owner, name, fails)


@pytest.fixture
def map_street(street, network, tmp_path):
    """Give what maps the street; it returns the exit code and the bag."""

    def run(*more):
        words = ['bag', str(street), '-o', str(tmp_path / 'out'), *network, *more]
        return main(words), tmp_path / 'out'

    return run


@pytest.mark.parametrize('street', ['mcap'], indirect=True)
@pytest.mark.parametrize(
    ('error', 'code', 'told'),
    [
        (RuntimeError('shapes'), 1, 'RuntimeError: 2 left out, the last: shapes; --verbose'),
        (KeyError('key'), 1, "KeyError: 2 left out, the last: 'key'; --verbose shows where"),
        (ValueError('odd'), 0, 'set that could not be mapped: 2 left out, the last: odd\n'),
        (MemoryError('no room'), 0, 'out of memory: 2 left out, the last: out of memory in mode'),
    ],
)
def test_it_goes_on_with_the_next_set(map_street, monkeypatch, capsys, error, code, told):
    failing(monkeypatch, TinyOccAny, 'encode', error, {2, 5})
    found, path = map_street()
    assert found == code
    assert told in capsys.readouterr().err
    stamps, damage = grids(path)
    assert (len(stamps), damage) == (STEPS - 2, '')


@pytest.mark.parametrize('street', ['mcap'], indirect=True)
def test_a_fault_of_the_program_can_be_looked_at(map_street, monkeypatch, capsys):
    failing(monkeypatch, BagOutputs, 'publish', RuntimeError('broken'), range(1, 100))
    assert map_street('--verbose')[0] == 1
    errors = capsys.readouterr().err
    assert f'RuntimeError: {STEPS} left out, the last: broken\n' in errors
    assert errors.count('Traceback') == 1
    assert 'raise error\nRuntimeError: broken\n' in errors


@pytest.mark.parametrize('street', ['mcap'], indirect=True)
def test_memory_may_run_out_beside_the_network(map_street, monkeypatch, capsys):
    failing(monkeypatch, BagOutputs, 'publish', MemoryError('no room'), {1})
    assert map_street()[0] == 0
    assert 'out of memory: 1 left out, the last: no room\n' in capsys.readouterr().err


def stopped(street, path, network, number):
    """
    Map until the first set is done, then send a signal; gives the exit code and the rest.

    The images are made so large that the others take much longer than we to send it.
    """
    code = 'import sys; from occany_ros.cli.main import main; sys.exit(main())'
    storage = 'sqlite3' if storage_of(street).suffix == '.db3' else 'mcap'
    words = ['bag', str(street), '-o', str(path), '--storage', storage, *network]
    words += ['-p', 'model.image_size:=768']
    with subprocess.Popen(
        [sys.executable, '-c', code, *words], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline().startswith('mapping')
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_killed_it_leaves_every_set_that_was_done(street, network, tmp_path):
    code, _ = stopped(street, tmp_path / 'out', network, signal.SIGKILL)
    assert code == -signal.SIGKILL
    stamps, damage = grids(tmp_path / 'out')
    assert stamps
    assert 'metadata' in damage
    assert np.all(np.diff(stamps) > 0)


@pytest.mark.parametrize('street', ['mcap'], indirect=True)
def test_interrupted_it_closes_the_bag(street, network, tmp_path):
    code, errors = stopped(street, tmp_path / 'out', network, signal.SIGINT)
    assert code == 130
    stamps, damage = grids(tmp_path / 'out')
    assert damage == ''
    told = int(re.search(r'interrupted; it has the (\d+) sets', errors)[1])
    assert told >= 1
    assert len(stamps) - told in {0, 1}  # the last one may be there in part
