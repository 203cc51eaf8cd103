"""Rays of novel views beside those of seen ones."""

from dataclasses import replace

import numpy as np
from occany_ros.occupancy.fusion import fuse, gather
from occany_ros.occupancy.fusion_parameters import FusionParameters
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.rays import RayBundle
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec((0.0, -2.0, 0.0), 0.4, (40, 10, 5))
CAR = 4
EXACT = FusionParameters(depth_error=0.001, least_error=0.001, novel_depth_error=0.001)


def wall(distance, *, is_novel=False, confidence=3.0):
    """Rays of a camera at the origin that end at one distance ahead."""
    left, up = (axis.ravel() for axis in np.meshgrid(np.arange(-1, 1, 0.1), np.arange(0, 1, 0.1)))
    points = np.stack([np.full(left.size, distance), left, up + 0.5], axis=-1)
    return RayBundle(
        origin=np.array([0.0, 0.0, 1.0]),
        points=points,
        confidence=np.full(len(points), confidence),
        labels=np.full(len(points), CAR, np.uint8),
        spacing=0.05,
        is_novel=is_novel,
    )


def evidence(*bundles, parameters=EXACT):
    return gather(bundles, SPEC, parameters, OCC3D)


def test_by_default_a_novel_ray_is_worth_as_much_as_a_seen_one():
    seen, novel = evidence(wall(5.1)), evidence(wall(5.1, is_novel=True), wall(5.1))
    assert np.allclose(novel.hits, 2 * seen.hits)
    assert np.allclose(novel.passes, 2 * seen.passes)


@pytest.mark.parametrize(('hit', 'passing'), [(1.5, 1.0), (0.5, 2.0)])
def test_hits_and_passes_of_novel_views_are_weighed(hit, passing):
    parameters = replace(EXACT, novel_weight=hit, novel_pass_weight=passing)
    plain, weighed = (
        evidence(wall(5.1), wall(9.1, is_novel=True), parameters=p) for p in (EXACT, parameters)
    )
    seen = evidence(wall(5.1))
    assert np.allclose(weighed.hits - seen.hits, hit * (plain.hits - seen.hits), atol=1e-5)
    assert np.allclose(
        weighed.passes - seen.passes, passing * (plain.passes - seen.passes), atol=1e-4
    )


def test_confidence_is_measured_against_seen_views_only():
    alone = evidence(wall(5.1))
    beside = evidence(wall(5.1), wall(5.1, is_novel=True, confidence=21.0))
    assert np.allclose(beside.hits, 6 * alone.hits)  # 5 is the most a ray can be worth


def test_novel_hits_spread_over_their_own_error():
    wide = replace(EXACT, novel_depth_error=0.1)
    narrow_cells, wide_cells = (
        np.count_nonzero(evidence(wall(9.1, is_novel=True), parameters=p).hits)
        for p in (EXACT, wide)
    )
    assert wide_cells > 2 * narrow_cells


def test_more_views_ask_for_more_evidence():
    strict = replace(EXACT, threshold=0.0, novel_threshold=1e3)
    assert (fuse([wall(5.1)], SPEC, strict, OCC3D).labels == OCC3D.grid_from_native[CAR]).any()
    both = fuse([wall(5.1), wall(5.1, is_novel=True)], SPEC, strict, OCC3D)
    assert not (both.labels == OCC3D.grid_from_native[CAR]).any()
