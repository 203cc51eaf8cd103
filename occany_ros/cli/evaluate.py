"""`occany eval`: measure a network on synthetic drives it has never seen."""

import argparse
from dataclasses import replace
import json
from pathlib import Path
from statistics import mean, median

SUMMARY = 'measure a network on synthetic drives with exact truth'
EPILOG = """examples:
  occany eval                                   the embedded network, 8 drives
  occany eval --seeds 40 41 --rig surround      six cameras
  occany eval --json scores.json                figures for a program
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
    parser.add_argument('--device', default='auto')
    parser.add_argument('--json', type=Path, help='write the figures here')


def run(arguments: argparse.Namespace) -> int:
    """Map every drive, then print one table."""
    from occany_ros.cli.progress import Progress
    from occany_ros.evaluation.demo_references import reference_tallies
    from occany_ros.evaluation.drives import measure
    from occany_ros.evaluation.scores import added, scores_of, Tally
    from occany_ros.evaluation.tables import score_table
    from occany_ros.models.factory import load_model
    from occany_ros.pipeline.mapper import config_for, mapper_of
    from occany_ros.semantics.classes import OCC3D
    from occany_ros.synthetic.drive import make_drive

    model = load_model(
        'tiny', checkpoint=arguments.weights, device=arguments.device, precision='auto'
    )
    mapper = mapper_of(model, OCC3D, replace(config_for(model), min_interval_s=0.2))
    size = tuple(arguments.size or ((160, 512) if arguments.rig == 'front' else (288, 512)))
    results = []
    tallies: dict[str, list[Tally]] = {}
    progress = Progress('drives')
    for number, seed in enumerate(arguments.seeds):
        drive = make_drive(
            seed, rig=arguments.rig, rate_hz=arguments.rate, steps=arguments.steps, size=size
        )
        results.append(measure(mapper, OCC3D, drive))
        for name, tally in reference_tallies(drive).items():
            tallies.setdefault(name, []).append(tally)
        progress.show((number + 1) / len(arguments.seeds), f'seed {seed}')
    progress.done()
    tallies = {'tiny': [result.tally for result in results], **tallies}
    rows = {name: scores_of(added(parts)) for name, parts in tallies.items()}
    scores = rows['tiny']
    drifts = [result.drift.percent for result in results]
    depth_error = mean(result.depth_error for result in results)
    print(f'{len(results)} drives, {arguments.steps} sets each at {arguments.rate:g} Hz')
    print(score_table(rows))
    print(f'drift: median {median(drifts):.1f} %, worst {max(drifts):.1f} % of the path')
    print(f'depth error of obstacles within 20 m: {depth_error:.3f}')
    if arguments.json:
        figures = {
            'seeds': arguments.seeds,
            'obstacle_iou': scores.obstacle_iou,
            'obstacle_f1': scores.obstacle_f1,
            'mean_iou': scores.mean_iou,
            'drift_percent': drifts,
            'depth_error': depth_error,
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + '\n')
    return 0
