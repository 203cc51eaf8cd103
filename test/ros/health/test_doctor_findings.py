"""What the doctor finds before it listens: each mistake once, and whatever loading ends with."""

from occany_ros.models.checkpoint_manifest import manifest_of
from occany_ros.ros import engine
from occany_ros.ros.health.doctor import examine, has_fault
import pytest
from released_files import drawn_sections, save_released, SMALL, SMALL_CALLS
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


def test_who_reads_labels_is_told(weights, tmp_path):
    _, (own,) = found({'model.checkpoint': str(weights)}, 'labels')
    assert (own.level, own.text) == ('ok', "the network's own features")
    sections = drawn_sections(manifest_of('occany', SMALL))
    file = save_released(tmp_path / 'occany.pth', sections, **SMALL_CALLS)
    released = {'model.variant': 'occany', 'model.checkpoint': str(file)}
    findings, (nobody,) = found(released, 'labels')
    assert not has_fault(findings)
    assert nobody.level == 'warn'
    assert 'semantics.weights' in nobody.text
    assert nobody.section.endswith('#the-map-is-empty-smeared-or-forgets')
    _, (mode,) = found(released | {'mode': 'quality'}, 'mode')
    assert (mode.level, 'no rendering stage' in mode.text) == ('warn', True)
    assert mode.section == nobody.section


def test_networks_of_masks_that_are_not_there_are_a_finding(weights, tmp_path):
    given = {'model.checkpoint': str(weights), 'semantics.mode': 'pretrained'}
    _, (unset,) = found(given, 'model')
    assert unset.text.startswith('semantics.weights: expected')
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    _, (missing,) = found(given | {'semantics.weights': str(tmp_path)}, 'weights')
    assert (unset.level, missing.level) == ('fault', 'fault')
    assert str(tmp_path / 'grounding-dino-base') in missing.text
