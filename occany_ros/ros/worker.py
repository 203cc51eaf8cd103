"""One thread with one slot: what is newer replaces what waits."""

from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

JobT = TypeVar('JobT')


class Worker(Generic[JobT]):
    """
    Runs one job at a time in its own thread; while it is busy at most one job waits.

    The job runs outside the lock.

    :param run: does a job; what it raises is given to ``on_error``.
    :param merge: makes one job of the waiting one and the newer one that replaces it.
    :param on_error: takes what a job raised; the thread goes on.
    """

    def __init__(
        self,
        run: Callable[[JobT], None],
        merge: Callable[[JobT, JobT], JobT],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.replaced = 0
        self._run = run
        self._merge = merge
        self._on_error = on_error
        self._changed = Condition()
        self._waiting: JobT | None = None
        self._is_closed = False
        self._thread = Thread(target=self._loop, name='occany worker', daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def put(self, job: JobT) -> None:
        """Leave a job in the slot; never waits for the thread."""
        with self._changed:
            if self._waiting is not None:
                self.replaced += 1
                job = self._merge(self._waiting, job)
            self._waiting = job
            self._changed.notify()

    def stop(self, timeout_s: float | None = None) -> bool:
        """
        Drop what waits and end the thread after its present job.

        :param timeout_s: longest wait for that job; None waits for as long as it takes.
        :returns: whether the thread has ended.
        """
        with self._changed:
            self._is_closed = True
            self._waiting = None
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _take(self) -> JobT | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._waiting is not None)
            job, self._waiting = self._waiting, None
            return job

    def _loop(self) -> None:
        while (job := self._take()) is not None:
            self._do(job)

    def _do(self, job: JobT) -> None:
        try:
            self._run(job)
        except Exception as error:  # noqa: BLE001 - the node must live; it logs and counts
            self._on_error(error)
