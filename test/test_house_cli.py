"""The executable `occany`: what it lists, refuses and answers."""

from importlib import import_module
import re
import shlex

from occany_ros import __version__
from occany_ros.cli import main as cli
import pytest


def test_version_is_the_package_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(['--version'])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.split() == ['occany_ros', __version__]


def test_help_lists_every_subcommand_with_its_summary(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(['--help'])
    assert stopped.value.code == 0
    words = ' '.join(capsys.readouterr().out.split())
    for name in cli.available_subcommands():
        assert f'{name} {cli.subcommand_module(name).SUMMARY}' in words


def test_an_unknown_subcommand_is_a_wrong_command_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(['conquer'])
    assert stopped.value.code == 2
    assert 'conquer' in capsys.readouterr().err


def test_an_unknown_subcommand_has_no_module():
    with pytest.raises(LookupError, match='conquer'):
        cli.subcommand_module('conquer')


@pytest.mark.parametrize('name', cli.available_subcommands())
def test_every_subcommand_explains_its_arguments(name, capsys):
    module = import_module(f'occany_ros.cli.{cli.SUBCOMMANDS[name]}')
    assert module.SUMMARY[-1] not in '.\n'
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, '--help'])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert f'usage: occany {name}' in text
    assert module.SUMMARY in ' '.join(text.split())
    examples = text.partition('examples:')[2]
    assert examples.count(f'occany {name}') >= 2
    assert 'exit codes: 0 ' in text


@pytest.mark.parametrize('name', cli.available_subcommands())
def test_the_examples_are_command_lines_that_parse(name):
    module = import_module(f'occany_ros.cli.{cli.SUBCOMMANDS[name]}')
    examples = re.findall(rf'^  occany ({name}\b.*)$', module.EPILOG, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        command = re.split(r'  +|\.\.\.', example)[0]
        parsed = cli.build_parser(name).parse_args(shlex.split(command))
        assert parsed.subcommand == name


@pytest.mark.parametrize('name', ['bag', 'play', 'synth', 'train', 'eval'])
def test_long_ones_can_be_told_to_be_quiet(name, capsys):
    with pytest.raises(SystemExit):
        cli.main([name, '--help'])
    assert '-q, --quiet' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'remarks'),
    [
        (['bag', 'nowhere', '-o', 'out'], ['nowhere: expected a bag', 'check the path']),
        (['play', 'nowhere', '-o', 'out'], ['nowhere: expected a bag', 'check the path']),
        (['snapshot', 'nowhere', '-o', 'x.png'], ['nowhere: expected a rosbag2']),
        (['checkpoint', 'nowhere.pth'], ['nowhere.pth']),
        (['parity', 'nowhere'], ['nowhere', 'expected']),
        (['eval', '--weights', 'nowhere.safetensors'], ['nowhere.safetensors']),
        (
            ['bag', 'nowhere', '-o', 'out', '--preset', 'mars'],
            ['preset: expected one of', 'kitti'],
        ),
        (['bag', 'nowhere', '-o', 'out', '--params-file', 'no.yaml'], ['no.yaml']),
    ],
)
def test_errors_name_what_is_wrong_and_exit_with_one(
    words, remarks, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f'occany {words[0]}: ')
    assert all(remark in errors for remark in remarks), errors


def test_a_wrong_command_line_exits_with_two(capsys):
    for words in (['bag'], ['play', 'x', '--rate', 'fast'], ['snapshot', 'x', '--at', '1']):
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        assert stopped.value.code == 2
        assert f'usage: occany {words[0]}' in capsys.readouterr().err
