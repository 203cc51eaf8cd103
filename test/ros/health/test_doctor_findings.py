"""What the doctor finds before it listens: each mistake once, and whatever loading ends with."""

from occany_ros.ros import engine
from occany_ros.ros.health.doctor import examine, has_fault
import pytest
import torch


def found(given, subject):
    """Examine parameters and weights; gives what was found about a subject."""
    findings = list(examine(given, seconds=0, node='/occany'))
    return findings, [item for item in findings if item.subject == subject]


def test_each_mistake_is_one_finding():
    given = {'cameras': ['a b', 'left'], 'left.image_topic': '/x/', 'use_sim_time': True}
    findings, mistakes = found(given, 'parameters')
    assert has_fault(findings)
    assert [item.text.split(':')[0] for item in mistakes] == ['cameras', 'left.image_topic']
    assert '; take letters' in mistakes[0].text


@pytest.mark.parametrize(
    ('error', 'parts'),
    [
        (torch.OutOfMemoryError('CUDA out of memory'), ('model.precision', 'CUDA out of memory')),
        (MemoryError(), ('model.variant', 'MemoryError')),
        (RuntimeError('no kernel image'), ('no kernel image',)),
    ],
)
def test_weights_that_do_not_fit_are_a_finding(monkeypatch, error, parts):
    def load_model(*_, **__):
        raise error

    monkeypatch.setattr(engine, 'load_model', load_model)
    findings, (fault,) = found({}, 'model')
    assert has_fault(findings)
    assert all(part in fault.text for part in parts)


def test_the_limit_of_the_gpu_is_kept_to(monkeypatch, weights):
    limits = []

    def limit(device, gigabytes):
        limits.append((device.type, gigabytes))
        return f'at most {gigabytes:g} of 8.0 GB are taken'

    monkeypatch.setattr(engine, 'limit_gpu_memory', limit)
    given = {'model.checkpoint': str(weights), 'model.device': 'cpu', 'gpu.max_memory_gb': 2.0}
    _, about = found(given, 'gpu')
    assert limits == [('cpu', 2.0)]
    assert [item.text for item in about][-1:] == ['at most 2 of 8.0 GB are taken']
