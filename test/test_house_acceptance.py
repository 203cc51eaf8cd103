"""The interface's acceptance list is complete: every number has tests of its name."""

import ast
from pathlib import Path
import re

FOLDER = Path(__file__).resolve().parent / 'ros' / 'acceptance'
NUMBERS = range(1, 21)
NAME = re.compile(r'test_acceptance_(\d\d)_\w+')


def named_tests() -> dict[int, list[str]]:
    """Find the tests of the list, by number, without importing ROS."""
    found: dict[int, list[str]] = {number: [] for number in NUMBERS}
    for path in sorted(FOLDER.glob('test_acceptance_*.py')):
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.FunctionDef) and (match := NAME.fullmatch(node.name)):
                found[int(match[1])].append(f'{path.name}::{node.name}')
    return found


def test_every_point_of_the_acceptance_list_has_a_test():
    found = named_tests()
    assert set(found) == set(NUMBERS)
    assert [number for number, tests in found.items() if not tests] == []


def test_acceptance_files_hold_nothing_but_acceptance_tests():
    for path in FOLDER.glob('test_*.py'):
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
                assert NAME.fullmatch(node.name), f'{path.name}::{node.name}'
