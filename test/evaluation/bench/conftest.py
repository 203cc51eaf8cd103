"""A small OccAny with random weights, before a small street."""

from occany_ros.evaluation.bench.cost import Effort
from occany_ros.evaluation.bench.preset import Preset
from occany_ros.evaluation.bench.report import Yardstick
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.street import street_of
from occany_ros.evaluation.bench.subject import loader, Subject
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
import pytest
import torch

SMALL = OccAnyConfig(
    encoder=EncoderConfig(width=32, depth=2, heads=2),
    decoder=DecoderConfig(encoder_width=32, width=24, depth=2, heads=2, feature_size=64),
    ray_maps=RayMapConfig(encoder_width=32, width=24, part_width=8),
)
PRESET = Preset(
    'small',
    'front',
    frames=3,
    size=(32, 64),
    plan=NovelViewPlan(views_per_frame=1, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0),
)
ONCE = Effort(repeats=1, warm_up=1)
RATE = 1e11


@pytest.fixture(scope='session')
def small_subject():
    return Subject(variant='occany', is_random=True, device='cpu', config=SMALL)


@pytest.fixture(scope='session')
def small_setups(small_subject):
    """Set the same small network up in two precisions."""
    load = loader(small_subject)
    street = street_of(PRESET, torch.device('cpu'))
    return {
        name: Setup(load(name), PRESET, street, ONCE, Yardstick(RATE, name))
        for name in ('fp32', 'bf16')
    }


@pytest.fixture(scope='session')
def small_setup(small_setups):
    return small_setups['fp32']
