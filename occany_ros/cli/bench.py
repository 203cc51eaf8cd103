"""`occany bench`: time, memory and counted operations of every stage on this machine."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from occany_ros.cli.needs_ros import require_ros

if TYPE_CHECKING:
    from occany_ros.evaluation.bench.report import Report
    from occany_ros.evaluation.bench.request import Request

SUMMARY = 'measure time and memory of every stage on this machine'
EPILOG = """tables:
  stages      the mapper from images to voxels (the default)
  network     reconstruction and rendering, stage by stage, and the weights
  novel       rendering against the number of novel views
  streaming   what one more set of images costs
  precision   time of each number format, and how far its answers are from fp32
  host        the node around the embedded network, 6 x 1600x900 (needs ROS)

examples:
  occany bench                                    the embedded network, one front camera
  occany bench --preset surround --mode balanced  six cameras, a few novel views
  occany bench network novel --variant occany --random --preset nuscenes --all --plot bench.png
  occany bench network --variant occany --checkpoint occany.pth --device cuda --precision bf16
  occany bench network --variant occany_plus --random --preset kitti
  occany bench precision --variant occany --random --preset kitti --against-literal

exit codes: 0 done, 1 something failed, 2 a wrong command line
"""
HOST = 'host'
TABLES = ('stages', 'network', 'novel', 'streaming', 'precision', HOST)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    # Without choices: argparse checks them against the whole list where nothing is given.
    parser.add_argument('tables', nargs='*', metavar='TABLE', help=', '.join((*TABLES, 'all')))
    what = parser.add_argument_group('what is measured')
    what.add_argument(
        '--variant', choices=('tiny', 'occany', 'occany_plus', 'must3r', 'da3'), default='tiny'
    )
    what.add_argument('--checkpoint', type=Path, help='weight file')
    what.add_argument('--render-checkpoint', type=Path, help='second weight file of occany_plus')
    what.add_argument(
        '--random',
        action='store_true',
        help='occany, occany_plus or da3 at full size, with weights made from their names: no '
        'download, same times',
    )
    what.add_argument(
        '--preset', default='front', help='front, surround (the node), kitti, nuscenes (the paper)'
    )
    what.add_argument(
        '--mode', choices=('fast', 'balanced', 'quality'), default='fast', help='of table stages'
    )
    what.add_argument('--views', type=int, nargs='+', help='numbers of novel views of table novel')
    what.add_argument('--all', action='store_true', help='as many views as in the paper: 1 to 200')
    what.add_argument(
        '--novel', type=int, default=0, help='novel views of the other tables; default: one a view'
    )
    what.add_argument(
        '--against-literal',
        action='store_true',
        help='compare with the schedule of the released code, run in the same minute',
    )
    how = parser.add_argument_group('how')
    how.add_argument('--device', default='auto')
    how.add_argument('--precision', nargs='+', default=['auto'], help='auto, fp32, bf16, fp16')
    how.add_argument('--compile', default='off', help='off, compile or graphs: model.compile')
    how.add_argument('--threads', type=int, help='of the processor')
    how.add_argument('--repeats', type=int, default=3, help='timed runs; medians are printed')
    how.add_argument('--warm-up', type=int, default=1, help='runs before them')
    how.add_argument('--steps', type=int, default=20, help='timed sets of table stages')
    how.add_argument(
        '--project', type=float, default=0.0, metavar='TFLOPS',
        help='also print times on a device of this matrix rate, at the same share of it',
    )  # fmt: skip
    out = parser.add_argument_group('output')
    out.add_argument('--json', type=Path, help='write the figures here')
    out.add_argument('--plot', type=Path, help='draw them here (needs matplotlib)')
    out.add_argument('--markdown', action='store_true', help='print tables as Markdown')


def run(arguments: argparse.Namespace) -> int:
    """Print one table after another."""
    from occany_ros.evaluation.bench.machine import described, machine
    from occany_ros.evaluation.bench.request import reports, write_json
    from occany_ros.models.device import resolve_device
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    request = _request(arguments)
    device = resolve_device(arguments.device)
    print(described(machine(device)), flush=True)
    made: list[Report] = []
    for report in reports(request):
        _show(report, arguments, made)
    if HOST in _asked(arguments):
        _show(_host_report(arguments), arguments, made)
    if arguments.json:
        write_json(arguments.json, device, made)
    if arguments.plot:
        from occany_ros.evaluation.bench.plot import save_plot

        print(f'\n{arguments.plot}: {", ".join(save_plot(made, arguments.plot))}')
    return 0


def _show(report: 'Report', arguments: argparse.Namespace, made: 'list[Report]') -> None:
    print(f'\n{report.text("markdown" if arguments.markdown else "text")}', flush=True)
    made.append(report)


def _asked(arguments: argparse.Namespace) -> tuple[str, ...]:
    """
    List the tables that are asked for.

    :raises ValueError: there is no such table.
    """
    asked = arguments.tables or ([] if arguments.against_literal else ['stages'])
    unknown = [name for name in asked if name not in (*TABLES, 'all')]
    if unknown:
        raise ValueError(
            f'TABLE: expected some of {", ".join((*TABLES, "all"))}, got {unknown[0]}'
        )
    return TABLES if 'all' in asked else tuple(asked)


def _request(arguments: argparse.Namespace) -> 'Request':
    from occany_ros.evaluation.bench.cost import Effort
    from occany_ros.evaluation.bench.novel import ALL_COUNTS, FEW_COUNTS
    from occany_ros.evaluation.bench.preset import fitted, preset_named
    from occany_ros.evaluation.bench.report import TERA
    from occany_ros.evaluation.bench.request import Request
    from occany_ros.evaluation.bench.subject import Subject
    from occany_ros.models.device import resolve_device
    from occany_ros.models.factory import PLUS_IMAGES

    subject = Subject(
        variant=arguments.variant,
        checkpoint=arguments.checkpoint,
        is_random=arguments.random,
        device=arguments.device,
        acceleration=arguments.compile,
        render_checkpoint=arguments.render_checkpoint,
    )
    is_processor = resolve_device(arguments.device).type == 'cpu'
    usual = FEW_COUNTS if is_processor and not arguments.all else ALL_COUNTS
    is_plus = arguments.variant in ('occany_plus', 'da3')
    preset = preset_named(arguments.preset)
    preset = fitted(preset, PLUS_IMAGES) if is_plus else preset
    return Request(
        subject=subject,
        preset=preset,
        tables=_asked(arguments),
        precisions=tuple(arguments.precision),
        effort=Effort(repeats=arguments.repeats, warm_up=arguments.warm_up),
        mode=arguments.mode,
        steps=(preset.frames, arguments.steps),
        counts=tuple(arguments.views or usual),
        novel_views=arguments.novel,
        elsewhere=TERA * arguments.project,
        against_literal=arguments.against_literal,
    )


def _host_report(arguments: argparse.Namespace) -> 'Report':
    require_ros()
    from occany_ros.evaluation.bench.cost import Effort
    from occany_ros.evaluation.bench.host import host_report, street_images
    from occany_ros.models.factory import load_model
    from occany_ros.ros.overhead import (
        compressed_messages,
        decoded,
        published_bytes,
        raw_messages,
    )
    from occany_ros.semantics.classes import OCC3D

    images = street_images()
    raw, compressed = raw_messages(images), compressed_messages(images)
    model = load_model('tiny', checkpoint=None, device=arguments.device, precision='auto')
    return host_report(
        model,
        OCC3D,
        {'raw': lambda: decoded(raw), 'jpeg': lambda: decoded(compressed)},
        lambda occupancy: published_bytes(occupancy, OCC3D),
        Effort(repeats=max(arguments.repeats, 5), warm_up=arguments.warm_up),
    )
