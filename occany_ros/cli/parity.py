"""`occany parity`: our networks and functions against golden files of the released code."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.registry import check_file, golden_files, SUFFIXES

SUMMARY = 'recompute golden files of the released code and compare'
EPILOG = """examples:
  occany parity golden            every tensor of every golden file in a folder
  occany parity golden --worst    one line a file

exit codes: 0 nothing is over its tolerance, 1 something is, 2 a wrong command line
"""
NO_CHECK = 'no check yet'
LEFT_OUT = 'left out'


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument('directory', type=Path, help='folder with golden files')
    parser.add_argument(
        '--worst', action='store_true', help='print only the worst tensor of each file'
    )


def run(arguments: Namespace) -> int:
    """
    Check every golden file of a folder.

    :returns: 0 if nothing is over its tolerance, 1 otherwise.
    :raises ValueError: if there is no such folder, or no golden file in it.
    """
    paths = golden_files(arguments.directory)
    if not paths:
        kinds = ', '.join(f'*{suffix}' for suffix in SUFFIXES)
        raise ValueError(f'directory: expected one with files {kinds}, got {arguments.directory}')
    print(_row('file', 'tensor', 'error', 'tolerance', 'verdict'))
    counts = {'pass': 0, 'FAIL': 0, LEFT_OUT: 0, NO_CHECK: 0}
    for path in paths:
        for row, verdict in _rows(path, only_worst=arguments.worst):
            counts[verdict] += 1
            print(row, flush=True)
    print(', '.join(f'{verdict}: {count}' for verdict, count in counts.items()))
    return 1 if counts['FAIL'] else 0


def _rows(path: Path, *, only_worst: bool) -> list[tuple[str, str]]:
    """Lines for one file, each with its verdict."""
    try:
        comparisons = check_file(path)
    except (ValueError, RuntimeError, LookupError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return [(_row(path.stem, reason, '', '', 'FAIL'), 'FAIL')]
    if not comparisons:
        return [(_row(path.stem, '', '', '', NO_CHECK), NO_CHECK)]
    shown = _worst(comparisons) if only_worst else comparisons
    return [(_comparison_row(path.stem, entry), _verdict(entry)) for entry in shown]


def _worst(comparisons: list[Comparison]) -> list[Comparison]:
    """Pick the failures, the worst of the checked tensors, and those without a check."""
    checked = [entry for entry in comparisons if entry.tolerance is not None]
    failed = [entry for entry in checked if not entry.has_passed]
    ranked = sorted(checked, key=lambda entry: entry.error / (entry.tolerance or 1e-30))
    return (failed or ranked[-1:]) + [entry for entry in comparisons if entry.tolerance is None]


def _verdict(comparison: Comparison) -> str:
    if comparison.tolerance is None:
        return LEFT_OUT if comparison.reason else NO_CHECK
    return 'pass' if comparison.has_passed else 'FAIL'


def _comparison_row(stem: str, comparison: Comparison) -> str:
    if comparison.tolerance is None:
        reason = f': {comparison.reason}' if comparison.reason else ''
        return _row(stem, comparison.name, '', '', f'{_verdict(comparison)}{reason}')
    error, tolerance = f'{comparison.error:.2e}', f'{comparison.tolerance:.0e}'
    return _row(stem, comparison.name, error, tolerance, _verdict(comparison))


def _row(stem: str, tensor: str, error: str, tolerance: str, verdict: str) -> str:
    return f'{stem:<24} {tensor:<34} {error:>9} {tolerance:>9}  {verdict}'
