"""What each stage inside an action costs, without a stopwatch in the networks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass
from typing import Final

REST: Final = 'rest'


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """
    A function that is a stage.

    :param owner: module or object it is looked up in when it is called.
    :param name: its name there.
    :param stage: the stage it belongs to; several may share one.
    """

    owner: object
    name: str
    stage: str


class StageReader:
    """
    Sums the readings of a meter over the runs of each stage.

    A stage inside another counts for itself only.

    :param read: a meter that only grows: a clock, a counter of operations.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self._sums: dict[str, float] = {}
        self._inner: list[float] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside as a stage."""
        self._inner.append(0.0)
        begun = self._read()
        try:
            yield
        finally:
            whole = self._read() - begun
            self._sums[name] = self._sums.get(name, 0.0) + whole - self._inner.pop()
            if self._inner:
                self._inner[-1] += whole

    def sums(self) -> dict[str, float]:
        """Return the reading of every stage that ran, in the order in which they first ended."""
        return dict(self._sums)


def split(
    action: Callable[[], object], probes: Sequence[Probe], read: Callable[[], float]
) -> dict[str, float]:
    """
    Run an action once and say how much of a meter's reading belongs to each stage.

    :param probes: the stages; each function is replaced while the action runs.
    :param read: the meter.
    :returns: stage -> reading, the remainder as ``rest``.
    :raises LookupError: if there is no function of a probe's name.
    """
    reader = StageReader(read)
    with ExitStack() as stack:
        for probe in probes:
            stack.enter_context(_replaced(probe, reader))
        with reader.stage(REST):
            action()
    found = reader.sums()
    rest = found.pop(REST)
    return {**found, REST: rest}


@contextmanager
def _replaced(probe: Probe, reader: StageReader) -> Iterator[None]:
    original = getattr(probe.owner, probe.name, None)
    if not callable(original):
        raise LookupError(f'{probe.stage}: {probe.owner!r} has no function {probe.name}')
    function: Callable[..., object] = original

    def measured(*arguments: object, **named: object) -> object:
        with reader.stage(probe.stage):
            return function(*arguments, **named)

    is_own = probe.name in vars(probe.owner)
    setattr(probe.owner, probe.name, measured)
    try:
        yield
    finally:
        if is_own:
            setattr(probe.owner, probe.name, original)
        else:
            delattr(probe.owner, probe.name)
