"""Durations of the stages of a step."""

from collections.abc import Callable, Mapping


class Stopwatch:
    """
    Measures consecutive stages.

    :param clock: seconds, steady.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun = self._last = clock()
        self._seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """End a stage that began when the one before ended."""
        now = self._clock()
        self._seconds[stage] = now - self._last
        self._last = now

    def seconds(self) -> Mapping[str, float]:
        """Duration of every stage so far, and their ``total``."""
        return {**self._seconds, 'total': self._last - self._begun}
