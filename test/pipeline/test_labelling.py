"""Labels over time: renamed, left out, carried on, voted, and what moves leaves no trail."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from occany_ros.occupancy.grid import FREE, GridSpec, UNKNOWN
from occany_ros.occupancy.voting import PlacedLabels
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.label_rules import LabelRules
from occany_ros.pipeline.labelling import joined_anew, LabelTrack
from occany_ros.pipeline.mapper import Mapper
from occany_ros.semantics.class_file import read_class_set
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import (
    frame_set,
    mounted,
    Oracle,
    path,
    pose,
    ROAD,
    S,
    SKY,
    START_NS,
    WALL,
)
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
FRONT = mounted('front')
PLANNER = Path(__file__).parents[2] / 'config' / 'classes' / 'planner.yaml'
TREE, CAR = OCC3D.names.index('vegetation'), OCC3D.names.index('car')
OTHER, ROAD_LABEL, WALL_LABEL, CAR_LABEL = OCC3D.grid_from_native[[OCC3D.other, ROAD, WALL, CAR]]


class Doubtful(Oracle):
    """Names a share of the pixels of each view wrongly, others each time."""

    share = 0.3

    def encode(self, views):
        tokens = super().encode(views)
        for token in tokens:
            wrong = np.random.default_rng(token.stamp_ns).random(token.labels.shape) < self.share
            token.labels[wrong & (token.labels == WALL)] = TREE
        return tokens


class Forgetful(Oracle):
    """Calls everything a tree from the second set on, so that asking again shows."""

    def encode(self, views):
        tokens = super().encode(views)
        for token in tokens:
            if len(self.encoded) > 1:
                token.labels[:] = TREE
        return tokens


class Passing(Oracle):
    """Sees a car that crosses the street: in another direction in each view."""

    def encode(self, views):
        tokens = super().encode(views)
        for token in tokens:
            first = 8 + 8 * len(self.encoded)
            last = first + 6
            there = np.s_[10:20, first:last]
            depth = token.local_points[..., 2:]
            token.local_points[there] *= 5.0 / depth[there]
            token.labels[there] = CAR
        return tokens


def steps(oracle, count=4, *, classes=OCC3D, where='trilinear', frames=5, **rules):
    """Drive with a front camera; gives the last state and all answers."""
    mapper = Mapper(
        reconstructor=oracle,
        classes=classes,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(
            grid=GRID,
            min_interval_s=0.4,
            frames=frames,
            fusion=where,
            labels=LabelRules(**rules),
        ),
        device=torch.device('cpu'),
    )
    state, answers = mapper.initial(), []
    for index in range(count):
        state, answer = mapper.step(state, frame_set([FRONT], 0.5 * index))
        answers.append(answer)
    return state, answers


def test_labels_are_those_of_the_class_set_everywhere():
    classes = read_class_set(PLANNER, OCC3D)
    _, answers = steps(Oracle([FRONT]), classes=classes)
    answer = answers[-1]
    ground, static = (classes.grid_names.index(name) for name in ('ground', 'static'))
    assert answer.grid.class_names == classes.grid_names
    assert set(np.unique(answer.grid.labels)) == {FREE, ground, static}
    assert set(np.unique(answer.cloud.labels)) == {ground, static}
    assert set(np.unique(answer.views[0].labels)) == {FREE, ground, static}
    plain = steps(Oracle([FRONT]))[1][-1]
    np.testing.assert_array_equal(answer.grid.labels == ground, plain.grid.labels == ROAD_LABEL)


@pytest.mark.parametrize('where', ['trilinear', 'carve'])
def test_without_labels_every_occupied_voxel_is_other(where):
    _, answers = steps(Oracle([FRONT]), where=where, source='off')
    grid = answers[-1].grid
    assert set(np.unique(grid.labels)) - {UNKNOWN} == {FREE, OTHER}
    assert not answers[-1].views[0].is_labelled
    assert (answers[-1].cloud.labels == OTHER).all()
    if where == 'trilinear':
        labelled = steps(Oracle([FRONT]), where=where)[1][-1].grid
        np.testing.assert_array_equal(grid.labels == FREE, labelled.labels == FREE)


class Starlit(Oracle):
    """Is as sure of the sky as of everything else, and puts it five metres away."""

    def encode(self, views):
        tokens = super().encode(views)
        for token in tokens:
            above = token.labels == SKY
            token.local_points[above] *= 5.0 / token.local_points[above][:, 2:]
        return tokens

    def render(self, memory, tokens):
        said = super().render(memory, tokens)
        return replace(said, confidence=torch.full_like(said.confidence, 5.0))


@pytest.mark.parametrize('where', ['trilinear', 'carve'])
@pytest.mark.parametrize('rules', [{'source': 'off'}, {'every': 4}])
def test_the_sky_fills_no_voxel_whether_or_not_labels_are_asked_for(where, rules):
    _, answers = steps(Starlit([FRONT]), where=where, **rules)
    _, asked = steps(Starlit([FRONT]), where=where)
    for answer, other in zip(answers, asked, strict=True):
        assert len(answer.cloud.points) == len(other.cloud.points)
        above = answer.grid.labels[:, :, 11]  # 4.5 m up, over the walls
        assert np.isin(above, [FREE, UNKNOWN]).all()
        assert np.isnan(answer.views[0].depth).any()


def test_nothing_is_carried_from_where_nothing_was_labelled():
    _, answers = steps(Oracle([FRONT], with_labels=False), 3, every=2)
    assert not any(answer.views[0].is_labelled for answer in answers)
    for answer in answers:
        assert set(np.unique(answer.grid.labels)) == {FREE, OTHER}


def test_sets_between_take_the_labels_of_the_same_places():
    asked = steps(Forgetful([FRONT]), 4, every=1)[1]
    carried = steps(Forgetful([FRONT]), 4, every=4)[1]
    truth = steps(Oracle([FRONT]), 4)[1]
    assert (asked[-1].grid.labels == OCC3D.grid_from_native[TREE]).any()
    assert not (carried[-1].grid.labels == OCC3D.grid_from_native[TREE]).any()
    for answer, true in zip(carried, truth, strict=True):
        occupied = true.grid.labels != FREE
        known = occupied & (answer.grid.labels != OTHER)
        assert (answer.grid.labels == true.grid.labels)[known].mean() > 0.95
        assert known.sum() > 0.5 * occupied.sum()
    assert carried[-1].views[0].is_labelled


def test_every_nth_set_is_asked_about():
    _, answers = steps(Forgetful([FRONT]), 5, every=3)
    trees = [(answer.grid.labels == OCC3D.grid_from_native[TREE]).any() for answer in answers]
    assert trees == [False, False, False, True, True]


def wrong_share(answer):
    walls = np.isin(answer.grid.labels, (WALL_LABEL, OCC3D.grid_from_native[TREE]))
    return (answer.grid.labels[walls] != WALL_LABEL).mean()


@pytest.mark.parametrize('speed', [0.0, 0.9])
def test_votes_make_labels_steadier(speed):
    def doubtful():
        return Doubtful([FRONT], where=lambda ns: pose(x=speed * (ns - START_NS) / S))

    alone = wrong_share(steps(doubtful(), 8, frames=2)[1][-1])
    voted = wrong_share(steps(doubtful(), 8, frames=2, votes=8)[1][-1])
    assert alone > 0.05
    assert voted < 0.7 * alone


def test_votes_change_labels_only():
    plain = steps(Doubtful([FRONT]), 6)[1][-1].grid
    voted = steps(Doubtful([FRONT]), 6, votes=5)[1][-1].grid
    np.testing.assert_array_equal(plain.labels == FREE, voted.labels == FREE)
    np.testing.assert_array_equal(plain.labels == ROAD_LABEL, voted.labels == ROAD_LABEL)
    np.testing.assert_array_equal(plain.confidence, voted.confidence)


def test_no_more_grids_are_kept_than_vote():
    assert len(steps(Oracle([FRONT]), 6, votes=3)[0].labels.earlier) == 3
    assert steps(Oracle([FRONT]), 6)[0].labels.earlier == ()


@pytest.mark.parametrize('seconds', [-1.0, 60.0])
def test_votes_are_forgotten_with_the_memory(seconds):
    mapper = Mapper(
        reconstructor=Oracle([FRONT]),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, labels=LabelRules(votes=5, every=2)),
        device=torch.device('cpu'),
    )
    state = mapper.initial()
    for index in range(4):
        state, _ = mapper.step(state, frame_set([FRONT], 3.0 + 0.5 * index))
    assert len(state.labels.earlier) == 2
    state, answer = mapper.step(state, frame_set([FRONT], 3.0 + seconds))
    assert answer.restart in ('backward', 'gap')
    assert (len(state.labels.earlier), state.labels.since) == (1, 0)


def car_columns(answer):
    """Count the columns of the grid that hold a car."""
    return int((answer.grid.labels == CAR_LABEL).any(axis=-1).sum())


@pytest.mark.parametrize('where', ['trilinear', 'carve'])
def test_what_moves_leaves_no_trail(where):
    def standing():
        return Passing([FRONT], where=lambda _stamp_ns: np.eye(4))

    alone = car_columns(steps(standing(), 1, where=where)[1][-1])
    trail = car_columns(steps(standing(), 5, where=where, moving=frozenset())[1][-1])
    clean = car_columns(steps(standing(), 5, where=where)[1][-1])
    assert 0 < clean <= 1.5 * alone
    assert trail > 2 * clean


def test_features_come_only_where_somebody_wants_them():
    class Featured(Oracle):
        """Knows a map of features too."""

        def render(self, memory, tokens):
            level = torch.arange(len(tokens))[:, None, None, None] * torch.ones(1, 4, 3, 5)
            return replace(super().render(memory, tokens), features=(level, level))

    mapper = Mapper(
        reconstructor=Featured([FRONT]),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, anchor='first', min_interval_s=0.1),
        device=torch.device('cpu'),
    )
    state, answer = mapper.step(mapper.initial(), frame_set([FRONT], 0.0))
    assert answer.views[0].features is None
    mapper = mapper.with_features(True).in_mode('balanced').in_mode('fast')
    _, answer = mapper.step(state, frame_set([FRONT], 0.5))
    assert answer.views[0].features.shape == (4, 3, 5)
    assert (answer.views[0].features == 1).all()  # of the newest view
    plain = Mapper(
        reconstructor=Oracle([FRONT]),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=mapper.config,
        device=torch.device('cpu'),
    )
    _, answer = plain.step(plain.initial(), frame_set([FRONT], 0.0))
    assert answer.views[0].features is None


@pytest.mark.parametrize(
    ('rules', 'name'),
    [
        ({'source': 'guessed'}, 'mode'),
        ({'votes': -1}, 'temporal_vote'),
        ({'every': 0}, 'every'),
    ],
)
def test_rules_out_of_range(rules, name):
    with pytest.raises(ValueError, match=f'semantics.{name}'):
        LabelRules(**rules)


def test_the_robot_moves_in_these_tests():
    assert np.linalg.norm(path(frame_set([FRONT], 2.0).stamp_ns)[:2, 3]) > 5


def test_remembered_grids_stay_in_the_world_when_the_path_is_joined_anew():
    labels = np.full(GRID.shape, FREE, np.uint8)
    grids = [PlacedLabels(GRID, labels, pose(x=float(i))) for i in range(3)]
    track = LabelTrack(since=1, carried=grids[0], earlier=tuple(grids[1:]))
    shift = pose(x=5.0, yaw_deg=30.0)
    moved = joined_anew(track, shift)
    for before, after in zip(grids, (moved.carried, *moved.earlier), strict=True):
        np.testing.assert_allclose(after.odom_from_grid, shift @ before.odom_from_grid)
    assert moved.since == 1
    assert joined_anew(track, np.eye(4)) is track
    assert joined_anew(track, None).carried is None
