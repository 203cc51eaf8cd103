"""`occany train`: render the training set and train the embedded network."""

import argparse
from collections.abc import Callable
from pathlib import Path
import shlex
import sys
from time import monotonic
from typing import Any

from occany_ros.cli.progress import add_quiet_option, Progress

SUMMARY = 'train the embedded network on the synthetic street'
EPILOG = """examples:
  occany train -o tiny.safetensors                          the shipped recipe, hours on a CPU
  occany train -o t.safetensors --sequences 200 --steps 50  a short one, to try it
  occany train -o tiny.safetensors --start old.safetensors --rate 4e-4   go on from weights
  occany train -o tiny.safetensors --stage rendering --sequences 2400 --steps 3000
                                                     the stage that renders novel views, alone

exit codes: 0 done, 1 something failed, 2 a wrong command line
"""
SECOND_LOOK_SHARE = 0.4
"""Share of the steps of the rendering stage that its second look gets."""

Curve = list[tuple[int, dict[str, float]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('-o', '--out', type=Path, required=True, help='weights to write')
    parser.add_argument(
        '--stage',
        choices=('reconstruction', 'rendering'),
        default='reconstruction',
        help='rendering keeps the weights of the first stage as they are in --start',
    )
    parser.add_argument('--shards', type=Path, default=Path('shards'), help='rendered sequences')
    parser.add_argument('--sequences', type=int, default=4000, help='of 3 frames (rendering: 5)')
    parser.add_argument('--steps', type=int, default=8500)
    parser.add_argument(
        '--batch', type=int, default=6, help='sequences a step (rendering: novel views)'
    )
    parser.add_argument('--rate', type=float, default=1.2e-3, help='peak learning rate')
    parser.add_argument(
        '--start', type=Path, help='weights to go on from (rendering: those that ship)'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=2, help='processes that render')
    parser.add_argument('--device', default='cpu', help='for the reconstruction')
    add_quiet_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Render what is missing, train, and write weights and recipe."""
    if arguments.stage == 'rendering':
        return _train_rendering(arguments)
    return _train_reconstruction(arguments)


def _train_reconstruction(arguments: argparse.Namespace) -> int:
    """Train the first stage."""
    from occany_ros.models.embedded.config import EmbeddedConfig
    from occany_ros.models.tiny import load_tiny
    from occany_ros.training import dataset, shards
    from occany_ros.training.card import export, Recipe
    from occany_ros.training.loop import Schedule, train

    plans = _plans(arguments, 3, dataset.FIRST_SEED)
    progress = Progress('rendering', quiet=arguments.quiet)
    for number, _ in enumerate(dataset.render_all(plans, arguments.workers)):
        progress.show((number + 1) / len(plans), f'{number + 1} of {len(plans)} shards')
    progress.done()
    sets = shards.joined([shards.load_shard(work.path) for work in plans])
    weights = shards.class_weights(sets, EmbeddedConfig().labels)
    start = load_tiny(weights=arguments.start).network if arguments.start else None
    progress = Progress('training', quiet=arguments.quiet)
    began = monotonic()
    curve: Curve = []
    show = _reporter(progress, arguments.steps, curve)
    network = train(
        shards.endless(sets, arguments.batch, arguments.seed),
        Schedule(steps=arguments.steps, rate=arguments.rate, seed=arguments.seed),
        weights,
        network=start,
        device=arguments.device,
        report=lambda standing, _: show(standing),
    )
    progress.done()
    recipe = Recipe(
        command=shlex.join(['occany', *sys.argv[1:]]),
        sequences=sum(len(shard) for shard in sets),
        seeds=(plans[0].seeds.start, plans[-1].seeds.stop - 1),
        steps=arguments.steps,
        frames=curve[-1][0],
        minutes=round((monotonic() - began) / 60, 1),
        device=arguments.device,
        curve=tuple(curve),
    )
    export(network, arguments.out, recipe)
    print(f'wrote {arguments.out} and {arguments.out.with_suffix(".json").name}')
    return 0


def _train_rendering(arguments: argparse.Namespace) -> int:
    """Train the stage that renders novel views; the first one stays as it is."""
    from occany_ros.models.embedded.closer import CloserConfig
    from occany_ros.models.embedded.imagination import ImaginationConfig
    from occany_ros.models.embedded.rendering import RenderingStage
    from occany_ros.models.tiny import load_tiny, WEIGHTS
    from occany_ros.training import dataset, novel_batch, novel_loop, novel_shards
    from occany_ros.training.card import export_rendering, Recipe
    from occany_ros.training.loop import Schedule
    import torch

    plans = _plans(arguments, 5, dataset.FIRST_NOVEL_SEED)
    first = arguments.start or WEIGHTS
    progress = Progress('rendering', quiet=arguments.quiet)
    paths = []
    for path in novel_shards.answer_all(plans, first, arguments.workers):
        paths.append(path)
        progress.show(len(paths) / len(plans), f'{len(paths)} of {len(plans)} shards')
    progress.done()
    weights = novel_batch.class_weights_of(sorted(paths))
    reader = load_tiny(weights=first).network
    torch.manual_seed(arguments.seed)
    stage = RenderingStage(ImaginationConfig(), CloserConfig(), reader.config)
    batches = novel_batch.endless_views(
        sorted(paths), max(arguments.batch // 2, 1), min(arguments.batch, 2), arguments.seed
    )
    progress = Progress('training', quiet=arguments.quiet)
    began = monotonic()
    curve: Curve = []
    second = round(arguments.steps * SECOND_LOOK_SHARE)
    show = _reporter(progress, arguments.steps, curve)
    novel_loop.train_first_look(
        batches,
        Schedule(steps=arguments.steps - second, rate=arguments.rate, warm_up=100),
        weights,
        stage,
        reader,
        show,
    )
    novel_loop.train_second_look(
        batches,
        Schedule(steps=second, rate=arguments.rate, warm_up=60, average=0.995),
        stage,
        reader,
        show,
    )
    progress.done()
    recipe = Recipe(
        command=shlex.join(['occany', *sys.argv[1:]]),
        sequences=len(paths) * dataset.SEQUENCES_A_SHARD,
        seeds=(plans[0].seeds.start, plans[-1].seeds.stop - 1),
        steps=arguments.steps,
        frames=arguments.steps * arguments.batch,
        minutes=round((monotonic() - began) / 60, 1),
        device='cpu',
        curve=tuple(curve),
    )
    export_rendering(stage, first, arguments.out, recipe)
    print(f'wrote {arguments.out} and {arguments.out.with_suffix(".json").name}')
    return 0


def _plans(arguments: argparse.Namespace, frames: int, first_seed: int) -> list[Any]:
    """Decide the shards."""
    from occany_ros.training import dataset

    plans = dataset.plan(arguments.shards, arguments.sequences, frames, first_seed)
    if not plans:
        raise ValueError(
            f'--sequences: expected at least {dataset.SEQUENCES_A_SHARD}, '
            f'got {arguments.sequences}'
        )
    return plans


def _reporter(progress: Progress, steps: int, curve: Curve) -> Callable[[Any], None]:
    """Show how far a run is, and keep its curve."""
    from occany_ros.training.loop import Progress as Standing

    def report(standing: Standing) -> None:
        terms = '  '.join(f'{name} {value:.3f}' for name, value in standing.terms.items())
        progress.show((standing.step + 1) / steps, f'{standing.frames} images  {terms}')
        curve.append((standing.frames, standing.terms))

    return report
