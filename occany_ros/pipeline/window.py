"""The rolling window of remembered frame sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.models.prediction import MemoryT, Reconstructor, TokensT
from occany_ros.pipeline.config import Anchor, MapperConfig

INTERVAL_SLACK = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Remembered(Generic[TokensT]):
    """
    One frame set of the window.

    :param frames: network-sized images, with intrinsics in their pixels.
    :param tokens: what the encoder made of each, kept so that it sees an image once only.
    :param odom_from_base: pose of the robot, from the last window it was in, (4, 4) float64; None
        before the first.
    :param external_from_base: the same by somebody else's odometry, where it is known.
    :param labels: native class of every pixel of ``frames``, 255 = none, (v, h, w) uint8; None
        where no reader was asked, see `occany_ros.semantics.reader`.
    """

    frames: tuple[Frame, ...]
    tokens: tuple[TokensT, ...]
    odom_from_base: NDArray[np.float64] | None = None
    external_from_base: NDArray[np.float64] | None = None
    labels: NDArray[np.uint8] | None = None

    @property
    def stamp_ns(self) -> int:
        """Time of the newest image, nanoseconds."""
        return max(frame.stamp_ns for frame in self.frames)


@dataclass(frozen=True, slots=True, eq=False)
class Remembering(Generic[TokensT, MemoryT]):
    """
    A memory and what it was made of, in order.

    :param tokens: of every remembered view.
    :param memory: the network's memory of them.
    """

    tokens: tuple[TokensT, ...]
    memory: MemoryT


def still_kept(
    window: Sequence[Remembered[TokensT]], stamp_ns: int, config: MapperConfig
) -> tuple[Remembered[TokensT], ...]:
    """
    Keep the sets that are not too old, and leave room for a new one.

    :param window: sets that are worth keeping, oldest first.
    :param stamp_ns: time of the new set.
    """
    young = [entry for entry in window if stamp_ns - entry.stamp_ns <= config.max_age_s * 1e9]
    first = max(len(young) - (config.frames - 1), 0)
    return tuple(young[first:])


def is_worth_keeping(
    newest: Remembered[TokensT], kept: Sequence[Remembered[TokensT]], config: MapperConfig
) -> bool:
    """
    Tell whether a set stays in the window when the next one comes (the keyframe rule).

    Stamps jitter, so an interval counts as reached at 95 %.

    :param newest: the set, with its pose.
    :param kept: sets that stay, oldest first.
    """
    if not kept:
        return True
    last = kept[-1]
    interval_s = (newest.stamp_ns - last.stamp_ns) / 1e9
    if interval_s < INTERVAL_SLACK * config.min_interval_s:
        return False
    if newest.odom_from_base is None or last.odom_from_base is None:
        return True
    moved_m = np.linalg.norm(newest.odom_from_base[:3, 3] - last.odom_from_base[:3, 3])
    return bool(moved_m >= config.min_translation_m)


def in_memory_order(
    window: Sequence[Remembered[TokensT]], anchor: Anchor
) -> tuple[Remembered[TokensT], ...]:
    """
    Order in which the sets are remembered; the first view defines the world.

    :param window: oldest first.
    :param anchor: ``first`` goes forward in time, ``newest`` backward.
    """
    return tuple(window) if anchor == 'first' else tuple(reversed(window))


def views_of(window: Sequence[Remembered[TokensT]], index: int) -> slice:
    """Where the views of one set lie among those of all sets, in memory order."""
    first = sum(len(entry.frames) for entry in window[:index])
    return slice(first, first + len(window[index].frames))


def remember_window(
    reconstructor: Reconstructor[TokensT, MemoryT],
    tokens: tuple[TokensT, ...],
    earlier: Remembering[TokensT, MemoryT] | None = None,
) -> Remembering[TokensT, MemoryT]:
    """
    Make the memory of a window from cached tokens, exactly as if nothing had been before.

    A memory is append-only, so one of the same beginning is continued instead of made anew. One
    view alone is no beginning of two: the first two are remembered together (OccAny §5.6).

    :param tokens: of every view, in memory order.
    :param earlier: a memory that may be the beginning of this one.
    """
    if earlier is None or not _begins(earlier.tokens, tokens):
        return Remembering(tokens, reconstructor.remember(None, tokens))
    known = len(earlier.tokens)
    rest = tokens[known:]
    memory = reconstructor.remember(earlier.memory, rest) if rest else earlier.memory
    return Remembering(tokens, memory)


def _begins(first: Sequence[TokensT], tokens: Sequence[TokensT]) -> bool:
    if not 2 <= len(first) <= len(tokens):
        return False
    return all(old is new for old, new in zip(first, tokens, strict=False))
