"""The command says what a file is, and its exit code whether it can be used."""

import json
from pathlib import Path

from occany_ros.cli.main import main
import pytest
from released_files import all_shapes, drawn_sections, save_released, SMALL_CALLS, SMALL_RENDERING


@pytest.fixture(scope='module')
def sections():
    return drawn_sections(all_shapes(SMALL_RENDERING))


@pytest.fixture
def file(tmp_path, sections):
    return save_released(tmp_path / 'occany.pth', sections, **SMALL_CALLS)


def test_a_usable_file_in_words(file, capsys):
    assert main(['checkpoint', str(file)]) == 0
    text = capsys.readouterr().out
    rows = dict(line.split(None, 1) for line in text.splitlines() if not line.startswith(' '))
    assert rows['family'] == 'occany'
    assert rows['stage'] == 'rendering: it renders novel views'
    assert rows['missing'] == rows['unexpected'] == rows['misshapen'] == 'none'
    assert rows['use'].strip() == f'model.variant: occany  model.checkpoint: {file}'
    assert 'non-commercial' in rows['licence']
    assert 'gen_decoder: ' in text


def test_a_usable_file_for_a_program(file, capsys):
    assert main(['checkpoint', '--json', str(file)]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about['is_usable'] is True
    assert about['stage'] == 'rendering'
    assert about['sections']['encoder']['keys'] == len(all_shapes(SMALL_RENDERING)['encoder'])


def test_every_missing_weight_is_shown(tmp_path, sections, capsys):
    gone = [key for key in sections['decoder'] if 'cross_attn' in key]
    cut = {key: x for key, x in sections['decoder'].items() if key not in gone}
    path = save_released(tmp_path / 'cut.pth', {**sections, 'decoder': cut}, **SMALL_CALLS)
    assert main(['checkpoint', str(path)]) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert len(gone) > 5
    assert all(f'decoder.{key}' in lines for key in gone)
    assert 'use         impossible as it is' in lines
    assert main(['checkpoint', '--json', str(path)]) == 1
    assert json.loads(capsys.readouterr().out)['missing'] == [f'decoder.{key}' for key in gone]


def test_a_file_that_names_code_is_refused(tmp_path, sections, capsys):
    path = save_released(tmp_path / 'evil.pth', sections, extra=Path('somewhere'))
    assert main(['checkpoint', str(path)]) == 1
    assert 'which is not a weight; it was refused' in capsys.readouterr().err
    assert main(['checkpoint', '--json', str(path)]) == 1
    about = json.loads(capsys.readouterr().out)
    assert about['is_usable'] is False
    assert 'it was refused and nothing of it was run' in about['problem']


def test_an_absent_file_is_said_so(tmp_path, capsys):
    assert main(['checkpoint', str(tmp_path / 'no.pth')]) == 1
    assert 'there is no such file' in capsys.readouterr().err


def test_a_folder_is_looked_into(file, capsys):
    assert main(['checkpoint', str(file.parent)]) == 1
    expected = 'it is a folder, not a weight file; name one of the weight files in it: occany.pth'
    assert capsys.readouterr().err.rstrip().endswith(f'checkpoint {file.parent}: {expected}')
    assert main(['checkpoint', '--json', str(file.parent)]) == 1
    about = json.loads(capsys.readouterr().out)
    assert expected == f'{about["problem"]}; {about["remedy"]}'
