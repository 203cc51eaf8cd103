"""One picture before the first set: every network takes it, and nothing stays of it."""

import numpy as np
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.factory import ImageSizeRule, LoadedModel, PLUS_IMAGES
from occany_ros.models.occany import OccAny
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.occany_plus import OccAnyPlus
from occany_ros.models.tiny import load_tiny
from occany_ros.models.views import Views
from occany_ros.pipeline.warm_up import WARM_UP, warm_up
import pytest
import torch


def tiny():
    return load_tiny(weights=None), ImageSizeRule(multiple=32)


def occany():
    encoder = EncoderConfig(width=32, depth=2, heads=2)
    decoder = DecoderConfig(encoder_width=32, width=48, depth=3, heads=3, feature_size=32)
    return OccAny(OccAnyConfig(encoder, decoder)).eval(), ImageSizeRule()


def occany_plus():
    return OccAnyPlus(PlusConfig(name='vits', feature_size=28)).eval(), PLUS_IMAGES


class Watched:
    """A network and what was asked of it."""

    def __init__(self, network):
        self.network = network
        self.encoded = []
        self.rendered = []

    def encode(self, views):
        self.encoded.append(views)
        return self.network.encode(views)

    def remember(self, memory, tokens):
        assert memory is None
        return self.network.remember(memory, tokens)

    def render(self, memory, tokens):
        self.rendered.append(self.network.render(memory, tokens))
        return self.rendered[-1]


class Reader:
    """Who reads labels, and what was asked of it."""

    def __init__(self):
        self.asked = []

    def read(self, images, features):
        self.asked.append((images, tuple(features)))
        return np.stack(images)[..., 0]


def loaded(network, rule):
    """Wrap a network."""
    return LoadedModel(
        reconstructor=network,
        variant='tiny',
        class_set=None,
        image_size=rule,
        weights='random',
        sha256='',
        fusion='trilinear',
        confidence=1.0,
        stage='reconstruction',
        plan=NovelViewPlan(),
        novel_confidence=1.0,
        device=torch.device('cpu'),
        precision='fp32',
    )


def street(size):
    """One picture of a known camera."""
    generator = torch.Generator().manual_seed(1)
    return Views(
        images=torch.rand(1, 3, *size, generator=generator) * 2 - 1,
        cameras=('front',),
        stamps_ns=(10**18,),
        intrinsics=torch.tensor([[[60.0, 0.0, 55.5], [0.0, 60.0, 55.5], [0.0, 0.0, 1.0]]]),
        base_from_camera=torch.full((1, 4, 4), float('nan')),
    )


@pytest.mark.parametrize('make', [tiny, occany, occany_plus])
def test_one_small_picture_goes_through_and_nothing_stays(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network, rule = make()
    edge = 8 * rule.multiple
    views = street((edge, edge))
    before = network.encode(views)
    expected = network.render(network.remember(None, before), before)
    watched = Watched(network)
    state = torch.random.get_rng_state()
    reader = Reader()
    warm_up(loaded(watched, rule), reader)
    (asked,), (answer,) = watched.encoded, watched.rendered
    assert asked.cameras == (WARM_UP,)
    assert asked.images.shape == (1, 3, edge, edge)
    assert answer.confidence.isfinite().all()
    ((images, features),) = reader.asked
    assert [image.shape for image in images] == [(edge, edge, 3)]
    assert [len(level) for level in features] == [1] * len(answer.features)
    assert torch.equal(torch.random.get_rng_state(), state)
    after = network.encode(views)
    again = network.render(network.remember(None, after), after)
    torch.testing.assert_close(again.world_points, expected.world_points, rtol=0, atol=0)
