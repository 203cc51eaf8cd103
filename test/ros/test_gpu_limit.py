"""The limit of the GPU's memory."""

from types import SimpleNamespace

from occany_ros.pipeline.memory_ladder import is_out_of_memory
from occany_ros.ros.gpu_limit import limit_gpu_memory
import pytest
import torch

CPU, GPU = torch.device('cpu'), torch.device('cuda')


@pytest.fixture
def shares(monkeypatch):
    """Stand in for a GPU of 8 GB; gives the shares that were set."""
    found = []
    about = SimpleNamespace(total_memory=8_000_000_000)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda _: about)
    monkeypatch.setattr(
        torch.cuda, 'set_per_process_memory_fraction', lambda share, _: found.append(share)
    )
    return found


@pytest.mark.parametrize(
    ('gigabytes', 'share', 'said'),
    [
        (0.0, 1.0, ''),
        (2.0, 0.25, 'at most 2 of 8.0 GB'),
        (12.0, 1.0, 'is no limit: cuda has 8.0 GB'),
    ],
)
def test_a_limit_is_a_share_of_the_gpu(shares, gigabytes, share, said):
    text = limit_gpu_memory(GPU, gigabytes)
    assert shares == [share]
    assert said in text
    assert bool(text) == bool(said)


def test_a_processor_has_no_such_limit(shares):
    assert limit_gpu_memory(CPU, 0.0) == ''
    assert 'no effect' in limit_gpu_memory(CPU, 2.0)
    assert shares == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA GPU')
def test_torch_keeps_to_it():
    limit_gpu_memory(GPU, 0.5)
    try:
        with pytest.raises(RuntimeError) as raised:
            torch.zeros(1_000_000_000, dtype=torch.uint8, device=GPU)
        assert is_out_of_memory(raised.value)
    finally:
        limit_gpu_memory(GPU, 0.0)
