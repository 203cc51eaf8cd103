"""`occany eval`: measure a network on synthetic drives it has never seen."""

import argparse
from dataclasses import replace
import json
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING

from occany_ros.cli.progress import add_quiet_option, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from occany_ros.evaluation.drives import DriveResult

SUMMARY = 'measure a network on synthetic drives with exact truth'
EPILOG = """examples:
  occany eval                                   the embedded network, 8 drives
  occany eval --seeds 40 41 --rig surround      six cameras
  occany eval --mode balanced                   with novel views
  occany eval --views                           scores against number and kind of novel views
  occany eval --trajectory tum                  trajectories as TUM files, and evo's figures
  occany eval --json scores.json                figures for a program

exit codes: 0 done, 1 something failed, 2 a wrong command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('--weights', type=Path, help='weights of the tiny network (its own)')
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=list(range(600, 608)), help='one drive each'
    )
    parser.add_argument('--rig', choices=('front', 'surround'), default='front')
    parser.add_argument('--steps', type=int, default=24, help='sets of images a drive')
    parser.add_argument('--rate', type=float, default=4.0, help='sets a second')
    parser.add_argument('--size', type=int, nargs=2, metavar=('H', 'W'), help='of the images')
    parser.add_argument('--mode', choices=('fast', 'balanced', 'quality'), default='fast')
    parser.add_argument(
        '--views', action='store_true', help='compare novel views: none, forward, turned, beside'
    )
    parser.add_argument(
        '--trajectory',
        type=Path,
        metavar='FOLDER',
        help='write true and estimated trajectories there as TUM files, and let evo compare them',
    )
    parser.add_argument('--device', default='auto')
    parser.add_argument('--json', type=Path, help='write the figures here')
    add_quiet_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Map every drive, then print one table."""
    return _views(arguments) if arguments.views else _scores(arguments)


def _size(arguments: argparse.Namespace) -> tuple[int, int]:
    """Height and width of the images."""
    height, width = arguments.size or ((160, 512) if arguments.rig == 'front' else (288, 512))
    return height, width


def _views(arguments: argparse.Namespace) -> int:
    """Print the scores against number and kind of novel views."""
    from occany_ros.evaluation.ablation import ablate, ablation_table, kinds_of_views
    from occany_ros.models.factory import load_model
    from occany_ros.synthetic.drive import make_drive

    model = load_model(
        'tiny', checkpoint=arguments.weights, device=arguments.device, precision='auto'
    )
    if model.stage != 'rendering':
        raise ValueError(
            f'--weights: expected some with a rendering stage, got {arguments.weights}: '
            'train one with `occany train --stage rendering`'
        )
    drives = [
        make_drive(
            seed,
            rig=arguments.rig,
            rate_hz=arguments.rate,
            steps=arguments.steps,
            size=_size(arguments),
        )
        for seed in arguments.seeds
    ]
    plans = kinds_of_views(model.plan)
    progress = Progress('drives', quiet=arguments.quiet)
    results = ablate(
        model, drives, plans, lambda done: progress.show(done / (len(plans) * len(drives)))
    )
    progress.done()
    print(f'{len(drives)} drives, {arguments.steps} sets each at {arguments.rate:g} Hz')
    print(ablation_table(results))
    return 0


def _scores(arguments: argparse.Namespace) -> int:
    """Print scores beside those of the references, and the drift."""
    from occany_ros.evaluation.demo_references import reference_tallies
    from occany_ros.evaluation.drives import measure
    from occany_ros.evaluation.scores import added, scores_of, Tally
    from occany_ros.evaluation.tables import score_table
    from occany_ros.evaluation.trajectory_files import find_evo
    from occany_ros.models.factory import load_model
    from occany_ros.pipeline.mapper import config_for, mapper_of
    from occany_ros.semantics.classes import OCC3D
    from occany_ros.synthetic.drive import make_drive

    if arguments.trajectory:
        find_evo()  # before minutes are spent
    model = load_model(
        'tiny', checkpoint=arguments.weights, device=arguments.device, precision='auto'
    )
    config = replace(config_for(model, arguments.mode), min_interval_s=0.2)
    mapper = mapper_of(model, OCC3D, config)
    results = []
    tallies: dict[str, list[Tally]] = {}
    progress = Progress('drives', quiet=arguments.quiet)
    for number, seed in enumerate(arguments.seeds):
        drive = make_drive(
            seed,
            rig=arguments.rig,
            rate_hz=arguments.rate,
            steps=arguments.steps,
            size=_size(arguments),
        )
        results.append(measure(mapper, OCC3D, drive))
        for row, tally in reference_tallies(drive).items():
            tallies.setdefault(row, []).append(tally)
        progress.show((number + 1) / len(arguments.seeds), f'seed {seed}')
    progress.done()
    name = 'tiny' if arguments.mode == 'fast' else f'tiny, {arguments.mode}'
    tallies = {name: [result.tally for result in results], **tallies}
    rows = {row: scores_of(added(parts)) for row, parts in tallies.items()}
    scores = rows[name]
    drifts = [result.drift.percent for result in results]
    depth_error = mean(result.depth_error for result in results)
    print(f'{len(results)} drives, {arguments.steps} sets each at {arguments.rate:g} Hz')
    print(score_table(rows))
    print(f'drift: median {median(drifts):.1f} %, worst {max(drifts):.1f} % of the path')
    print(f'depth error of obstacles within 20 m: {depth_error:.3f}')
    seconds = median(value for result in results for value in result.seconds)
    print(f'{seconds * 1000:.0f} ms a set, {results[-1].novel_views} novel views')
    if arguments.trajectory:
        _trajectories(arguments, results)
    if arguments.json:
        figures = {
            'seeds': arguments.seeds,
            'mode': arguments.mode,
            'obstacle_iou': scores.obstacle_iou,
            'obstacle_f1': scores.obstacle_f1,
            'mean_iou': scores.mean_iou,
            'drift_percent': drifts,
            'depth_error': depth_error,
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + '\n')
    return 0


def _trajectories(arguments: argparse.Namespace, results: 'Sequence[DriveResult]') -> None:
    """Write the trajectories, and print what evo says of them."""
    from occany_ros.evaluation.trajectory_files import ask_evo, evo_table, find_evo, write_tum

    folder: Path = arguments.trajectory
    folder.mkdir(parents=True, exist_ok=True)
    commands, errors = find_evo(), {}
    for seed, result in zip(arguments.seeds, results, strict=True):
        truth, estimate = folder / f'{seed}_truth.tum', folder / f'{seed}_estimate.tum'
        write_tum(truth, result.stamps_ns, result.true)
        write_tum(estimate, result.stamps_ns, result.estimated)
        errors[f'drive {seed}'] = ask_evo(commands, truth, estimate)
    print(f'\ntrajectories in {folder}; root mean squares by evo:\n{evo_table(errors)}')
