import numpy as np
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.occany import OccAny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.preprocess import views_from_frames
from occany_ros.pipeline.window import in_memory_order, remember_window
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted
import pytest
import torch

CPU = torch.device('cpu')
SIZE = (64, 32)
RIG = [mounted('front'), mounted('left', yaw_deg=90)]


class Recorded(OccAny):
    """OccAny that keeps the arguments of its last rendering."""

    def render(self, memory, tokens):
        """Keep, then render."""
        self.last = (memory, tuple(tokens))
        return super().render(memory, tokens)


@pytest.fixture(scope='module')
def network():
    sizes = OccAnyConfig(
        EncoderConfig(width=32, depth=2, heads=2),
        DecoderConfig(encoder_width=32, width=48, depth=3, heads=3, feature_size=32),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        made = Recorded(sizes).eval()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    return made


def make(network, anchor):
    return Mapper(
        reconstructor=network,
        classes=OCC3D,
        image_size=lambda _width, _height: SIZE,
        config=MapperConfig(anchor=anchor, min_interval_s=0.4, frames=4, confidence=1.0),
        device=CPU,
    )


@pytest.mark.parametrize('anchor', ['newest', 'first'])
@pytest.mark.parametrize('cameras', [RIG[:1], RIG])
def test_memory_rebuilt_from_cached_tokens_equals_a_fresh_run(network, anchor, cameras):
    mapper = make(network, anchor)
    state = mapper.initial()
    kept = {}
    for index in range(14):
        frames = frame_set(cameras, 0.2 * index)
        kept[frames.stamp_ns] = frames
        before = state
        state, output = mapper.step(state, frames)
        memory, tokens = network.last
        seen = [*[entry.stamp_ns for entry in before.window[-3:]], frames.stamp_ns]
        order = in_memory_order(seen, anchor)
        images = [frame for stamp_ns in order for frame in kept[stamp_ns].frames]
        with torch.inference_mode():
            fresh = network.encode(views_from_frames(images, SIZE, CPU))
            afresh = network.remember(None, fresh)
            answer = network.render(afresh, fresh)
        assert output.window == len(seen) <= 4
        assert memory.num_views == len(tokens) == len(images)
        for cached, again in zip(memory.layers, afresh.layers, strict=True):
            torch.testing.assert_close(cached, again, rtol=1e-4, atol=1e-5)
        assert np.isfinite(answer.confidence.numpy()).all()
    assert output.window == 4


def test_continued_memory_equals_one_made_at_once(network):
    frames = [frame for index in range(5) for frame in frame_set(RIG[:1], index).frames]
    with torch.inference_mode():
        tokens = tuple(network.encode(views_from_frames(frames, SIZE, CPU)))
        at_once = remember_window(network, tokens)
        begun = remember_window(network, tokens[:3])
        continued = remember_window(network, tokens, begun)
    for left, right in zip(at_once.memory.layers, continued.memory.layers, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)


def test_memory_of_one_view_is_not_continued(network):
    frames = [frame for index in range(3) for frame in frame_set(RIG[:1], index).frames]
    with torch.inference_mode():
        tokens = tuple(network.encode(views_from_frames(frames, SIZE, CPU)))
        at_once = remember_window(network, tokens)
        after_one = remember_window(network, tokens, remember_window(network, tokens[:1]))
        monocular = network.remember(remember_window(network, tokens[:1]).memory, tokens[1:])
    torch.testing.assert_close(at_once.memory.layers[0], after_one.memory.layers[0])
    assert not torch.allclose(at_once.memory.layers[1], monocular.layers[1], atol=1e-4)


def test_another_beginning_is_not_continued(network):
    frames = [frame for index in range(4) for frame in frame_set(RIG[:1], index).frames]
    with torch.inference_mode():
        tokens = tuple(network.encode(views_from_frames(frames, SIZE, CPU)))
        begun = remember_window(network, tokens[:2])
        slid = remember_window(network, tokens[1:], begun)
        fresh = remember_window(network, tokens[1:])
    torch.testing.assert_close(slid.memory.layers[-1], fresh.memory.layers[-1])
