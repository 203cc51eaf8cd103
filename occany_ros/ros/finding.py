"""What the doctor finds: a verdict, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal['ok', 'warn', 'fault']


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
