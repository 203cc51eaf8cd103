"""Novel views in the mapper: what they fill, how they are merged, and when there are none."""

from dataclasses import replace

import numpy as np
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.occupancy.grid import centre_of, FREE, GridSpec, UNKNOWN
from occany_ros.occupancy.pooling import pool_unified
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.host_maps import NonFiniteOutput
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import KITTI, OCC3D
from oracle_reconstructor import (
    frame_set,
    HALF_WIDTH_M,
    mounted,
    Oracle,
    path,
    SKY,
    WALL,
    WALL_HEIGHT_M,
)
from oracle_renderer import Imaginer
import pytest
import torch

GRID = GridSpec(origin=(-8.0, -10.0, -1.0), resolution=0.5, shape=(48, 40, 12))
SMALL = GridSpec(origin=(-2.0, -8.0, -1.0), resolution=1.0, shape=(12, 16, 6))
FRONT = mounted('front')
RIG = [FRONT, mounted('left', x=0.0, y=0.5, yaw_deg=100)]
PLAN = NovelViewPlan(views_per_frame=2, forward_m=2.0, rotate_deg=60.0, lateral_m=2.0)
CAR = 4


def make(network, *, classes=OCC3D, **changes):
    settings = {'grid': GRID, 'min_interval_s': 0.4, 'novel': PLAN} | changes
    return Mapper(
        reconstructor=network,
        classes=classes,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(**settings),
        device=torch.device('cpu'),
    )


def once(mapper, cameras=(FRONT,)):
    return mapper.step(mapper.initial(), frame_set(cameras, 0.0))[1]


def occupied(grid):
    return (grid.labels != FREE) & (grid.labels != UNKNOWN)


@pytest.mark.parametrize('fusion', ['trilinear', 'carve'])
def test_novel_views_fill_what_seen_views_cannot(fusion):
    seen = once(make(Imaginer([FRONT]), fusion=fusion, mode='fast'))
    both = once(make(Imaginer([FRONT]), fusion=fusion))
    gained = occupied(both.grid) & ~occupied(seen.grid)
    cells = np.argwhere(gained)
    centres = centre_of(cells, GRID)
    truth_from_base = path(both.stamp_ns)
    truth = centres @ truth_from_base[:3, :3].T + truth_from_base[:3, 3]
    off_wall = np.abs(np.abs(truth[:, 1]) - HALF_WIDTH_M)
    off_road = np.abs(truth[:, 2])
    above = truth[:, 2] - WALL_HEIGHT_M
    assert ((np.minimum(off_wall, off_road) < 1.2) & (above < 0.8)).all()
    # The camera sits 1 m ahead and sees 45 deg to either side: walls begin 6 m ahead of it.
    beside = (np.abs(centres[:, 0] - 5.0) < 1.0) & (off_wall < 0.6)
    is_wall = both.grid.labels[tuple(cells[beside].T)] == OCC3D.grid_from_native[WALL]
    assert is_wall.sum() > 20
    assert both.imagined.views == 6
    assert (both.imagined.mode, both.imagined.missing) == ('quality', '')


def test_points_and_views_stay_those_that_were_seen():
    seen = once(make(Imaginer([FRONT]), mode='fast'))
    both = once(make(Imaginer([FRONT])))
    np.testing.assert_array_equal(both.cloud.points, seen.cloud.points)
    np.testing.assert_array_equal(both.views[0].depth, seen.views[0].depth)


@pytest.mark.parametrize('fusion', ['trilinear', 'carve'])
@pytest.mark.parametrize('batch', [0, 1, 2, 5, 100])
def test_how_many_are_rendered_at_once_changes_nothing(fusion, batch):
    network = Imaginer(RIG)
    output = once(make(network, fusion=fusion, novel_batch=batch), RIG)
    sizes = [len(part.focal) for part in network.imagined]
    assert sum(sizes) == 12
    assert set(sizes[:-1]) <= {batch}
    assert 0 < sizes[-1] <= (batch or 12)
    whole = once(make(Imaginer(RIG), fusion=fusion, novel_batch=12), RIG)
    np.testing.assert_array_equal(output.grid.labels, whole.grid.labels)
    np.testing.assert_array_equal(output.grid.confidence, whole.grid.confidence)


@pytest.mark.parametrize(('mode', 'views'), [('fast', 0), ('balanced', 6), ('quality', 12)])
def test_modes_render_nothing_the_first_step_or_the_plan(mode, views):
    network = Imaginer(RIG)
    mapper = make(network).in_mode(mode)
    output = once(mapper, RIG)
    assert sum(len(part.focal) for part in network.imagined) == views
    assert (output.imagined.mode, output.imagined.views) == (mode, views)
    assert bool(output.imagined.plan) == bool(views)
    assert ('novel' in output.seconds) == bool(views)


def test_balanced_is_the_first_step_of_quality():
    networks = Imaginer([FRONT]), Imaginer([FRONT])
    for network, mode in zip(networks, ('balanced', 'quality'), strict=True):
        once(make(network, mode=mode))
    some, all_of_them = (network.imagined[0].world_from_camera for network in networks)
    torch.testing.assert_close(some, all_of_them[[0, 2, 4]])


def test_views_are_planned_around_every_view_of_the_window():
    network = Imaginer(RIG)
    mapper = make(network, frames=3)
    sets = [frame_set(RIG, 0.5 * index) for index in range(4)]
    outputs = [entry.occupancy for entry in map_recording(mapper, sets)]
    assert [output.imagined.views for output in outputs] == [12, 24, 36, 36]


def literal_grid(points, confidence, labels, spec):
    """Fill a grid point by point and corner by corner (OccAny §12); native ids."""
    scores, weights = {}, {}
    for point, certain, label in zip(points, confidence, labels, strict=True):
        position = (point - np.array(spec.origin, np.float32)) / np.float32(spec.resolution)
        base = np.floor(position)
        for corner in np.ndindex(2, 2, 2):
            cell = tuple(int(b) + c for b, c in zip(base, corner, strict=True))
            if not all(0 <= c < n for c, n in zip(cell, spec.shape, strict=True)):
                continue
            upper = position - base
            parts = np.where(corner, upper, np.float32(1) - upper)
            weight = parts[0] * parts[1] * parts[2]
            weights[cell] = weights.get(cell, 0) + weight
            if label not in (OCC3D.empty, OCC3D.other, 255):
                vote = weight * (certain - np.float32(1))
                key = (cell, corner)
                old = scores.setdefault(key, {}).get(label, 0)
                scores[key][label] = max(old, vote)
    grid = np.full(spec.shape, OCC3D.empty, np.uint8)
    for cell in (cell for cell, weight in weights.items() if weight > 0):
        grid[cell] = literal_label(cell, scores)
    return grid


def literal_label(cell, scores):
    total = np.zeros(OCC3D.count)
    for corner in np.ndindex(2, 2, 2):
        for label, vote in scores.get((cell, corner), {}).items():
            total[label] += vote
    return total.argmax() if total.any() else OCC3D.other


def kept(views, threshold):
    """Points of some views above a threshold, in the base frame, as loops would keep them."""
    chosen = (views.confidence > threshold) & (views.labels != SKY)
    points = views.world_points[chosen].numpy()
    base_from_world = FRONT.base_from_camera.astype(np.float32)
    points = points @ base_from_world[:3, :3].T + base_from_world[:3, 3]
    return points, views.confidence[chosen].numpy(), views.labels[chosen].numpy()


@pytest.mark.parametrize('merge', ['evaluation', 'demo'])
@pytest.mark.parametrize(('recon', 'render'), [(3.0, 3.0), (4.0, 2.0), (1.0, 4.5), (5.0, 1.0)])
def test_both_merge_rules_equal_loops(merge, recon, render):
    network = Imaginer([FRONT], stride=2, patterned=True, relabel={WALL: CAR})
    mapper = make(
        network, grid=SMALL, merge=merge, confidence=recon, novel_confidence=render, novel_batch=9
    )
    output = once(mapper)
    seen = kept(network.rendered[0], recon)
    novel = kept(network.imagined[0], render)
    if merge == 'evaluation':
        expected = literal_grid(*map(np.concatenate, zip(seen, novel, strict=True)), SMALL)
    else:
        expected, under = literal_grid(*seen, SMALL), literal_grid(*novel, SMALL)
        for cell in np.ndindex(*SMALL.shape):
            if expected[cell] == OCC3D.empty:
                expected[cell] = under[cell]
    np.testing.assert_array_equal(output.grid.labels, OCC3D.grid_from_native[expected])
    assert (output.grid.confidence > 0).sum() == (expected != OCC3D.empty).sum()


def test_merge_rules_differ_where_both_kinds_of_views_disagree():
    grids = {}
    for merge in ('evaluation', 'demo'):
        network = Imaginer([FRONT], relabel={WALL: CAR})
        grids[merge] = once(make(network, merge=merge)).grid.labels
    fast = once(make(Oracle([FRONT]))).grid.labels
    car = OCC3D.grid_from_native[CAR]
    was_wall = fast == OCC3D.grid_from_native[WALL]
    assert (grids['demo'][fast != FREE] == fast[fast != FREE]).all()
    assert (grids['evaluation'][was_wall] == car).any()
    np.testing.assert_array_equal(grids['demo'] != FREE, grids['evaluation'] != FREE)


@pytest.mark.parametrize('threshold', [1.0, 2.0, 3.0, 4.0, 5.0])
def test_thresholds_are_strict_and_separate(threshold):
    def cells(**thresholds):
        settings = {'confidence': 9.0, 'novel_confidence': 9.0} | thresholds
        network = Imaginer([FRONT], patterned=True)
        return occupied(once(make(network, **settings)).grid).sum()

    # The pattern has no values between the integers, so only > tells these apart.
    for name in ('confidence', 'novel_confidence'):
        assert cells(**{name: threshold}) == cells(**{name: threshold + 0.5})
        less = cells(**{name: max(threshold - 0.5, 1.0)})
        assert less > cells(**{name: threshold}) or threshold == 1.0
    assert cells() == 0


def test_carving_takes_novel_views_as_rays_whatever_the_merge_rule():
    grids = [
        once(make(Imaginer(RIG), fusion='carve', merge=merge), RIG).grid.labels
        for merge in ('evaluation', 'demo')
    ]
    np.testing.assert_array_equal(*grids)
    fast = once(make(Imaginer(RIG), fusion='carve', mode='fast'), RIG).grid.labels
    assert (grids[0] == UNKNOWN).sum() < (fast == UNKNOWN).sum()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_novel_answer_that_is_not_finite_drops_the_frame(value):
    network = Imaginer([FRONT])
    mapper = make(network)
    state, _ = mapper.step(mapper.initial(), frame_set([FRONT], 0.0))
    network.poisoned = value
    with pytest.raises(NonFiniteOutput, match='novel world_points'):
        mapper.step(state, frame_set([FRONT], 0.5))
    network.poisoned = None
    _, output = mapper.step(state, frame_set([FRONT], 1.0))
    assert output.window == 2


def test_network_without_rendering_goes_on_as_fast_and_says_so():
    output = once(make(Oracle([FRONT]), mode='balanced'))
    assert output.imagined.mode == 'fast'
    assert 'no rendering stage' in output.imagined.missing
    np.testing.assert_array_equal(
        output.grid.labels, once(make(Oracle([FRONT]), mode='fast')).grid.labels
    )
    assert not once(make(Oracle([FRONT]), novel=None)).imagined.missing


def test_plan_of_no_views_is_nothing_missing():
    network = Imaginer([FRONT])
    output = once(make(network, novel=replace(PLAN, views_per_frame=0)))
    assert not network.imagined
    assert (output.imagined.mode, output.imagined.missing) == ('fast', '')


@pytest.mark.parametrize('fusion', ['trilinear', 'carve'])
@pytest.mark.parametrize('pooling', ['none', 'geometry', 'classes'])
def test_pooling_is_what_the_paper_scores(fusion, pooling):
    plain = once(make(Imaginer([FRONT]), fusion=fusion)).grid
    grid = once(make(Imaginer([FRONT]), fusion=fusion, pooling=pooling)).grid
    was, is_now = occupied(plain), occupied(grid)
    if pooling == 'geometry':
        padded = np.pad(was, 1)
        for cell in np.argwhere(~was):
            around = padded[tuple(slice(i, i + 3) for i in cell)]
            assert is_now[tuple(cell)] == around.any()
        new = is_now & ~was
        assert (grid.labels[new] == OCC3D.grid_from_native[OCC3D.other]).all()
        assert (grid.confidence[new] > 0).all()
        np.testing.assert_array_equal(grid.labels[~new], plain.labels[~new])
    else:
        np.testing.assert_array_equal(was, is_now)
        np.testing.assert_array_equal(grid.confidence, plain.confidence)
        assert (pooling == 'none') == np.array_equal(grid.labels, plain.labels)


def test_unified_pooling_occupies_first_and_names_then():
    plain = once(make(Imaginer([FRONT]))).grid
    grid = once(make(Imaginer([FRONT]), pooling='unified')).grid
    native = np.where(occupied(plain), OCC3D.native_from_grid[plain.labels], OCC3D.empty)
    expected = pool_unified(native.astype(np.uint8), OCC3D)
    found = np.where(occupied(grid), OCC3D.native_from_grid[grid.labels], OCC3D.empty)
    np.testing.assert_array_equal(found, expected)
    assert occupied(grid).sum() > occupied(plain).sum()


def test_labels_of_other_class_sets_are_pooled_too():
    network = Imaginer([FRONT], with_labels=False)
    grid = once(make(network, classes=KITTI, pooling='geometry')).grid
    other = KITTI.grid_from_native[KITTI.other]
    assert set(np.unique(grid.labels)) == {FREE, other}


def test_novel_views_follow_the_robot():
    network = Imaginer([FRONT])
    mapper = make(network, frames=2)
    sets = [frame_set([FRONT], 0.5 * index) for index in range(6)]
    for entry in map_recording(mapper, sets):
        output = entry.occupancy
        centres = centre_of(np.argwhere(occupied(output.grid)), GRID)
        truth_from_base = path(output.stamp_ns)
        truth = centres @ truth_from_base[:3, :3].T + truth_from_base[:3, 3]
        off_wall = np.abs(np.abs(truth[:, 1]) - HALF_WIDTH_M)
        assert (np.minimum(off_wall, np.abs(truth[:, 2])) < 1.2).all()


@pytest.mark.parametrize(
    ('name', 'change'),
    [
        ('mode', {'mode': 'slow'}),
        ('render.merge', {'merge': 'both'}),
        ('render.batch', {'novel_batch': -1}),
        ('grid.pooling', {'pooling': 'majority'}),
        ('confidence.render', {'novel_confidence': 0.5}),
    ],
)
def test_bad_settings_are_refused_by_name(name, change):
    with pytest.raises(ValueError, match=name):
        MapperConfig(**change)


def test_novel_sky_clears_only_where_the_network_is_sure():
    unknown = [
        (once(make(Imaginer([FRONT]), fusion='carve', novel_confidence=t)).grid.labels == UNKNOWN)
        for t in (1.0, 2.0)  # the sky has 1.1
    ]
    assert unknown[0].sum() < unknown[1].sum()
