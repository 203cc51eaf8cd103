"""Small networks of every family, and released-style files of their weights."""

from dataclasses import replace

from occany_ros.models.occany import OccAny
import pytest
from released_files import (
    all_shapes,
    drawn_sections,
    ENUM_MODULES,
    save_released,
    SMALL,
    SMALL_CALLS,
    SMALL_RENDERING,
)
import torch


def randomised(network, seed=9):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


@pytest.fixture(scope='session')
def small_occany():
    return randomised(OccAny(SMALL))


@pytest.fixture(scope='session')
def small_must3r():
    return randomised(OccAny(replace(SMALL, decoder=replace(SMALL.decoder, family='must3r'))))


@pytest.fixture(scope='session')
def small_sections():
    """Draw every weight of a small file of both stages, unread ones among them."""
    return drawn_sections(all_shapes(SMALL_RENDERING), scale=0.12)


@pytest.fixture(params=ENUM_MODULES, ids=['current', 'older'])
def released_file(request, tmp_path, small_sections):
    """Write such a file as the training code does."""
    path = tmp_path / 'occany.pth'
    return save_released(path, small_sections, module=request.param, **SMALL_CALLS)
