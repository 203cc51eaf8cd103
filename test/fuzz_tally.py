"""How many hostile inputs a run has tried; `test/conftest.py` says so at its end."""

from collections import Counter

TRIED = Counter()


def tried(kind, count=1):
    """Count hostile inputs of a kind, e.g. ``images``."""
    TRIED[kind] += count


def summary():
    """Say how many there were, and of what; empty where there were none."""
    if not TRIED:
        return ''
    kinds = ', '.join(f'{count} {kind}' for kind, count in sorted(TRIED.items()))
    return f'hostile input: {TRIED.total()} in all: {kinds}'
