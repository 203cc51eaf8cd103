"""What `model.compile` does with OccAny+ and Depth Anything 3."""

from functools import partial
import logging

from occany_ros.models.acceleration import accelerate
from occany_ros.models.plus.checkpoint import load_plus
import pytest
import torch

CPU = torch.device('cpu')


@pytest.fixture
def network(plus_files):
    return load_plus(plus_files / 'model.safetensors', variant='da3')


@torch.inference_mode()
def test_traced_blocks_answer_the_same(network, monkeypatch):
    """With the compiler's tracing alone: to generate code takes a minute."""
    backbone = network.seeing.backbone
    images = torch.rand(2, 3, 28, 42, generator=torch.Generator().manual_seed(1))
    expected = backbone.alone(backbone.embed(images), (2, 3))
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    assert accelerate(network, 'compile', CPU) == 'compile'
    torch.testing.assert_close(backbone.alone(backbone.embed(images), (2, 3)), expected)


def test_there_are_no_graphs_of_it(network, caplog):
    with caplog.at_level(logging.WARNING):
        assert accelerate(network, 'graphs', torch.device('cuda')) == 'off'
    (record,) = caplog.records
    assert record.getMessage() == (
        'model.compile: graphs is not used: CUDA graphs are recorded of the variants occany and '
        'must3r alone; set it to compile or off'
    )


def test_a_compiler_that_fails_is_no_remedy(network, caplog, monkeypatch):
    def broken(_function):
        raise RuntimeError('no C++ compiler found')

    monkeypatch.setattr(torch, 'compile', broken)
    with caplog.at_level(logging.WARNING):
        assert accelerate(network, 'compile', CPU) == 'off'
    assert caplog.text.rstrip().endswith('(no C++ compiler found); set it to off')
