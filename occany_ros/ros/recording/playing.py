"""How a recording is played, and how far it got."""

from dataclasses import dataclass, field
import math


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """
    How a bag is played.

    :param topics: only these; empty means all.
    :param rate: speed, 1 is as recorded.
    :param loops: times the bag is played; 0 means until it is stopped.
    :param clock_hz: rate of ``/clock``, hertz; 0 publishes none.
    :param wait_active: lifecycle node that must be active, and have subscribed to an image topic
        where ``wait_for`` names none, before anything is played, ``/clock`` included.
    :param wait_for: topics that must have a subscriber before anything is played.
    :param wait_s: longest wait for subscribers and for answers, seconds.
    :param step_on: topic whose message answers one time step: the next is played only then.
        A time step ends where a camera has its next image. Empty plays by the clock.
    """

    topics: tuple[str, ...] = ()
    rate: float = 1.0
    loops: int = 1
    clock_hz: float = 0.0
    wait_active: str = ''
    wait_for: tuple[str, ...] = ()
    wait_s: float = 30.0
    step_on: str = ''

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 0 < self.rate < math.inf:
            raise ValueError(f'rate: expected a number above 0, got {self.rate}')
        if self.loops < 0 or self.clock_hz < 0 or self.wait_s < 0:
            raise ValueError('loops, clock_hz, wait_s: expected 0 or more')


@dataclass(slots=True, eq=False)
class PlayReport:
    """
    What has been played so far.

    :param sent: messages of each topic.
    :param skipped: topics that cannot be published, and why.
    :param unanswered: time steps that got no answer in time.
    :param loops: complete rounds.
    :param position_s: place in the bag, seconds from its start.
    :param length_s: length of the bag, seconds.
    :param interrupted: it was stopped before its end.
    """

    sent: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0
    loops: int = 0
    position_s: float = 0.0
    length_s: float = 0.0
    interrupted: bool = False
