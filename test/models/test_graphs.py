"""Replayed passes answer what plain ones answer, for every shape and in any order."""

import logging

from occany_ros.models.graphs import GraphedPasses
from occany_ros.models.occany import OccAny
from occany_ros.models.passes import Passes
from occany_ros.models.views import Views
import pytest
import torch


class Tape:
    """A recorder for any device: a replay runs the step again, on the recorded buffers."""

    def __init__(self):
        self.recorded = 0

    def __call__(self, step, inputs):
        self.recorded += 1
        outputs = step(inputs)

        def replay():
            for buffer, x in zip(outputs, step(inputs), strict=True):
                buffer.copy_(x)

        return replay, outputs


@pytest.fixture
def network(small_occany):
    yield small_occany
    small_occany.passes = Passes()


def views(count, seed):
    generator = torch.Generator().manual_seed(seed)
    nothing = torch.full((count, 4, 4), float('nan'))
    return Views(
        images=torch.rand(count, 3, 32, 48, generator=generator) * 2 - 1,
        cameras=('front',) * count,
        stamps_ns=tuple(range(count)),
        intrinsics=nothing[:, :3, :3],
        base_from_camera=nothing,
    )


def reconstruct(network: OccAny, count, seed):
    tokens = network.encode(views(count, seed))
    memory = network.remember(None, tokens)
    return memory, network.render(memory, tokens)


def assert_same(found, expected):
    for ours, plain in zip(found[0].entries, expected[0].entries, strict=True):
        assert torch.equal(ours, plain)
    assert found[0].view_of_token.tolist() == expected[0].view_of_token.tolist()
    assert torch.equal(found[1].world_points, expected[1].world_points)
    assert torch.equal(found[1].confidence, expected[1].confidence)


def test_replays_equal_plain_passes_and_need_no_new_recording(network):
    runs = [(4, 1), (4, 2), (1, 3), (2, 4), (4, 5)]
    expected = [reconstruct(network, *run) for run in runs]
    tape = Tape()
    network.passes = GraphedPasses(tape)
    found = [reconstruct(network, *run) for run in runs]
    for ours, plain in zip(found, expected, strict=True):
        assert_same(ours, plain)
    before = tape.recorded
    # Encoder, three groups and a render of 4; encoder, group and render of 1; encoder and render
    # of 2, whose only group is the first of 4.
    assert before == 5 + 3 + 2
    assert_same(reconstruct(network, 4, 1), expected[0])
    assert tape.recorded == before


def test_another_size_of_images_is_another_shape(network):
    tape = Tape()
    network.passes = GraphedPasses(tape)
    wide = views(1, 1)
    tall = Views(
        wide.images.mT, wide.cameras, wide.stamps_ns, wide.intrinsics, wide.base_from_camera
    )
    for given in (wide, tall, wide):
        tokens = network.encode(given)
        prediction = network.render(network.remember(None, tokens), tokens)
        assert prediction.confidence.shape[1:] == given.images.shape[2:]
    assert tape.recorded == 6


def test_shapes_unused_for_longest_are_forgotten(network):
    tape = Tape()
    network.passes = GraphedPasses(tape, limit=2)
    for count in (1, 2, 1, 3, 1, 2):
        network.encode(views(count, 0))
    assert tape.recorded == 4


def test_what_cannot_be_recorded_runs_as_it_is(network, caplog):
    def fails(_step, _inputs):
        raise RuntimeError('operation not permitted when stream is capturing\nmore')

    expected = reconstruct(network, 3, 1)
    network.passes = GraphedPasses(fails)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert_same(reconstruct(network, 3, 1), expected)
    (record,) = caplog.records
    assert record.getMessage() == (
        'model.compile: passes cannot be recorded here, they run as they are: operation not '
        'permitted when stream is capturing; set it to off'
    )
