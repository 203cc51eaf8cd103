"""The executable `occany`: what it lists, refuses and answers."""

from importlib import import_module

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
    assert f'occany {name}' in capsys.readouterr().out
