"""Which cameras are worth waiting for, at any speed of a recording or of this machine."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Mark:
    """
    Where everything stood when a camera spoke last.

    :param stream_ns: newest stamp of all cameras then.
    :param left_ns: steady time when the others were seen to be half as far on as makes it dead;
        None: they are not yet.
    """

    stream_ns: int
    left_ns: int | None = None


class Liveness:
    """
    Tells living cameras from dead ones.

    A camera is dead once the stamps of the others have moved on by more than ``stale_after``
    since it spoke. Stamps measure that, not the time of receipt: a recording that is played at a
    tenth of its speed, or a machine that is too busy to listen, must not kill cameras, and one
    played at ten times its speed must not wait ten times as long. A second condition is on the
    steady clock: the others must have been far ahead for a while, because after a stall of this
    process the first camera it turns to is always ahead of the rest.

    :param count: number of cameras.
    """

    def __init__(self, count: int) -> None:
        self._marks: list[_Mark | None] = [None] * count
        self._dead: set[int] = set()
        self._newest_ns: int | None = None

    def hear(self, index: int) -> None:
        """Note that a camera spoke, whatever becomes of the message."""
        self._dead.discard(index)
        if self._newest_ns is not None:
            self._marks[index] = _Mark(self._newest_ns)

    def move(self, index: int, stamp_ns: int, now_ns: int, stale_after_ns: int) -> None:
        """
        Note the stamp of a message that is used.

        :param now_ns: steady clock, nanoseconds.
        :param stale_after_ns: as for `living`.
        """
        if self._newest_ns is None:
            # Those that have not spoken yet get as long as those that have.
            self._marks = [_Mark(stamp_ns) for _ in self._marks]
        newest_ns = stamp_ns if self._newest_ns is None else max(stamp_ns, self._newest_ns)
        self._newest_ns = newest_ns
        self._marks[index] = _Mark(newest_ns)
        for mark in self._marks:
            if mark is not None and mark.left_ns is None:
                is_left = 2 * (newest_ns - mark.stream_ns) > stale_after_ns
                mark.left_ns = now_ns if is_left else None

    def flush(self, now_ns: int, stale_after_ns: int, grace_ns: int) -> None:
        """Begin with other stamps; who was dead stays so until it speaks."""
        living = self.living(now_ns, stale_after_ns, grace_ns)
        self._dead = set(range(len(self._marks))) - living
        self._marks = [None] * len(self._marks)
        self._newest_ns = None

    def living(self, now_ns: int, stale_after_ns: int, grace_ns: int) -> frozenset[int]:
        """
        Give the cameras that are worth waiting for; at first all of them.

        :param now_ns: steady clock, nanoseconds.
        :param stale_after_ns: the others' stamps may be this much further on.
        :param grace_ns: for so long on the steady clock they must have been far ahead.
        """
        return frozenset(
            index
            for index, mark in enumerate(self._marks)
            if index not in self._dead
            and not self._is_gone(mark, now_ns, stale_after_ns, grace_ns)
        )

    def _is_gone(
        self, mark: _Mark | None, now_ns: int, stale_after_ns: int, grace_ns: int
    ) -> bool:
        if mark is None or mark.left_ns is None or self._newest_ns is None:
            return False
        is_behind = self._newest_ns - mark.stream_ns > stale_after_ns
        return is_behind and now_ns - mark.left_ns >= grace_ns
