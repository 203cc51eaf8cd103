"""The demo's figures follow from the bags, and its table says them all."""

from dataclasses import replace

import numpy as np
from occany_ros.evaluation.demo_report import (
    Latency,
    picture_facts,
    report_text,
    run_drift,
    run_scores,
    RunFigures,
    unsound,
    Verdict,
)
from occany_ros.evaluation.recorded import Recorded, Track
from occany_ros.evaluation.scores import Scores
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.semantics.classes import OCC3D
import pytest

SPEC = GridSpec(origin=(-4.0, -4.0, -1.0), resolution=0.5, shape=(16, 16, 8))
CAR = OCC3D.grid_names.index('car')
FIGURES = RunFigures(
    sent=40,
    received=39,
    processed=38,
    sent_hz=2.0,
    rate_hz=1.97,
    stages={'encode': Latency(30.4, 41.0), 'total': Latency(91.6, 120.2)},
    peak_bytes=512_000_000,
    model={'variant': 'tiny', 'weights': 'synthetic'},
)


def grid(box, fill=0):
    labels = np.full(SPEC.shape, fill, np.uint8)
    labels[box] = CAR
    return OccupancyGrid3d(SPEC, labels, np.zeros_like(labels), OCC3D.grid_names)


def track(box, step=1.0, stamps=(1, 2, 3)):
    poses = {}
    for index, stamp in enumerate(stamps):
        poses[stamp] = np.eye(4)
        poses[stamp][0, 3] = index * step
    return Track('Prediction', {stamp: grid(box) for stamp in stamps}, poses)


BOX = np.s_[4:8, 4:8, 2:6]
SHIFTED = np.s_[4:8, 4:8, 3:7]


def test_scores_pair_grids_by_stamp():
    perfect = run_scores(track(BOX), track(BOX, stamps=(2, 3, 4)), OCC3D)
    assert (perfect.obstacle_iou, perfect.obstacle_f1) == (1.0, 1.0)
    shifted = run_scores(track(SHIFTED), track(BOX), OCC3D)
    assert shifted.obstacle_iou == pytest.approx(3 / 5)
    assert shifted.obstacle_f1 == pytest.approx(1.0)
    with pytest.raises(ValueError, match='stamps'):
        run_scores(track(BOX), track(BOX, stamps=(7, 8)), OCC3D)


def test_unknown_truth_does_not_count():
    truth = track(BOX)
    hidden = {stamp: grid(BOX, fill=UNKNOWN) for stamp in truth.grids}
    everywhere = track(np.s_[:, :, :])
    scores = run_scores(everywhere, replace(truth, grids=hidden), OCC3D)
    assert scores.obstacle_iou == 1.0


def test_drift_of_a_run():
    result = run_drift(track(BOX, 0.9), track(BOX, 1.0))
    assert result.percent == pytest.approx(10)
    assert run_drift(track(BOX), track(BOX, stamps=(3, 4))) is None


def test_unsound_outputs_are_named():
    run = Recorded(track(BOX), None)
    assert unsound(run) == ()
    run.prediction.grids[2].labels[0, 0, 0] = 99
    run.prediction.poses[3][0, 3] = np.nan
    problems = unsound(run)
    assert len(problems) == 2
    assert '99' in problems[0]
    assert 'pose at 3 ns' in problems[1]


def test_the_table_says_everything():
    verdict = Verdict(
        scores={'the node': Scores(0.31, 0.76, 0.26, 0.5), 'plane only': Scores(0, 0, 0.03, 0.7)},
        drift=run_drift(track(BOX, 0.9), track(BOX, 1.0)),
    )
    text = report_text('a title', FIGURES, verdict, 'a note')
    for part in [
        'a title',
        '40 / 39 / 38',
        '1.97 Hz (2.00 Hz)',
        '512 MB',
        '10.0 % (0.2 m',
        'all valid and finite',
        'encode',
        '120',
        'plane only',
        '0.310',
        'a note',
    ]:
        assert part in text, part
    facts = dict(picture_facts(FIGURES, verdict))
    assert facts['obstacle IoU'] == '0.31'
    assert facts['latency p50 / p95'] == '92 / 120 ms'


def test_problems_are_shouted():
    figures = replace(FIGURES, problems=('the node ended with code 1',), sent_hz=0.0)
    text = report_text('a title', figures, Verdict(invalid=('grid at 5 ns: bad',)))
    assert 'PROBLEM: the node ended with code 1' in text
    assert 'PROBLEM: grid at 5 ns: bad' in text
    assert 'valid and finite' not in text
    assert 'one set after the other' in text


@pytest.mark.parametrize(
    ('told', 'words'),
    [
        ({'mode': 'fast', 'novel_views': '0'}, 'fast'),
        ({'mode': 'balanced', 'novel_views': '15'}, 'balanced, 15 novel views a set'),
        ({}, '?'),
    ],
)
def test_report_says_what_was_imagined(told, words):
    figures = replace(FIGURES, model={**FIGURES.model, **told})
    row = next(
        line for line in report_text('x', figures, Verdict()).splitlines() if 'mode ' in line
    )
    assert row.split('mode', 1)[1].strip(' |') == words
