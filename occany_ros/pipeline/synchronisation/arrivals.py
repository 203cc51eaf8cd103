"""Values of the synchroniser: what goes in, what comes out, what is counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

PayloadT = TypeVar('PayloadT')


class Event(Enum):
    """Why a message was treated specially; the value is what a person reads."""

    ZERO_STAMP = 'zero stamp replaced by the time of receipt'
    OUT_OF_ORDER = 'older than the previous message of its camera, still used'
    DUPLICATE = 'same stamp as a waiting message of its camera, dropped'
    LATE = 'not newer than the last set, dropped'
    SUPERSEDED = 'a newer message of the same camera was used, dropped'
    OVERFLOW = 'too many messages waiting, oldest dropped'
    TOO_FEW = 'waited in vain for enough cameras, dropped'
    BACKWARD = 'stamp jumped back once, dropped'
    FORWARD = 'stamp jumped ahead once, dropped'
    STRAGGLER = 'from before a clock jump, dropped'
    FLUSHED = 'waiting when the clock jumped, dropped'


class Flush(Enum):
    """Why everything that was learned from older images has to be forgotten."""

    BACKWARD = 'the stamps jumped back'
    GAP = 'the stamps have a gap longer than memory.max_gap'


class Closing(Enum):
    """Why a set was handed out."""

    COMPLETE = 'every living camera is in'
    LOST = 'the missing cameras lost this beat: each has spoken again since'
    WAITED = 'sync.max_wait is over'


@dataclass(frozen=True, slots=True)
class GroupingConfig:
    """
    How messages of several cameras become sets.

    :param cameras: names, in the order sets are to have.
    :param slop_ns: largest difference of stamps inside a set.
    :param min_cameras: smallest set that is handed out.
    :param max_wait_ns: longest time the oldest waiting message waits for others, on the steady
        clock; longer where a recording is played slower than it was made.
    :param stale_after_ns: a camera is not waited for once the stamps of the others are this much
        further on than when it spoke last.
    :param max_gap_ns: a longer hole in the stamps flushes.
    :param backward_ns: a camera's stamps may be this much out of order without being a jump.
    :param depth: messages kept for each camera.
    :raises ValueError: a value is out of range.
    """

    cameras: tuple[str, ...]
    slop_ns: int = 50_000_000
    min_cameras: int = 1
    max_wait_ns: int = 100_000_000
    stale_after_ns: int = 1_000_000_000
    max_gap_ns: int = 2_000_000_000
    backward_ns: int = 500_000_000
    depth: int = 3

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise ValueError('cameras', 'one or more different names', self.cameras)
        if not 1 <= self.min_cameras <= len(self.cameras):
            expected = f'1 to {len(self.cameras)}, the number of cameras'
            raise ValueError('sync.min_cameras', expected, self.min_cameras)
        for name in ('slop_ns', 'max_wait_ns'):
            if getattr(self, name) < 0:
                raise ValueError(name, 'zero or more', getattr(self, name))
        for name in ('stale_after_ns', 'max_gap_ns', 'backward_ns', 'depth'):
            if getattr(self, name) <= 0:
                raise ValueError(name, 'more than zero', getattr(self, name))


@dataclass(frozen=True, slots=True, eq=False)
class Arrival(Generic[PayloadT]):
    """
    One message of one camera.

    :param camera: the camera's name.
    :param stamp_ns: time of exposure, nanoseconds; zero or less where the driver left it out.
    :param received_ns: time of receipt on the clock of the stamps, nanoseconds.
    :param payload: whatever is to come out again: the message, undecoded.
    """

    camera: str
    stamp_ns: int
    received_ns: int
    payload: PayloadT


@dataclass(frozen=True, slots=True, eq=False)
class Group(Generic[PayloadT]):
    """
    Messages that belong to one instant.

    :param arrivals: at most one for each camera, in the configured order.
    :param stamps_ns: stamp of each, with zero stamps replaced.
    :param missing: living cameras that are not in.
    :param closing: why it was handed out.
    """

    arrivals: tuple[Arrival[PayloadT], ...]
    stamps_ns: tuple[int, ...]
    missing: tuple[str, ...]
    closing: Closing

    @property
    def stamp_ns(self) -> int:
        """Time of the newest image, nanoseconds."""
        return max(self.stamps_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Grouped(Generic[PayloadT]):
    """
    What one message or one look at the clock brought about.

    :param flush: not None: first forget memory, odometry and every older set.
    :param groups: oldest first, each newer than all before.
    """

    flush: Flush | None = None
    groups: tuple[Group[PayloadT], ...] = ()


@dataclass(frozen=True, slots=True)
class CameraStatistics:
    """
    How one camera is doing.

    :param name: the camera.
    :param alive: it spoke within ``stale_after_ns``, in the time of the stamps, or has not had
        the time to speak yet.
    :param received: messages so far.
    :param sets: sets it was part of.
    :param missed: sets that went out without it while it was alive.
    :param rate_hz: images a second by their stamps; zero while unknown.
    :param age_ns: receipt minus stamp of its last message.
    :param silence_ns: time since its last message; None before the first.
    :param skew_ns: its stamp minus the newest stamp, in the last set it was part of.
    :param events: how often each thing happened to its messages.
    """

    name: str
    alive: bool
    received: int
    sets: int
    missed: int
    rate_hz: float
    age_ns: int
    silence_ns: int | None
    skew_ns: int
    events: Mapping[Event, int]
