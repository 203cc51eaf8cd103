"""The command `occany bench`: tables, files, and what it refuses."""

import json
import sys

from occany_ros.cli import bench, main
from occany_ros.evaluation.bench.plot import save_plot
from occany_ros.evaluation.bench.report import Report
from occany_ros.evaluation.bench.request import TABLES
import pytest


def test_the_mapper_is_timed_by_default(tmp_path, capsys):
    path = tmp_path / 'bench.json'
    words = ['bench', '--steps', '1', '--device', 'cpu', '--json', str(path)]
    assert main.main(words) == 0
    printed = capsys.readouterr().out
    assert 'Stages of the mapper: tiny' in printed
    content = json.loads(path.read_text())
    seconds = content['tables']['stages']['median_s']
    assert {'preprocess', 'encode', 'remember', 'render', 'voxels', 'total'} <= set(seconds)
    assert content['tables']['stages']['flops']['encode'] > 0
    assert content['machine']['device']


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['speed'], 'TABLE: expected some of stages'),
        (['--preset', 'moon'], "preset: expected one of front, surround, kitti, nuscenes, got 'm"),
        (['--random'], 'random: expected one of the variants occany'),
        (
            ['--random', '--variant', 'da3', '--render-checkpoint', 'gen.pth'],
            'render_checkpoint: expected none where weights are random, got gen.pth;',
        ),
        (['--repeats', '0'], 'repeats: expected at least 1'),
    ],
)
def test_what_is_wrong_is_named(words, said, capsys):
    assert main.main(['bench', *words]) == 1
    assert said in capsys.readouterr().err


def test_tables_of_the_command_are_those_that_can_be_made():
    assert (*TABLES, bench.HOST) == bench.TABLES


NOVEL = Report(
    name='novel',
    title='Rendering: few views',
    headers=('views',),
    rows=[('1',), ('4',)],
    figures={
        'costs': {
            '1': {'median_s': 0.5, 'peak_bytes': 1e9},
            '4': {'median_s': 1.5, 'peak_bytes': 2e9},
        }
    },
)


def test_a_table_can_be_drawn(tmp_path):
    pytest.importorskip('matplotlib', reason='the optional extra bench is not installed')
    path = tmp_path / 'bench.png'
    assert save_plot([NOVEL], path) == ('novel',)
    assert path.read_bytes().startswith(b'\x89PNG')


def test_without_matplotlib_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    with pytest.raises(ValueError, match=r'expected matplotlib, found none; pip install'):
        save_plot([NOVEL], tmp_path / 'bench.png')


def test_nothing_to_draw_is_said(tmp_path):
    with pytest.raises(ValueError, match='got stages'):
        save_plot([Report('stages', '', (), ())], tmp_path / 'bench.png')


def test_a_report_prints_title_table_and_notes():
    report = Report('x', 'Title', ('a', 'b'), [('one', '2')], notes=('note',))
    assert report.text().splitlines() == [
        'Title', '', 'a      b', '--------', 'one    2', '', 'note',
    ]  # fmt: skip
    assert '| one |   2 |' in report.text('markdown')
