"""`occany train`: render the training set and train the embedded network."""

import argparse
from pathlib import Path
import shlex
import sys
from time import monotonic

SUMMARY = 'train the embedded network on the synthetic street'
EPILOG = """examples:
  occany train -o tiny.safetensors                          the shipped recipe, hours on a CPU
  occany train -o t.safetensors --sequences 200 --steps 50  a short one, to try it
  occany train -o tiny.safetensors --start old.safetensors --rate 4e-4   go on from weights
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('-o', '--out', type=Path, required=True, help='weights to write')
    parser.add_argument('--shards', type=Path, default=Path('shards'), help='rendered sequences')
    parser.add_argument('--sequences', type=int, default=4000, help='of 3 frames')
    parser.add_argument('--steps', type=int, default=8500)
    parser.add_argument('--batch', type=int, default=6, help='sequences a step')
    parser.add_argument('--rate', type=float, default=1.2e-3, help='peak learning rate')
    parser.add_argument('--start', type=Path, help='weights to go on from')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=2, help='processes that render')
    parser.add_argument('--device', default='cpu')


def run(arguments: argparse.Namespace) -> int:
    """Render what is missing, train, and write weights and recipe."""
    from occany_ros.cli.progress import Progress
    from occany_ros.models.embedded.config import EmbeddedConfig
    from occany_ros.models.embedded.network import EmbeddedNetwork
    from occany_ros.models.tiny import load_tiny
    from occany_ros.training import dataset, shards
    from occany_ros.training.card import export, Recipe
    from occany_ros.training.loop import Progress as Standing
    from occany_ros.training.loop import Schedule, train

    plans = dataset.plan(arguments.shards, arguments.sequences, 3)
    if not plans:
        raise ValueError(
            f'--sequences: expected at least {dataset.SEQUENCES_A_SHARD}, '
            f'got {arguments.sequences}'
        )
    progress = Progress('rendering')
    for number, _ in enumerate(dataset.render_all(plans, arguments.workers)):
        progress.show((number + 1) / len(plans), f'{number + 1} of {len(plans)} shards')
    progress.done()
    sets = shards.joined([shards.load_shard(work.path) for work in plans])
    weights = shards.class_weights(sets, EmbeddedConfig().labels)
    start = load_tiny(weights=arguments.start).network if arguments.start else None
    progress = Progress('training')
    began = monotonic()
    curve: list[tuple[int, dict[str, float]]] = []

    def report(standing: Standing, _: EmbeddedNetwork) -> None:
        terms = '  '.join(f'{name} {value:.3f}' for name, value in standing.terms.items())
        progress.show((standing.step + 1) / arguments.steps, f'{standing.frames} frames  {terms}')
        curve.append((standing.frames, standing.terms))

    network = train(
        shards.endless(sets, arguments.batch, arguments.seed),
        Schedule(steps=arguments.steps, rate=arguments.rate, seed=arguments.seed),
        weights,
        network=start,
        device=arguments.device,
        report=report,
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
