"""From what a user asks for to one table after another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
from typing import Any, Final

from occany_ros.evaluation.bench import mapping, network, novel, precision, streaming
from occany_ros.evaluation.bench.cost import Effort
from occany_ros.evaluation.bench.machine import machine
from occany_ros.evaluation.bench.mapping import mapping_report
from occany_ros.evaluation.bench.matrix_rate import matrix_rate
from occany_ros.evaluation.bench.network import network_report
from occany_ros.evaluation.bench.novel import novel_report
from occany_ros.evaluation.bench.precision import precision_report, REFERENCE
from occany_ros.evaluation.bench.preset import Preset
from occany_ros.evaluation.bench.report import Report, Yardstick
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.streaming import streaming_report
from occany_ros.evaluation.bench.street import street_of
from occany_ros.evaluation.bench.subject import loader, Subject
from occany_ros.evaluation.bench.versus import versus_report
from occany_ros.models.device import PRECISIONS, resolve_device, resolve_precision
from occany_ros.pipeline.modes import Mode
import torch

TABLES: Final = (mapping.NAME, network.NAME, novel.NAME, streaming.NAME, precision.NAME)
"""Tables of `reports`, in the order in which they are made."""
COMPARED: Final = ('fp32', 'bf16', 'fp16')


@dataclass(frozen=True, slots=True)
class Request:
    """
    What to measure, and how.

    :param subject: the network.
    :param preset: which images, which novel views.
    :param tables: some of `TABLES`.
    :param precisions: as the parameter `model.precision`; the first one is that of all tables but
        the comparisons, which take all.
    :param effort: how often things are run.
    :param mode: of the mapper, see `occany_ros.pipeline.modes`.
    :param steps: sets before those the mapper is timed with, and timed ones.
    :param counts: numbers of novel views of the table of novel views.
    :param novel_views: novel views where one number will do; 0 for as many as images.
    :param elsewhere: matrix rate of another device to scale times to, operations a second; 0 for
        none.
    :param against_literal: compare with the released schedule, too.
    """

    subject: Subject
    preset: Preset
    tables: tuple[str, ...]
    precisions: tuple[str, ...]
    effort: Effort
    mode: Mode
    steps: tuple[int, int]
    counts: tuple[int, ...]
    novel_views: int = 0
    elsewhere: float = 0.0
    against_literal: bool = False


def reports(request: Request) -> Iterator[Report]:
    """Make one table after another."""
    device = resolve_device(request.subject.device)
    load = loader(request.subject)
    street = street_of(request.preset, device)

    @cache
    def setup(name: str) -> Setup:
        chosen = resolve_precision(name, device)
        rate = matrix_rate(device, PRECISIONS[chosen])
        yardstick = Yardstick(rate, chosen, request.elsewhere)
        return Setup(load(chosen), request.preset, street, request.effort, yardstick)

    first = resolve_precision(request.precisions[0], device)
    novel_views = request.novel_views or request.preset.views
    makers: dict[str, Callable[[], Report]] = {
        mapping.NAME: lambda: mapping_report(
            setup(first).model,
            request.preset,
            request.mode,
            setup(first).yardstick,
            request.steps,
        ),
        network.NAME: lambda: network_report(setup(first), novel_views),
        novel.NAME: lambda: novel_report(setup(first), request.counts),
        streaming.NAME: lambda: streaming_report(setup(first)),
        precision.NAME: lambda: precision_report(_compared(request, setup, COMPARED), novel_views),
    }
    for name in TABLES:
        if name in request.tables:
            yield makers[name]()
    if request.against_literal:
        yield versus_report(_compared(request, setup, COMPARED[:2]), novel_views)


def write_json(path: Path, device: torch.device, tables: list[Report]) -> None:
    """Write tables for programs, with what they were measured on."""
    figures = {report.name: report.json_ready() for report in tables}
    content: dict[str, Any] = {'machine': machine(device), 'tables': figures}
    path.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')


def _compared(
    request: Request, setup: Callable[[str], Setup], usual: tuple[str, ...]
) -> dict[str, Setup]:
    """Set up float32 and the other precisions asked for, or if one was, those that are usual."""
    device = resolve_device(request.subject.device)
    asked = request.precisions
    if len(asked) == 1:
        asked = tuple(name for name in usual if _is_possible(name, device))
    chosen = (resolve_precision(name, device) for name in asked)
    return {name: setup(name) for name in dict.fromkeys((REFERENCE, *chosen))}


def _is_possible(precision: str, device: torch.device) -> bool:
    try:
        resolve_precision(precision, device)
    except ValueError:
        return False
    return True
