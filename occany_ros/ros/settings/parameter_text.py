"""The parameters as files: the default YAML and the table for people."""

from collections.abc import Iterator, Mapping
import textwrap
from typing import Any

from occany_ros.ros.settings.parameter_checks import camera_settings, node_settings
from occany_ros.ros.settings.setting import Setting

_EXAMPLE_CAMERA = 'front'


def default_yaml() -> str:
    """
    Write ``config/default.yaml``: every parameter with its default and what it means.

    The file changes nothing: it is there to be copied.
    """
    lines = [
        '# Every parameter with its default. * = can be changed while the node runs.',
        '# By `python3 -m occany_ros.ros.settings.parameter_text yaml`; a test keeps it in step.',
        '/**:',
        '  ros__parameters:',
    ]
    group = ''
    for entry in _all_settings().values():
        head, _, leaf = entry.name.rpartition('.')
        if head != group and head:
            lines.append(f'    {head}:')
        group = head
        indent = '      ' if head else '    '
        lines += textwrap.wrap(
            _comment(entry), 99, initial_indent=f'{indent}# ', subsequent_indent=f'{indent}# '
        )
        lines.append(f'{indent}{leaf}: {_yaml(entry.default)}')
    return '\n'.join(lines) + '\n'


def markdown_table() -> str:
    """Write ``docs/parameters.md``: one row a parameter."""
    rows = [
        '# Parameters',
        '',
        'By `python3 -m occany_ros.ros.settings.parameter_text markdown`; a test holds it.',
        '`*` = can be changed while the node runs (`ros2 param set /occany sync.slop 0.1`).',
        'A name that is not in this table is refused at start.',
        '',
        'Parameters of a camera are named after it:',
        f'the rows with `{_EXAMPLE_CAMERA}.` exist for every name in `cameras`.',
        '',
        '| Parameter | Type | Default | Allowed | Unit | Meaning |',
        '|---|---|---|---|---|---|',
    ]
    for entry in _all_settings().values():
        star = ' *' if entry.runtime else ''
        cells = (
            f'`{entry.name}`{star}',
            entry.kind_name,
            f'`{_yaml(entry.default)}`',
            entry.range_text,
            entry.unit,
            entry.description,
        )
        rows.append('| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |')
    return '\n'.join(rows) + '\n'


def _all_settings() -> Mapping[str, Setting]:
    """Plain names first, then the cameras', then group by group: the order of a YAML file."""
    settings = node_settings()
    plain = {name: entry for name, entry in settings.items() if '.' not in name}
    return plain | camera_settings(_EXAMPLE_CAMERA) | settings


def _comment(entry: Setting) -> str:
    extra = ' '.join(part for part in (entry.range_text, entry.unit) if part)
    return f'{entry.description}{f" ({extra})" if extra else ""}{" *" if entry.runtime else ""}'


def _yaml(value: Any) -> str:
    if isinstance(value, tuple):
        entries = value or ('',)  # ROS cannot tell the type of an empty list
        return f'[{", ".join(_yaml(item) for item in entries)}]'
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)


def _main(arguments: list[str]) -> Iterator[str]:
    texts = {'yaml': default_yaml, 'markdown': markdown_table}
    for name in arguments:
        yield texts[name]()


if __name__ == '__main__':
    import sys

    sys.stdout.writelines(_main(sys.argv[1:]))
