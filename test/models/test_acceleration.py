"""What `model.compile` does, and what it says where it can do nothing."""

from copy import deepcopy
from functools import partial
import logging

from occany_ros.models.acceleration import accelerate
from occany_ros.models.graphs import GraphedPasses
from occany_ros.models.passes import Passes
import pytest
import torch

CPU = torch.device('cpu')


def test_off_changes_nothing(small_occany):
    assert accelerate(small_occany, 'off', CPU) == 'off'
    assert type(small_occany.passes) is Passes


def test_unknown_names_are_refused(small_occany):
    with pytest.raises(ValueError, match=r'model\.compile: expected one of off, compile, graphs'):
        accelerate(small_occany, 'faster', CPU)


@pytest.mark.parametrize(
    ('name', 'is_transformer', 'reason'),
    [
        ('graphs', True, 'CUDA graphs need a GPU, and this is cpu'),
        ('compile', False, 'the variant tiny has no transformers'),
    ],
)
def test_what_has_no_use_is_said_once(small_occany, caplog, name, is_transformer, reason):
    network = small_occany if is_transformer else object()
    with caplog.at_level(logging.WARNING):
        assert accelerate(network, name, CPU) == 'off'
    (record,) = caplog.records
    assert record.getMessage() == f'model.compile: {name} is not used: {reason}; set it to off'


def test_a_compiler_that_fails_is_said(small_occany, caplog, monkeypatch):
    def broken(_function):
        raise RuntimeError('no C++ compiler found\nlong story')

    monkeypatch.setattr(torch, 'compile', broken)
    with caplog.at_level(logging.WARNING):
        assert accelerate(small_occany, 'compile', CPU) == 'off'
    assert 'the compiler does not work here (no C++ compiler found)' in caplog.text


def test_graphs_on_a_gpu_record_passes(small_occany):
    network = deepcopy(small_occany)
    assert accelerate(network, 'graphs', torch.device('cuda')) == 'graphs'
    assert isinstance(network.passes, GraphedPasses)


@torch.inference_mode()
def test_traced_blocks_answer_the_same(small_occany, monkeypatch):
    """With the compiler's tracing alone: to generate code takes a minute."""
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    assert_compiled_blocks_answer_the_same(small_occany)


@pytest.mark.slow
@torch.inference_mode()
def test_compiled_blocks_answer_the_same(small_occany):
    assert_compiled_blocks_answer_the_same(small_occany)


def assert_compiled_blocks_answer_the_same(plain):
    network = deepcopy(plain)
    assert accelerate(network, 'compile', CPU) == 'compile'
    for count in (2, 3):
        images = torch.rand(count, 3, 32, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1
        tokens = plain.encoder(images)
        close = {'atol': 1e-4, 'rtol': 1e-4}
        torch.testing.assert_close(network.encoder(images), tokens, **close)
        memory = network.decoder.remember(None, tokens[None], (2, 3))
        expected = plain.decoder.remember(None, tokens[None], (2, 3))
        torch.testing.assert_close(memory.entries, expected.entries, **close)
        torch.testing.assert_close(
            network.decoder.render(memory, tokens[None], (2, 3)),
            plain.decoder.render(expected, tokens[None], (2, 3)),
            **close,
        )
