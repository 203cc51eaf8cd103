"""What a detector of boxes is asked for, and what it understood (semantics spec B.1, B.2)."""

from collections.abc import Sequence
from typing import Final

from occany_ros.semantics.classes import ClassSet

SEPARATORS: Final = ('[CLS]', '[SEP]', '.')
"""Tokens between the names of a caption."""


def detector_prompts(classes: ClassSet) -> tuple[tuple[str, int], ...]:
    """
    List the names that are looked for, with the native id each stands for, class by class.

    Those of free space are among them: what looks like sky is to be called so, and not by the
    name that fits next best. ``other`` is no thing to look for.
    """
    return tuple(entry for entry in classes.flat_prompts if entry[1] != classes.other)


def caption(names: Sequence[str]) -> str:
    """Write names as one text, as the detector was taught to read them."""
    return ' '.join(f'{in_words(name)}.' for name in names)


def in_words(name: str) -> str:
    """Write a name in lower case words."""
    return name.replace('-', ' ').replace('_', ' ').lower()


def spelled(tokens: Sequence[str]) -> str:
    """Join word pieces to words; a piece that goes on a word begins with ``##``."""
    return ' '.join(tokens).replace(' ##', '')


def phrase_starts(tokens: Sequence[str]) -> list[int]:
    """
    Find the name that every token of a caption belongs to.

    A separator belongs to the name before it.

    :returns: index of the first token of that name; of nothing, the index after the token.
    """
    starts, start = [], 0
    for index, token in enumerate(tokens):
        starts.append(start)
        if token in SEPARATORS:
            start = index + 1
    return starts
