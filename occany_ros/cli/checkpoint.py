"""`occany checkpoint`: what a released weight file holds, and whether it can be used."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import asdict
import json
from pathlib import Path

from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.models.checkpoint_report import CheckpointReport, examine

SUMMARY = 'check a released weight file without running anything in it'
EPILOG = """examples:
  occany checkpoint occany.pth            family, stage, sizes, weights, licence, digest
  occany checkpoint --json occany.pth     for a program

exit codes: 0 the node can run it, 1 it cannot, 2 a wrong command line
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument(
        'file', type=Path, help='e.g. occany.pth, occany_plus_gen.pth or model.safetensors'
    )
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(arguments: Namespace) -> int:
    """
    Describe a weight file.

    :returns: 0 if the node can run it, 1 otherwise.
    :raises CheckpointError: if it cannot be read.
    """
    try:
        report = examine(arguments.file)
    except CheckpointError as error:
        if not arguments.json:
            raise
        about = {'file': str(error.path), 'problem': error.problem, 'remedy': error.remedy}
        print(json.dumps(about | {'is_usable': False}, indent=1))
        return 1
    if arguments.json:
        print(json.dumps(asdict(report) | {'is_usable': report.is_usable}, indent=1))
    else:
        print('\n'.join(f'{name:<12}{text}'.rstrip() for name, text in _lines(report)))
    return 0 if report.is_usable else 1


def _lines(report: CheckpointReport) -> Iterator[tuple[str, str]]:
    yield 'file', f'{report.file}, {report.size_bytes:,} bytes'
    yield 'sha256', report.sha256
    yield 'family', report.family
    if report.stage:
        renders = 'renders' if report.stage == 'rendering' else 'does not render'
        yield 'stage', f'{report.stage}: it {renders} novel views'
        points = f'; points {report.activation}' if report.activation else ''
        yield 'images', f'{report.image_size} pixels wide or high{points}'
    yield 'parameters', f'{report.parameters:,}, of which {report.live:,} are read at inference'
    for name, section in report.sections.items():
        unread = section.parameters - section.live
        more = f', {unread:,} of them unread' if unread and report.live else ''
        yield '', f'{name}: {section.keys} keys, {section.parameters:,} parameters{more}'
    faults = {
        'missing': report.missing,
        'unexpected': report.unexpected,
        'misshapen': report.misshapen,
        'not finite': report.not_finite,
    }
    for title, names in faults.items():
        yield title, str(len(names)) if names else 'none'
        yield from (('', name) for name in names)
    if report.problem:
        yield 'problem', report.problem
    for note in report.notes:
        yield 'note', note
    yield 'licence', report.licence
    if report.is_usable:
        yield 'use', f'model.variant: {report.family}  {report.parameter}: {report.file}'
    else:
        yield 'use', 'impossible as it is'
