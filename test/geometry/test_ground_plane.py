"""Tilted streets whose plane is known."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.euler import rotation_from_euler
from occany_ros.geometry.ground_plane import fit_ground_plane, ThinEvidence
import pytest

UP = np.array((0.0, 0.0, 1.0))


def street(rng, *, roll=0.0, pitch=0.0, height=1.6, count=3000, clutter=0.0, noise=0.0):
    """Points of a flat road and of things beside it, in body axes of a tilted camera."""
    ground = rng.uniform((2.0, -8.0), (22.0, 8.0), (count, 2))
    points = np.column_stack([ground, np.full(count, -height)])
    lifted = rng.random(count) < clutter
    points[lifted, 2] += rng.uniform(0.3, 4.0, lifted.sum())
    points *= 1.0 + noise * rng.normal(size=(count, 1))
    level_from_camera = rotation_from_euler(roll, pitch, 0.0)
    return points @ level_from_camera, level_from_camera.T @ UP


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(-12, 12),
    st.floats(-15, 15),
    st.floats(0.2, 20.0),
    st.floats(0, 0.4),
)
def test_a_tilted_street_is_found_whatever_stands_on_it(seed, roll, pitch, unit, clutter):
    rng = np.random.default_rng(seed)
    points, normal = street(
        rng, roll=np.deg2rad(roll), pitch=np.deg2rad(pitch), clutter=clutter, noise=0.02
    )
    plane = fit_ground_plane(points * unit, UP)
    assert np.rad2deg(np.arccos(min(plane.normal @ normal, 1.0))) < 1.0
    assert abs(plane.height / unit - 1.6) < 0.05


def test_exact_points_give_the_exact_plane():
    points, normal = street(np.random.default_rng(0), roll=0.1, pitch=-0.2, clutter=0.3)
    plane = fit_ground_plane(points, UP)
    np.testing.assert_allclose(plane.normal, normal, atol=1e-9)
    assert plane.height == pytest.approx(1.6, abs=1e-9)
    assert plane.points > 1500


def refused(points):
    with pytest.raises(ThinEvidence) as caught:
        fit_ground_plane(points, UP)
    return caught.value.reason


def test_thin_evidence_is_refused_and_says_why():
    rng = np.random.default_rng(1)
    points, _ = street(rng)
    assert refused(points[:20]) == 'too few points'
    assert refused(np.linspace(1, 2, 200)[:, None] * points[0]) == 'points in a line'
    assert refused(np.zeros((100, 3))) == 'points in a line'
    assert refused(points * (1.0, 0.01, 1.0)) == 'a narrow strip'
    assert refused(rng.normal(size=(3000, 3)) * 10) in ('points disagree', 'nothing level')
    wall = np.column_stack([np.full(500, 5.0), rng.uniform(-5, 5, (500, 2))])
    assert refused(wall) == 'nothing level'
    ceiling = points * (1, 1, -1)
    assert refused(ceiling) == 'nothing level'
