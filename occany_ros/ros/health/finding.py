"""What the doctor finds: a verdict, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal['ok', 'warn', 'fault']

PAGE: Final = 'docs/troubleshooting.md'
SECTIONS: Final[Mapping[str, str]] = {
    '/dev/shm': 'few-images-arrive',  # noqa: S108 - it is a name here
    'net.core.rmem_max': 'few-images-arrive',
    'middleware': 'the-node-does-not-start',
    'gpu': 'memory-runs-out-or-it-is-slow',
    'packages': 'the-node-does-not-start',
    'parameters': 'the-node-does-not-start',
    'model': 'the-node-does-not-start',
    'weights': 'the-map-is-empty-smeared-or-forgets',
    'labels': 'the-map-is-empty-smeared-or-forgets',
    'mode': 'the-map-is-empty-smeared-or-forgets',
    'graph': 'nothing-comes-out',
    'stamps': 'stamps-are-zero-or-jump',
    'camera': 'images-cannot-be-decoded',
    'sync': 'sets-lack-cameras',
    'tf': 'the-grid-is-tilted-or-hangs-at-the-wrong-height',
}
"""First word of a subject -> section of the page that goes into it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    :param level: ``ok``; ``warn`` for what works but could be better; ``fault`` for what keeps
        output away.
    :param subject: what was looked at, e.g. ``camera front``.
    :param text: what was seen and, unless it is ok, the remedy.
    """

    level: Level
    subject: str
    text: str

    @property
    def section(self) -> str:
        """Name the part of the documentation that goes into it; empty where all is well."""
        if self.level == 'ok':
            return ''
        if self.level == 'fault' and self.subject == 'weights':
            return f'{PAGE}#the-node-does-not-start'
        return f'{PAGE}#{SECTIONS[self.subject.split()[0]]}'
