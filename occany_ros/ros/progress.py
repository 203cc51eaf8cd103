"""Figures the worker writes and the reports read: each is one plain value, so no lock."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

import numpy as np
from occany_ros.pipeline.modes import Imagined, NOTHING_IMAGINED
from occany_ros.pipeline.occupancy_update import LevelReport, ScaleReport

_KEPT: Final = 200
_RATE_WINDOW_S: Final = 10.0
_MOMENT_S: Final = 1.0

RECENT_S: Final = 30.0
"""So long after the last failure a status warns of it; the counts stay."""


@dataclass(frozen=True, slots=True)
class Spread:
    """
    Durations of a stage.

    :param p50_ms: median, milliseconds.
    :param p95_ms: 95 of 100 were shorter, milliseconds.
    """

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Frames:
    """
    Frames of the newest set.

    :param grid: the grid hangs on; empty before the first set.
    :param odom: our ego motion is given in.
    :param has_external: whether odom_frame <- base_frame is known.
    """

    grid: str = ''
    odom: str = ''
    has_external: bool = False


class Progress:
    """
    What became of the sets so far.

    :param clock: steady seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.started_s = clock()
        self.outputs = 0
        self.sets = 0
        self.skipped_rate = 0
        self.skipped_paused = 0
        self.window = 0
        self.extrinsics = ''
        self.level: LevelReport | None = None
        self.scale = ScaleReport()
        self.frames = Frames()
        self.focal_notes: dict[str, str] = {}
        self.imagined: Imagined = NOTHING_IMAGINED
        self.out_of_memory = 0
        self.mode_asked = ''
        self.last_fall = ''
        self.failures: Counter[str] = Counter()
        self.last_failure = ''
        self.restarts: Counter[str] = Counter()
        self.starts_over = False
        self.undecodable: Counter[str] = Counter()
        self.decode_errors: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.last_output_s: float | None = None
        self.busy_since_s: float | None = None
        self._failed_s: float | None = None
        self._undecoded_s: dict[str, float] = {}
        self._stages: dict[str, deque[float]] = {}
        self._finished: deque[float] = deque(maxlen=_KEPT)

    def finished(self, seconds: Mapping[str, float]) -> None:
        """
        Note a set that went out.

        :param seconds: duration of each stage.
        """
        for name, duration in seconds.items():
            self._stages.setdefault(name, deque(maxlen=_KEPT)).append(duration)
        self.outputs += 1
        self.last_output_s = self._clock()
        self._finished.append(self.last_output_s)

    def failed(self, kind: str, text: str) -> None:
        """Note a set that did not go out."""
        self.failures[kind] += 1
        self.last_failure = text
        self._failed_s = self._clock()

    def undecoded(self, camera: str, text: str) -> None:
        """Note an image that could not be decoded."""
        self.decode_errors[camera] = text
        self.undecodable[camera] += 1
        self._undecoded_s[camera] = self._clock()

    @property
    def has_just_failed(self) -> bool:
        """Tell whether a set failed lately."""
        return self._is_recent(self._failed_s)

    def has_just_dropped(self, camera: str) -> bool:
        """Tell whether an image of a camera could not be decoded lately."""
        return self._is_recent(self._undecoded_s.get(camera))

    @property
    def rate_hz(self) -> float:
        """Count outputs a second, over the last ten seconds."""
        now = self._clock()
        recent = [time for time in tuple(self._finished) if now - time <= _RATE_WINDOW_S]
        span = min(_RATE_WINDOW_S, now - self.started_s)
        return len(recent) / span if recent and span > 0 else 0.0

    @property
    def busy_s(self) -> float:
        """Tell how long the worker has been at the present set; zero while it is idle."""
        since = self.busy_since_s
        return 0.0 if since is None else self._clock() - since

    @property
    def is_going(self) -> bool:
        """Tell whether something came out a moment ago."""
        return self.outputs > 0 and self.silence_s < _MOMENT_S

    @property
    def silence_s(self) -> float:
        """Tell the time since the last output, or since the start."""
        last = self.started_s if self.last_output_s is None else self.last_output_s
        return self._clock() - last

    def stages(self) -> dict[str, Spread]:
        """Duration of every stage over the last sets."""
        spreads = {}
        for name, durations in tuple(self._stages.items()):
            p50, p95 = np.percentile(np.array(tuple(durations)) * 1e3, (50, 95))
            spreads[name] = Spread(float(p50), float(p95))
        return spreads

    def _is_recent(self, when_s: float | None) -> bool:
        return when_s is not None and self._clock() - when_s < RECENT_S
