"""Plain YAML is read; what could stand for more than it is, is not."""

from occany_ros.semantics.plain_yaml import plain_yaml, read_plain_yaml
import pytest


def test_plain_values_are_read(tmp_path):
    text = '\ufeffcameras: [left, right]\nsync: {slop: 0.1}\nautostart: false\nempty:\n'
    path = tmp_path / 'file.yaml'
    path.write_text(text, encoding='utf-8')
    assert read_plain_yaml(path) == {
        'cameras': ['left', 'right'],
        'sync': {'slop': 0.1},
        'autostart': False,
        'empty': None,
    }
    assert plain_yaml('', 'nothing') is None
    assert plain_yaml('3', 'a number') == 3


@pytest.mark.parametrize(
    ('text', 'word'),
    [
        ('a: &a [1]\nb: *a', 'aliases'),
        ('[' * 50, 'levels'),
        ('a: [' + '1,' * 60_000 + '1]', 'values'),
        ('x' * (1 << 21), 'characters'),
        ('a: [1', 'expected YAML'),
        ('!!python/name:os.system', 'expected YAML'),
        ('a: 2001-99-99', 'expected YAML'),
    ],
)
def test_what_is_not_plain_is_refused_with_the_place(text, word):
    with pytest.raises(ValueError, match=f'^there: .*{word}'):
        plain_yaml(text, 'there')


def test_a_folder_and_other_codes_are_refused(tmp_path):
    with pytest.raises(ValueError, match='expected a file'):
        read_plain_yaml(tmp_path)
    (tmp_path / 'latin.yaml').write_bytes('a: \xe9'.encode('latin-1'))
    with pytest.raises(ValueError, match='UTF-8'):
        read_plain_yaml(tmp_path / 'latin.yaml')
