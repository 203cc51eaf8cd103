"""The soak test's verdicts: a good run passes, and each fault is seen."""

from dataclasses import replace

import pytest
from soak_report import as_json, Sample, slope_mb_a_minute, Soak, table, verdicts

PERIOD_S = 0.5


def sample(seconds, **fields):
    """Figures of a node that works as it should."""
    received, sets = int(60 * seconds), int(30 * seconds)
    outputs = int(seconds / PERIOD_S)
    memory = dict.fromkeys(('rss', 'anon', 'file', 'shmem'), 500.0)
    good = {
        'received': received,
        'used': received - 3,
        'dropped': {'late': 2},
        'sets': sets,
        'outputs': outputs,
        'set_drops': {'busy': sets - outputs - 1},
    }
    return Sample(seconds, memory, **(good | fields))


def good_run():
    """Two cameras at 30 Hz for a minute, two outputs a second, 0.7 s old."""
    return Soak(
        cameras=2,
        rate_hz=30.0,
        seconds=60.0,
        sent=3600,
        latencies_s=[0.7] * 120,
        arrivals_s=[PERIOD_S * index for index in range(120)],
        samples=[sample(2.0 * index) for index in range(1, 31)],
        end_s=0.3,
    )


def missed(run):
    return [verdict.name for verdict in verdicts(run) if not verdict.met]


def growing(mb_a_minute):
    """Memory that grows."""
    items = good_run().samples
    return [
        replace(item, memory_mb=item.memory_mb | {'rss': 500 + item.seconds / 60 * mb_a_minute})
        for item in items
    ]


def test_a_good_run_meets_every_target():
    assert missed(good_run()) == []


@pytest.mark.parametrize(
    ('name', 'change'),
    [
        ('cameras keep their rate', {'sent': 3000}),
        ('latency', {'latencies_s': [0.7] * 110 + [1.1] * 10}),
        ('latency', {'latencies_s': [], 'arrivals_s': []}),
        ('memory is flat', {'samples': growing(30.0)}),
        ('queues are short', {'samples': [sample(30.0, used=1700)]}),
        ('queues are short', {'samples': [sample(30.0, set_drops={})]}),
        ('nothing is lost uncounted', {'samples': [sample(30.0, used=1801)]}),
        ('nothing is lost uncounted', {'samples': []}),
        ('ends when told', {'end_s': 2.5}),
        ('ends when told', {'exit_status': -9}),
    ],
)
def test_each_fault_is_seen(name, change):
    assert name in missed(replace(good_run(), **change))


def test_a_machine_that_is_busy_for_a_while_slows_worker_and_latency_alike():
    gaps = [PERIOD_S] * 60 + [3 * PERIOD_S] * 60
    arrivals = [sum(gaps[: index + 1]) for index in range(120)]
    run = replace(good_run(), latencies_s=[1.1 * gap for gap in gaps], arrivals_s=arrivals)
    assert missed(run) == []


def test_one_peak_is_seen_though_the_slope_is_small():
    items = good_run().samples
    items[20] = replace(items[20], memory_mb=items[20].memory_mb | {'rss': 700.0})
    assert 'memory is flat' in missed(replace(good_run(), samples=items))


def test_the_slope_is_in_megabytes_a_minute():
    assert slope_mb_a_minute(growing(5.0)) == pytest.approx(5.0)
    assert slope_mb_a_minute([]) == 0.0


def test_the_table_names_every_reason():
    text = '\n'.join(table(good_run()))
    assert 'late' in text
    assert 'busy' in text
    assert 'p99 700' in text
    assert '"verdicts"' in as_json(good_run())


def test_memory_that_comes_and_goes_with_the_sets_is_flat():
    items = good_run().samples
    items = [
        replace(item, memory_mb=item.memory_mb | {'rss': 500.0 + 100.0 * (index % 2)})
        for index, item in enumerate(items)
    ]
    assert missed(replace(good_run(), samples=items)) == []
