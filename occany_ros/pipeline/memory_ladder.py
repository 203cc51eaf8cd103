"""Out of memory: one mode lower, and stay there until somebody asks for more again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic

from occany_ros.geometry.frame import FrameSet
from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.modes import lower, Mode, MODES
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.state import MapperState

_TEXTS: Final = ('out of memory', "can't allocate memory", 'not enough memory', 'alloc_failed')


class OutOfMemory(RuntimeError):  # noqa: N818 - it names what happened
    """A set did not fit into memory, not even in the cheapest mode."""


def is_out_of_memory(error: BaseException) -> bool:
    """
    Tell whether an error means that memory ran out.

    Python, torch on a GPU, torch on a processor and the libraries below it each say it in their
    own way, the last ones only in the text of a ``RuntimeError``.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == 'OutOfMemoryError':
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(part in text for part in _TEXTS)


@dataclass(frozen=True, slots=True)
class Fall:
    """
    One step down.

    :param was: the mode that did not fit.
    :param now: the mode that is tried next; the same where there is no lower one.
    :param said: what the allocator said, one line.
    """

    was: Mode
    now: Mode
    said: str

    @property
    def text(self) -> str:
        """Say what happened, what follows, and what can be done about it."""
        follows = (
            f'going on in mode {self.now} until mode is set again'
            if self.now != self.was
            else 'set dropped, there is no lower mode'
        )
        return (
            f'out of memory in mode {self.was}: {follows}; to need less, lower memory.frames, '
            f'model.image_size or the number of cameras, or end other programs ({self.said})'
        )


class Ladder(Generic[TokensT, MemoryT]):
    """
    Maps sets in the highest mode that memory allows.

    It never climbs by itself: what did not fit once would come and go with every set.

    :param release: gives memory nobody uses any more back to the device.
    :param on_fall: takes every step down, and every set that is given up at the bottom.
    """

    def __init__(self, release: Callable[[], None], on_fall: Callable[[Fall], None]) -> None:
        self.ceiling: Mode = MODES[-1]
        self._release = release
        self._on_fall = on_fall

    def allowed(self, asked: Mode) -> Mode:
        """Return the mode that is used where this one is asked for."""
        return MODES[min(MODES.index(asked), MODES.index(self.ceiling))]

    def step(
        self,
        mapper: Mapper[TokensT, MemoryT],
        state: MapperState[TokensT, MemoryT],
        frames: FrameSet,
    ) -> tuple[MapperState[TokensT, MemoryT], Occupancy]:
        """
        Map one more set; where memory runs out, the same set once more in the next lower mode.

        :raises OutOfMemory: it does not fit in any mode; go on with ``state``.
        :raises ValueError: and whatever else `Mapper.step` raises.
        """
        while True:
            mode = self.allowed(mapper.config.mode)
            chosen = mapper if mode == mapper.config.mode else mapper.in_mode(mode)
            try:
                return chosen.step(state, frames)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                said = (str(error).splitlines() or [type(error).__name__])[0]
            # Only here: while the error lives, so does every tensor of the step that failed.
            self._release()
            fall = Fall(mode, lower(mode), said)
            self.ceiling = fall.now
            self._on_fall(fall)
            if fall.now == fall.was:
                raise OutOfMemory(fall.text)
