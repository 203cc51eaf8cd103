"""Meters: time, memory, operations, and whose they are."""

import time

from occany_ros.evaluation.bench import memory as memory_module
from occany_ros.evaluation.bench.cost import Cost, costs, Effort
from occany_ros.evaluation.bench.flops import counted_flops
from occany_ros.evaluation.bench.matrix_rate import matrix_rate
from occany_ros.evaluation.bench.memory import Memory, MemoryMeter
from occany_ros.evaluation.bench.split import Probe, REST, split
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

CPU = torch.device('cpu')
HAS_PEAK = memory_module._can_forget_peak()


def test_matrix_products_and_attention_are_counted():
    x = torch.zeros(1, 2, 10, 8)
    with torch.inference_mode():
        assert counted_flops(lambda: torch.zeros(3, 4) @ torch.zeros(4, 5)) == 2 * 3 * 4 * 5
        attention = counted_flops(lambda: scaled_dot_product_attention(x, x, x))
    assert attention == 2 * (2 * 2 * 10 * 10 * 8)


@pytest.mark.skipif(not HAS_PEAK, reason='needs Linux: the peak of a process is read from /proc')
def test_memory_is_that_of_the_work_alone():
    kept = torch.ones(10_000_000)
    meter = MemoryMeter(CPU)
    freed = torch.ones(25_000_000)
    del freed
    found = meter.read()
    assert 0.9 * 100e6 < found.working < 1.5 * 100e6
    assert found.peak > found.working + kept.nbytes
    assert MemoryMeter(CPU).read().working < 20e6


def test_actions_take_turns_and_the_first_runs_are_not_timed():
    order = []
    actions = {name: lambda name=name: order.append(name) for name in 'ab'}
    found = costs(actions, CPU, Effort(repeats=2, warm_up=2))
    assert ''.join(order) == 'ab' * 4
    assert [len(found[name].seconds) for name in 'ab'] == [2, 2]


def test_times_are_of_the_action():
    found = costs({'nap': lambda: time.sleep(0.02)}, CPU, Effort(repeats=3, warm_up=1))['nap']
    assert found.median >= 0.02
    assert found.worst >= found.median
    assert found.busy < 0.5 * found.median
    assert found.flops == 0


def test_a_share_is_of_the_rate():
    cost = Cost((3.0, 1.0, 2.0), (1.0, 1.0, 1.0), flops=400, memory=Memory(0, 0))
    assert cost.median == 2.0
    assert cost.share_of(1000.0) == pytest.approx(0.2)


@pytest.mark.parametrize('wrong', [{'repeats': 0}, {'warm_up': 0}])
def test_effort_without_runs_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Effort(**wrong)


def test_a_matrix_rate_is_plausible():
    assert 1e8 < matrix_rate(CPU, torch.float32, repeats=1) < 1e14


class Steps:
    """Work with an inner step."""

    def __init__(self):
        self.clock = 0.0

    def outer(self):
        """Take two, and the inner step."""
        self.clock += 2
        self.inner()

    def inner(self):
        """Take five."""
        self.clock += 5


def test_an_inner_stage_counts_for_itself_only():
    work = Steps()

    def action():
        work.clock += 1
        work.outer()
        work.inner()

    probes = (Probe(work, 'outer', 'outside'), Probe(work, 'inner', 'inside'))
    found = split(action, probes, lambda: work.clock)
    assert found == {'inside': 10.0, 'outside': 2.0, REST: 1.0}
    assert 'outer' not in vars(work)


def test_a_stage_that_is_gone_is_named():
    with pytest.raises(LookupError, match=r'decode: .* no function forward'):
        split(lambda: None, (Probe(Steps(), 'forward', 'decode'),), time.perf_counter)


def test_functions_are_put_back_after_a_failure():
    work = Steps()
    with pytest.raises(ZeroDivisionError):
        split(lambda: 1 / 0, (Probe(work, 'inner', 'inside'),), time.perf_counter)
    assert 'inner' not in vars(work)
