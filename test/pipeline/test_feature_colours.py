"""Features as colours: alike things alike, and the same from frame to frame."""

import numpy as np
from occany_ros.pipeline.feature_colours import feature_basis, feature_colours, fits
import pytest


def features(rng, parts, shape=(6, 8), noise=0.05):
    """Make maps whose columns show one thing after the other, (c, h, w)."""
    height, width = shape
    which = np.arange(width) * len(parts) // width
    clean = np.moveaxis(np.stack(parts)[which], 0, -1)[:, None, :]
    return (clean + noise * rng.normal(size=(len(parts[0]), height, width))).astype(np.float32)


@pytest.fixture
def scene():
    rng = np.random.default_rng(3)
    parts = [rng.normal(size=12) for _ in range(4)]
    return rng, parts


def test_alike_things_get_like_colours_and_others_others(scene):
    rng, parts = scene
    maps = features(rng, parts)
    colours = feature_colours(maps, feature_basis([maps])).astype(float)
    assert colours.shape == (6, 8, 3)
    regions = [colours[:, slice(2 * i, 2 * i + 2)].reshape(-1, 3) for i in range(4)]
    for region in regions:
        assert region.std(axis=0).max() < 25
    means = np.stack([region.mean(axis=0) for region in regions])
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1) + 1e3 * np.eye(4)
    assert apart.min() > 60


def test_the_same_basis_gives_a_thing_the_same_colour_wherever_it_is(scene):
    rng, parts = scene
    basis = feature_basis([features(rng, parts)])
    first = feature_colours(features(rng, parts, noise=0), basis)
    later = feature_colours(features(rng, parts[::-1], noise=0), basis)
    np.testing.assert_array_equal(first[:, ::-1], later)


def test_the_basis_has_signs_of_its_own(scene):
    rng, parts = scene
    maps = features(rng, parts)
    one, other = feature_basis([maps]), feature_basis([maps[:, ::-1, ::-1]])
    np.testing.assert_allclose(one.axes, other.axes, atol=1e-6)
    np.testing.assert_allclose(one.axes.T @ one.axes, np.eye(3), atol=1e-9)


def test_features_that_say_nothing_make_no_basis():
    assert feature_basis([np.ones((8, 4, 4), np.float32)]) is None
    assert feature_basis([np.full((8, 4, 4), np.nan, np.float32)]) is None
    assert feature_basis([np.random.default_rng(0).random((2, 4, 4), np.float32)]) is None


def test_what_is_not_finite_is_black(scene):
    rng, parts = scene
    maps = features(rng, parts)
    basis = feature_basis([maps])
    maps[3, 2, 5] = np.inf
    assert feature_colours(maps, basis)[2, 5].tolist() == [0, 0, 0]
    assert fits(basis, maps)
    assert not fits(basis, maps[:5])
    assert not fits(None, maps)
