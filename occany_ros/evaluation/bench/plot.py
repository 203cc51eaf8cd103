"""The tables as pictures, where matplotlib is installed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from occany_ros.evaluation.bench import network, novel, streaming, versus
from occany_ros.evaluation.bench.report import MEGA, Report

REMEDY: Final = 'pip install matplotlib, or install this package with its extra [bench]'


def save_plot(reports: Sequence[Report], path: Path) -> tuple[str, ...]:
    """
    Draw the reports that can be drawn, side by side.

    :param path: image to write; its suffix says which kind, e.g. ``.png`` or ``.svg``.
    :returns: names of those that were drawn.
    :raises ValueError: none can be drawn, or matplotlib is not installed; the message says what
        to do.
    """
    drawn = [report for report in reports if report.name in DRAWERS]
    if not drawn:
        raise ValueError(
            f'plot: expected one of the tables {", ".join(DRAWERS)}, '
            f'got {", ".join(report.name for report in reports) or "none"}'
        )
    figure = _figure(6.0 * len(drawn), 4.5)
    for number, report in enumerate(drawn, start=1):
        axes = figure.add_subplot(1, len(drawn), number)
        DRAWERS[report.name](axes, report.figures)
        axes.set_title(report.title.replace(': ', '\n', 1), fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return tuple(report.name for report in drawn)


def _figure(width: float, height: float) -> Any:  # noqa: ANN401 - an optional library's type
    """Make an empty figure that needs no display."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ValueError(f'plot: expected matplotlib, found none; {REMEDY}') from error
    return Figure(figsize=(width, height))


def _novel(axes: Any, figures: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Draw time and working memory over the number of novel views."""
    costs = figures['costs']
    views = [int(name) for name in costs]
    axes.loglog(views, [cost['median_s'] for cost in costs.values()], 'o-', label='time')
    axes.set_xlabel('novel views')
    axes.set_ylabel('seconds')
    axes.set_xticks(views, [str(count) for count in views])
    axes.minorticks_off()
    right = axes.twinx()
    memory = [cost['peak_bytes'] / MEGA for cost in costs.values()]
    right.plot(views, memory, 's--', color='tab:orange', label='memory')
    right.set_ylabel('peak MB')
    right.set_ylim(bottom=0)
    axes.legend(handles=[*axes.get_lines(), *right.get_lines()], loc='upper left')


def _network(axes: Any, figures: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Draw the stages of each action on top of one another."""
    for action, stages in figures['stages'].items():
        bottom = 0.0
        for stage, cost in stages.items():
            seconds = cost['median_s']
            axes.bar(action, seconds, bottom=bottom, edgecolor='white')
            axes.annotate(stage, (action, bottom + seconds / 2), ha='center', va='center')
            bottom += seconds
    axes.set_ylabel('seconds')


def _streaming(axes: Any, figures: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Draw the median time of each way."""
    names = list(figures['costs'])
    axes.barh(names, [figures['costs'][name]['median_s'] for name in names])
    axes.invert_yaxis()
    axes.set_xlabel('seconds')


def _versus(axes: Any, figures: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Draw ratios to the released schedule."""
    names = list(figures['ratios'])
    axes.barh(names, [figures['ratios'][name] for name in names])
    axes.axvline(1.0, color='black', linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel('share of the released schedule')


DRAWERS: Final[dict[str, Callable[[Any, Mapping[str, Any]], None]]] = {
    network.NAME: _network,
    novel.NAME: _novel,
    streaming.NAME: _streaming,
    versus.NAME: _versus,
}
"""Table -> what draws it."""
