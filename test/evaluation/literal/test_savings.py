"""Every saving is measured on work that both ways do alike."""

from occany_ros.evaluation.literal.savings import savings
from occany_ros.evaluation.literal.work import Pair, plainly, random_network, walled_scene, work_of
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig, RayMapConfig
import pytest
import torch


@pytest.fixture(scope='module')
def work():
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=1, heads=2),
        decoder=DecoderConfig(encoder_width=64, width=48, depth=2, heads=4, feature_size=64),
        ray_maps=RayMapConfig(encoder_width=64, width=48, part_width=16),
    )
    network = random_network(config)
    images = torch.rand(3, 3, 48, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.inference_mode():
        return work_of(network, walled_scene(network, images), 4)


@torch.inference_mode()
def test_both_ways_answer_alike(work):
    literal, ours = work.remember_literally(), work.remember()
    for theirs, layer in zip(literal.layers, ours.layers, strict=True):
        torch.testing.assert_close(layer[0], theirs, atol=1e-5, rtol=1e-4)
    conditioned = torch.nn.functional.layer_norm(
        work.condition_literally(), (64,), eps=work.encoder.norm.eps
    )
    torch.testing.assert_close(work.condition(), conditioned, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_every_saving_is_measured(work):
    found = savings(work.pairs(), 1)
    names = [entry.name for entry in found]
    assert len(set(names)) == 7
    assert all(entry.literal >= 0 and entry.ours >= 0 for entry in found)
    dead = next(entry for entry in found if 'dead transformer' in entry.name)
    assert dead.ratio < 0.5


def test_usual_products_are_used_only_while_asked_for():
    def fails():
        assert not torch.backends.mkldnn.enabled
        raise ZeroDivisionError

    before = bool(torch.backends.mkldnn.enabled)
    with pytest.raises(ZeroDivisionError):
        plainly(fails)()
    assert bool(torch.backends.mkldnn.enabled) == before


def test_first_runs_are_not_counted():
    now = 0.0

    def clock():
        return now

    def lasting(*durations):
        waits = iter(durations)

        def act():
            nonlocal now
            now += next(waits)

        return act

    (saving,) = savings([Pair('work', lasting(90, 4, 6, 5), lasting(90, 1, 2, 9))], 3, clock)
    assert (saving.literal, saving.ours, saving.ratio) == (5, 2, 0.4)


def test_a_network_without_rendering_is_refused(work):
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=1, heads=2),
        decoder=DecoderConfig(encoder_width=64, width=48, depth=1, heads=4, feature_size=64),
    )
    with pytest.raises(ValueError, match='expected one with a rendering stage'):
        work_of(random_network(config), work.scene, 1)
