"""The worker's slot: newest wins, nothing queues, errors do not kill it."""

from threading import Event

from occany_ros.ros.worker import Worker

PATIENCE_S = 10.0


class Bench:
    """A worker whose jobs wait to be let go."""

    def __init__(self, merge=lambda _, new: new):
        self.done = []
        self.errors = []
        self.begun = Event()
        self.go = Event()
        self.finished = Event()
        self.last = None
        self.worker = Worker(self.run, merge, self.fail)
        self.worker.start()

    def run(self, job):
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        if job == 'bad':
            raise ValueError('bad')
        self.done.append(job)
        if job == self.last:
            self.finished.set()

    def fail(self, error):
        self.errors.append(str(error))


def test_the_newest_job_replaces_the_waiting_one():
    bench = Bench()
    bench.last = 9
    bench.worker.put(0)
    assert bench.begun.wait(PATIENCE_S)
    for job in range(1, 10):
        bench.worker.put(job)
    bench.go.set()
    assert bench.finished.wait(PATIENCE_S)
    assert bench.done == [0, 9]
    assert bench.worker.replaced == 8
    assert bench.worker.stop(PATIENCE_S)


def test_what_is_replaced_can_be_merged():
    bench = Bench(merge=lambda old, new: old + new)
    bench.last = 'bc'
    bench.worker.put('a')
    assert bench.begun.wait(PATIENCE_S)
    bench.worker.put('b')
    bench.worker.put('c')
    bench.go.set()
    assert bench.finished.wait(PATIENCE_S)
    assert bench.done == ['a', 'bc']
    bench.worker.stop(PATIENCE_S)


def test_an_error_is_reported_and_the_thread_goes_on():
    bench = Bench()
    bench.last = 'good'
    bench.go.set()
    bench.worker.put('bad')
    while not bench.errors:
        assert bench.begun.wait(PATIENCE_S)
    bench.worker.put('good')
    assert bench.finished.wait(PATIENCE_S)
    assert bench.errors == ['bad']
    assert bench.worker.stop(PATIENCE_S)


def test_stopping_gives_up_on_a_job_that_takes_too_long():
    bench = Bench()
    bench.worker.put(1)
    assert bench.begun.wait(PATIENCE_S)
    assert not bench.worker.stop(0.01)
    bench.go.set()
    assert bench.worker.stop(PATIENCE_S)


def test_stopping_before_starting_is_harmless():
    assert Worker(print, max, print).stop(1.0)
