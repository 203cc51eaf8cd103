"""Figures of a run of the node, and the table that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from occany_ros.evaluation.recorded import Recorded, Track
from occany_ros.evaluation.scores import added, Scores, scores_of, Tally, tally_frame
from occany_ros.evaluation.tables import score_table, table
from occany_ros.evaluation.trajectory import Drift, drift
from occany_ros.occupancy.grid import OccupancyGrid3d, UNKNOWN
from occany_ros.semantics.classes import ClassSet


@dataclass(frozen=True, slots=True)
class Latency:
    """
    Durations of one stage, milliseconds.

    :param p50: median.
    :param p95: 95 of 100 were shorter.
    """

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, eq=False)
class RunFigures:
    """
    What was measured while the node ran.

    :param sent: sets of images that were played.
    :param received: sets the node put together.
    :param processed: grids that came out.
    :param sent_hz: sets a second as played; 0 where each was played after the last was answered.
    :param rate_hz: grids a second, from the first to the last.
    :param stages: stage -> its durations, in order.
    :param peak_bytes: most memory the node had.
    :param model: variant, weights and so on, as the node reports them.
    :param problems: what went wrong, in words.
    """

    sent: int
    received: int
    processed: int
    sent_hz: float
    rate_hz: float
    stages: Mapping[str, Latency]
    peak_bytes: int
    model: Mapping[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """
    What the outputs are worth.

    :param scores: name of the method -> scores; empty where there is no truth.
    :param drift: None where there is no truth.
    :param invalid: what is wrong with the outputs themselves; empty if they are sound.
    """

    scores: Mapping[str, Scores] = field(default_factory=dict)
    drift: Drift | None = None
    invalid: tuple[str, ...] = ()


def run_scores(prediction: Track, truth: Track, classes: ClassSet) -> Scores:
    """
    Score every grid against the truth of the same stamp.

    :raises ValueError: no stamp is in both.
    """
    stamps = _common(prediction, truth)
    pairs = [(prediction.grids[stamp], truth.grids[stamp]) for stamp in stamps]
    return scores_of(tally_of_pairs(pairs, classes))


def tally_of_pairs(
    pairs: Sequence[tuple[OccupancyGrid3d, OccupancyGrid3d]], classes: ClassSet
) -> Tally:
    """
    Count the voxels of predicted grids against true ones, all together.

    :raises ValueError: there are none.
    """
    if not pairs:
        raise ValueError('pairs: expected grids with the stamps of true ones, got none')
    return added([tally_frame(predicted, true, classes) for predicted, true in pairs])


def run_drift(prediction: Track, truth: Track) -> Drift | None:
    """Compare the paths over the stamps that are in both; None for fewer than two."""
    stamps = sorted(prediction.poses.keys() & truth.poses.keys())
    if len(stamps) < 2:
        return None
    estimated, true = (
        np.stack([track.poses[stamp] for stamp in stamps]) for track in (prediction, truth)
    )
    return drift(estimated, true)


def unsound(run: Recorded) -> tuple[str, ...]:
    """Say what is wrong with the outputs themselves, truth or no truth."""
    problems = []
    for stamp, grid in run.prediction.grids.items():
        strange = np.setdiff1d(grid.labels, [*range(len(grid.class_names)), UNKNOWN])
        if strange.size:
            problems.append(f'grid at {stamp} ns: labels without a name: {strange.tolist()}')
    for stamp, pose in run.prediction.poses.items():
        if not np.isfinite(pose).all():
            problems.append(f'pose at {stamp} ns: not finite')
    return tuple(problems)


def report_text(title: str, figures: RunFigures, verdict: Verdict, note: str = '') -> str:
    """Lay everything out for a terminal."""
    stages = [
        (name, f'{stage.p50:.0f}', f'{stage.p95:.0f}') for name, stage in figures.stages.items()
    ]
    parts = [title, table(('the node', ''), _rows(figures, verdict))]
    if stages:
        parts.append(table(('latency', 'p50 ms', 'p95 ms'), stages))
    if verdict.scores:
        parts.append(score_table(verdict.scores))
    parts += [f'PROBLEM: {problem}' for problem in (*figures.problems, *verdict.invalid)]
    if note:
        parts.append(note)
    return '\n\n'.join(parts) + '\n'


def picture_facts(figures: RunFigures, verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Pick the figures that go onto the picture."""
    facts = []
    if verdict.scores:
        own = next(iter(verdict.scores.values()))
        facts += [
            ('obstacle IoU', f'{own.obstacle_iou:.2f}'),
            ('obstacle F1', f'{own.obstacle_f1:.2f}'),
            ('mIoU of all classes', f'{own.mean_iou:.2f}'),
        ]
    if verdict.drift is not None:
        facts.append(('trajectory drift', _drift_text(verdict.drift, short=True)))
    facts.append(('sets processed', f'{figures.processed} of {figures.sent}'))
    if figures.rate_hz:
        facts.append(('rate', f'{figures.rate_hz:.1f} Hz'))
    total = figures.stages.get('total')
    if total is not None:
        facts.append(('latency p50 / p95', f'{total.p50:.0f} / {total.p95:.0f} ms'))
    facts.append(('peak memory', f'{figures.peak_bytes / 1e6:.0f} MB'))
    return tuple(facts)


def _rows(figures: RunFigures, verdict: Verdict) -> list[tuple[str, str]]:
    sets = f'{figures.sent} / {figures.received} / {figures.processed}'
    rows = [
        (
            'model, weights',
            ', '.join(figures.model.get(key, '?') for key in ('variant', 'weights')),
        ),
        ('mode', _mode_text(figures)),
        ('sets played / received / processed', sets),
        ('rate of outputs (of inputs)', f'{_rate_text(figures)} ({_played_text(figures)})'),
        ('peak memory', f'{figures.peak_bytes / 1e6:.0f} MB'),
    ]
    if verdict.drift is not None:
        rows.append(('trajectory drift', _drift_text(verdict.drift)))
    if not verdict.invalid:
        rows.append(('outputs', 'all valid and finite'))
    return rows


def _mode_text(figures: RunFigures) -> str:
    mode, views = (figures.model.get(key, '') for key in ('mode', 'novel_views'))
    return f'{mode}, {views} novel views a set' if views not in ('', '0') else mode or '?'


def _rate_text(figures: RunFigures) -> str:
    return f'{figures.rate_hz:.2f} Hz' if figures.rate_hz else 'a single one'


def _played_text(figures: RunFigures) -> str:
    return f'{figures.sent_hz:.2f} Hz' if figures.sent_hz else 'one set after the other'


def _drift_text(result: Drift, *, short: bool = False) -> str:
    if short:
        return f'{result.percent:.1f} % of {result.length:.0f} m'
    return (
        f'{result.percent:.1f} % ({result.position:.1f} m and {result.heading_deg:.1f}° '
        f'after {result.length:.0f} m)'
    )


def _common(first: Track, second: Track) -> list[int]:
    return sorted(first.grids.keys() & second.grids.keys())
