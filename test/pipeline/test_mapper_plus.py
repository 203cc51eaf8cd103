"""The mapper around a small OccAny+: groups of novel views, and features nobody looks at."""

from dataclasses import replace

import numpy as np
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.factory import MOST_VIEWS
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.occany_plus import OccAnyPlus
from occany_ros.occupancy.grid import GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.fitted_frames import fitted
from occany_ros.pipeline.imagination import imagine
from occany_ros.pipeline.label_rules import LabelRules
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.preprocess import views_from_frames
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted
import pytest
import torch

CAMERAS = [mounted('front'), mounted('rear', yaw_deg=180.0)]
CONFIG = MapperConfig(
    frames=2,
    mode='fast',
    grid=GridSpec(origin=(-40.0, -40.0, -20.0), resolution=2.0, shape=(40, 40, 20)),
    confidence=1.0,
    novel_confidence=1.0,
    novel=NovelViewPlan(views_per_frame=1, forward_m=2.0, rotate_deg=30.0),
)


class Answering:
    """Reads every pixel as a car, and remembers what it was shown."""

    def __init__(self):
        self.shapes = []

    def read(self, images, features):
        self.shapes.append([tuple(level.shape) for level in features])
        return np.full((len(images), *images[0].shape[:2]), OCC3D.names.index('car'), np.uint8)


@pytest.fixture(scope='module')
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        made = OccAnyPlus(PlusConfig('vits', feature_size=28, imagines=True)).eval()
    made.views_at_once = MOST_VIEWS
    return made


@pytest.fixture
def decoded(network):
    """Count the views whose features are decoded, call by call."""
    counts = []
    listening = network.seeing.features.register_forward_hook(
        lambda _module, inputs, _output: counts.append(len(inputs[0][0]))
    )
    yield counts
    listening.remove()


def steps(network, config, reader=None, sets=3):
    mapper = Mapper(
        reconstructor=network,
        classes=OCC3D,
        image_size=lambda _width, _height: (56, 28),
        config=config,
        device=torch.device('cpu'),
    ).with_reader(reader)
    state, answers = mapper.initial(), []
    for index in range(sets):
        state, answer = mapper.step(state, frame_set(CAMERAS, 0.6 * index))
        answers.append(answer)
    return answers


def test_features_nobody_asks_for_are_not_decoded(network, decoded):
    for source in ('off', 'pretrained'):
        rules = LabelRules(source=source)
        reader = None if source == 'off' else Answering()
        answers = steps(network, replace(CONFIG, labels=rules), reader)
        assert [answer.window for answer in answers] == [1, 2, 2]
        assert decoded == []


def test_a_reader_of_features_has_those_of_the_newest_set_decoded(network, decoded):
    reader = Answering()
    answers = steps(network, replace(CONFIG, labels=LabelRules(source='distill')), reader)
    assert decoded == [2, 2, 2]
    assert reader.shapes == [[(2, 256, 8, 8), (2, 256, 4, 4), (2, 256, 2, 2)]] * 3
    assert 'car' in {answers[-1].grid.class_names[x] for x in np.unique(answers[-1].grid.labels)}


def test_novel_views_are_told_the_features_of_the_whole_window_decoded_once(network, decoded):
    config = replace(CONFIG, mode='quality', labels=LabelRules(source='distill'), novel_batch=2)
    answers = steps(network, config, Answering())
    assert [answer.imagined.views for answer in answers] == [6, 12, 12]
    assert decoded == [2, 4, 4]


def test_the_batch_asked_for_is_the_group_that_looks_at_each_other(network):
    frames = [fitted(frame, (56, 28)) for frame in frame_set(CAMERAS, 0.0).frames]
    tokens = network.encode(views_from_frames(frames, (56, 28), torch.device('cpu')))
    memory = network.remember(None, tokens)
    seen = network.render(memory, tokens)

    def confidence(batch):
        parts = imagine(network, memory, tokens, seen, CONFIG.novel, batch)
        return torch.cat([part.confidence for part in parts])

    pairs, four = confidence(2), confidence(4)
    network.views_at_once = 2  # groups of its own, inside of all views at once
    own = confidence(0)
    network.views_at_once = MOST_VIEWS
    assert len(pairs) == CONFIG.novel.count(2) == 6
    torch.testing.assert_close(own, pairs, atol=1e-5, rtol=1e-5)
    apart = (four - pairs).abs().amax(dim=(1, 2))
    assert float(apart[:4].min()) > 1e-4
    torch.testing.assert_close(four[4:], pairs[4:], atol=1e-5, rtol=1e-5)  # a pair in both
