"""Features that wait are those that do not, decoded for the views looked at."""

from occany_ros.models.later import features_of, LaterFeatures
import pytest
import torch

LEVELS = (torch.arange(20.0).reshape(5, 4), torch.arange(10.0).reshape(5, 2))


@pytest.fixture
def asked():
    return []


@pytest.fixture
def waiting(asked):
    def decode(views):
        asked.append(views)
        return tuple(level[views] for level in LEVELS)

    return LaterFeatures(decode, len(LEVELS))


def same(some, others):
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


def test_nothing_is_decoded_to_count_levels(waiting, asked):
    assert len(waiting) == 2
    assert bool(waiting)
    assert asked == []


def test_some_views_are_decoded_alone(waiting, asked):
    assert same(features_of(waiting, slice(1, 3)), features_of(LEVELS, slice(1, 3)))
    assert asked == [slice(1, 3)]


def test_views_taken_twice_in_a_row_are_decoded_once(waiting, asked):
    for _ in range(2):
        assert same(features_of(waiting, slice(1, 3)), features_of(LEVELS, slice(1, 3)))
    assert same(features_of(waiting, slice(0, 1)), features_of(LEVELS, slice(0, 1)))
    assert asked == [slice(1, 3), slice(0, 1)]


def test_all_views_are_decoded_once(waiting, asked):
    assert same(waiting, LEVELS)
    assert same(waiting[:1], LEVELS[:1])
    assert torch.equal(waiting[1], LEVELS[1])
    assert same(waiting.of(slice(4, 5)), features_of(LEVELS, slice(4, 5)))
    assert asked == [slice(None)]


def test_what_was_decoded_is_let_go(waiting):
    held = waiting._levels_of
    assert len(waiting[0]) == 5
    assert waiting._levels_of is not held
