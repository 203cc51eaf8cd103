"""Figures as tables for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from occany_ros.evaluation.bench.cost import Cost
from occany_ros.evaluation.tables import Style, table

TERA: Final = 1e12
MEGA: Final = 1e6
DASH: Final = '-'
TIME_TITLES: Final = ('ms', 'TFLOP', 'share of rate')
"""Titles of the cells that `time_cells` makes."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """
    What costs are measured against.

    :param rate: matrix rate of this device in this precision, operations a second, see
        `occany_ros.evaluation.bench.matrix_rate`.
    :param precision: its name.
    :param elsewhere: rate of another device, to say what a time would be there at the same share;
        operations a second, 0 for none.
    """

    rate: float
    precision: str
    elsewhere: float = 0.0

    def headers(self) -> tuple[str, ...]:
        """Titles of the cells that `cells` makes."""
        titles = (*TIME_TITLES, 'processor ms', 'peak MB', 'working MB')
        return (*titles, f'ms at {self.elsewhere / TERA:g} TFLOP/s') if self.elsewhere else titles

    def cells(self, cost: Cost) -> tuple[str, ...]:
        """Print a cost."""
        share = cost.share_of(self.rate)
        printed = (
            *time_cells(cost.median, cost.flops, self.rate),
            f'{1e3 * cost.busy:.1f}',
            f'{cost.memory.peak / MEGA:.0f}',
            f'{cost.memory.working / MEGA:.0f}',
        )
        if not self.elsewhere:
            return printed
        if not share:
            return (*printed, DASH)
        return (*printed, f'{1e3 * cost.flops / (share * self.elsewhere):.2f}')

    def figures(self, cost: Cost) -> dict[str, Any]:
        """Give a cost to programs."""
        return {
            'seconds': list(cost.seconds),
            'median_s': cost.median,
            'busy_s': list(cost.busy_seconds),
            'flops': cost.flops,
            'share_of_rate': cost.share_of(self.rate),
            'peak_bytes': cost.memory.peak,
            'working_bytes': cost.memory.working,
            'precision': self.precision,
        }


def time_cells(seconds: float, flops: float, rate: float) -> tuple[str, str, str]:
    """Print a time, its operations, and the share of the matrix rate they reach."""
    share = flops / seconds / rate if seconds > 0 else 0.0
    return (
        f'{1e3 * seconds:.1f}',
        f'{flops / TERA:.3f}' if flops else DASH,
        f'{100 * share:.0f} %' if flops else DASH,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """
    One table.

    :param name: key of its figures.
    :param title: line above it.
    :param headers: titles of the columns.
    :param rows: printed cells.
    :param notes: lines below it.
    :param figures: the same for programs, and what plots are drawn from.
    """

    name: str
    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def text(self, style: Style = 'text') -> str:
        """Lay title, table and notes out."""
        parts = [self.title, '', table(self.headers, self.rows, style=style)]
        if self.notes:
            parts += ['', *self.notes]
        return '\n'.join(parts)

    def json_ready(self) -> dict[str, Any]:
        """Give the table to programs, printed cells included."""
        return {
            'title': self.title,
            'headers': list(self.headers),
            'rows': [[str(cell) for cell in row] for row in self.rows],
            'notes': list(self.notes),
            **self.figures,
        }
