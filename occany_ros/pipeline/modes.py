"""How much is imagined: the one value that trades novel views for time."""

from dataclasses import dataclass
from typing import Final, get_args, Literal

Mode = Literal['fast', 'balanced', 'quality']
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
"""Cheapest first: nothing is imagined, the first step of a plan, the whole plan."""


def lower(mode: Mode) -> Mode:
    """Name the next cheaper mode; there is none below ``fast``."""
    return MODES[max(MODES.index(mode) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Imagined:
    """
    What became of the novel views that were asked for.

    :param mode: the mode that really ran.
    :param views: novel views that were rendered.
    :param plan: what was rendered around each view, in words; empty for nothing.
    :param missing: why less was rendered than asked for; empty where nothing is missing.
    """

    mode: Mode = 'fast'
    views: int = 0
    plan: str = ''
    missing: str = ''


NOTHING_IMAGINED: Final = Imagined()
