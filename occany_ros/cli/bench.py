"""`occany bench`: time and memory of every stage on this machine."""

import argparse
import json
from pathlib import Path

SUMMARY = 'measure time and memory of every stage on this machine'
EPILOG = """examples:
  occany bench                          the embedded network, one front camera
  occany bench --rig surround           six cameras
  occany bench --device cuda --precision bf16 --json bench.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('--rig', choices=('front', 'surround'), default='front')
    parser.add_argument('--steps', type=int, default=20, help='sets that are timed')
    parser.add_argument('--warm-up', type=int, default=5, help='sets before them')
    parser.add_argument('--rate', type=float, default=4.0, help='sets a second of the drive')
    parser.add_argument('--device', default='auto')
    parser.add_argument('--precision', default='auto')
    parser.add_argument('--json', type=Path, help='write the figures here')


def run(arguments: argparse.Namespace) -> int:
    """Map a synthetic drive and print the median and the worst of every stage."""
    from occany_ros.evaluation.tables import table
    from occany_ros.evaluation.timing import stage_times
    from occany_ros.models.factory import load_model
    from occany_ros.pipeline.mapper import config_for, mapper_of
    from occany_ros.semantics.classes import OCC3D
    from occany_ros.synthetic.drive import make_drive

    model = load_model(
        'tiny', checkpoint=None, device=arguments.device, precision=arguments.precision
    )
    size = (160, 512) if arguments.rig == 'front' else (288, 512)
    drive = make_drive(
        500,
        rig=arguments.rig,
        rate_hz=arguments.rate,
        steps=arguments.warm_up + arguments.steps,
        size=size,
    )
    mapper = mapper_of(model, OCC3D, config_for(model))
    result = stage_times(mapper, drive, arguments.warm_up)
    rows = [
        (name, f'{1e3 * times.median:.1f}', f'{1e3 * times.worst:.1f}')
        for name, times in result.stages.items()
    ]
    print(
        f'{len(drive.cameras)} x {size[1]}x{size[0]}, {model.device}, {model.precision}, ', end=''
    )
    print(f'{result.threads} threads, {arguments.steps} sets')
    print(table(('stage', 'median ms', 'worst ms'), rows))
    print(f'peak memory of the process: {result.peak_mb:.0f} MB')
    if result.device_peak_mb:
        print(f'peak memory of the device: {result.device_peak_mb:.0f} MB')
    if arguments.json:
        figures = {name: times.median for name, times in result.stages.items()}
        arguments.json.write_text(json.dumps(figures, indent=1) + '\n')
    return 0
