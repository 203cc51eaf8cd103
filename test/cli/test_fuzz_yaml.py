"""Hostile parameter files: refused quickly, with the one error that says so."""

from fuzz_tally import tried
from hypothesis import given
from hypothesis import strategies as st
from occany_ros.cli.node_parameters import given_parameters
from peak_memory import added_at_peak
import pytest

pytestmark = pytest.mark.fuzz
MIB = 1 << 20
LAUGHS = 'a0: &a0 {x: 1}\n' + ''.join(
    f'a{level}: &a{level} {{p: *a{level - 1}, q: *a{level - 1}, r: *a{level - 1}}}\n'
    for level in range(1, 40)
)
BOMBS = {
    'aliases in aliases': LAUGHS,
    'itself': 'a: &a {b: *a}',
    'merged': 'a: &a {x: 1}\nb: {<<: *a}',
    'lists in lists': '[' * 20_000,
    'maps in maps': '{a: ' * 20_000,
    'dashes': '- ' * 20_000,
    'indents': '\n'.join(' ' * level + f'k{level}:' for level in range(3000)),
    'object': '!!python/object/apply:os.system ["touch HIT"]',
    'module': '!!python/name:os.system',
    'huge number': 'a: ' + '9' * 10_000,
    'keys': '? [1, 2]\n: 3',
    'list': '[1, 2]',
    'two': 'a: 1\n---\nb: 2',
}


@pytest.mark.parametrize('name', BOMBS)
def test_a_bomb_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'bomb.yaml'
    path.write_text(BOMBS[name], encoding='utf-8')

    def read():
        with pytest.raises(ValueError, match=r'bomb\.yaml'):
            given_parameters(path, ())

    _, added = added_at_peak(read)
    assert added < 64 * MIB
    assert [entry.name for entry in tmp_path.iterdir()] == ['bomb.yaml']


def test_a_file_of_absurd_size_is_refused_unread(tmp_path):
    path = tmp_path / 'large.yaml'
    with path.open('wb') as file:
        file.truncate(1 << 40)

    def read():
        with pytest.raises(ValueError, match=r'large\.yaml'):
            given_parameters(path, ())

    _, added = added_at_peak(read)
    assert added < 64 * MIB


characters = st.sampled_from('{}[]:-,&*!|>\'"%@`?# \n\t\0a1.~=<é\ufeff')


@given(content=st.text(characters, max_size=60).map(str.encode) | st.binary(max_size=60))
def test_noise_is_parameters_or_refused(tmp_path_factory, content):
    tried('parameter files')
    path = tmp_path_factory.getbasetemp() / 'noise.yaml'
    path.write_bytes(content)
    try:
        parameters = given_parameters(path, ())
    except ValueError:
        return
    assert all(isinstance(name, str) for name in parameters)
